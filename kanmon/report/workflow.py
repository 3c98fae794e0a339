"""What a workflow's step shows: annotations, the job summary, outputs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TextIO, cast

from jinja2 import Environment, StrictUndefined

from kanmon.github import current_run
from kanmon.github.runner import HarmlessLog, Level, Runner
from kanmon.report.markdown import code, text
from kanmon.report.terminal import make_console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from kanmon.bundle import Bundle
    from kanmon.errors import KanmonError
    from kanmon.ledger import CheckRecord
    from kanmon.release.plan import Plan, PlannedStack
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
        self.runner.summary(_render("plan.md.j2", plan=plan))
        self.runner.output("release", plan.release)
        self.runner.output("digest", plan.digest)
        self.runner.output("unchanged", "true" if plan.unchanged else "false")

    def outcome(self, outcome: Outcome) -> None:
        """Show how a run ended."""
        if outcome.failure:
            self.error(outcome.failure)
        self.runner.summary(_render("outcome.md.j2", outcome=outcome))
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


@cache
def _templates() -> Environment:
    # Every foreign text in these templates goes through `text` or `code`: what is made is Markdown, not HTML.
    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701
    environment.filters |= {"text": text, "code": code, "marks": _marks, "final_verdicts": _final_verdicts}
    return environment


def _render(name: str, **facts: object) -> str:
    source = files("kanmon.report").joinpath(name).read_text("utf-8")
    return _templates().from_string(source).render(facts)


def _marks(stack: PlannedStack, mark: str) -> str:
    """How many changes of one kind; nothing for none."""
    return str(sum(change.mark == mark for change in stack.changes) or "")


def _final_verdicts(checks: Iterable[CheckRecord]) -> list[CheckRecord]:
    """The last verdict of each check on each target: a bake runs them many times."""
    return list({(check.name, check.target): check for check in checks}.values())
