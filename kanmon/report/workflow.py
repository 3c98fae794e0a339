"""What a workflow's step shows: annotations, the job summary, outputs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, cast

from kanmon.github import current_run
from kanmon.github.runner import HarmlessLog, Level, Runner
from kanmon.report.templates import render
from kanmon.report.terminal import make_console

if TYPE_CHECKING:
    from rich.console import Console

    from kanmon.bundle import Bundle
    from kanmon.errors import KanmonError
    from kanmon.release.plan import Plan
    from kanmon.release.session import Outcome


@dataclass(frozen=True)
class Step:
    """The present step of a workflow."""

    runner: Runner

    def bundle(self, bundle: Bundle) -> None:
        """Pass on what was built, by its digest."""
        self.runner.output("digest", bundle.manifest.digest)
        self.runner.output("commit", bundle.manifest.commit)

    def plan(self, plan: Plan) -> None:
        """Show a plan to those who will approve it, and pass on its digest."""
        self.runner.summary(render("plan.md.j2", plan=plan))
        self.runner.output("release", plan.release)
        self.runner.output("digest", plan.digest)
        self.runner.output("unchanged", "true" if plan.unchanged else "false")

    def outcome(self, outcome: Outcome) -> None:
        """Show how a run ended."""
        if outcome.failure:
            self.error(outcome.failure)
        self.runner.summary(render("outcome.md.j2", outcome=outcome))
        self.runner.output("release", outcome.release)
        self.runner.output("result", outcome.result.value)
        self.runner.output("attempt", str(outcome.attempt.number) if outcome.attempt else "")

    def error(self, error: KanmonError) -> None:
        """Put an error into the log and on the run's page."""
        self.runner.annotate(Level.ERROR, str(error), title=f"Kanmon {error.code.id}")


def current_step() -> Step | None:
    """The step that this process is; None outside of a workflow."""
    return Step(Runner(sys.stdout)) if current_run() else None


def make_log() -> Console:
    """Where a command prints: a terminal, or a step's log in which no command can stand."""
    if current_run() is None:
        return make_console()
    log = HarmlessLog(sys.stdout)
    return make_console(cast("TextIO", log))  # it has all of a text stream that a console uses
