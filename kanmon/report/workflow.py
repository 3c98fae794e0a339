"""What a workflow's step shows: annotations, the job summary, outputs."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from kanmon.github import current_run
from kanmon.github.runner import HarmlessLog, Level, Runner
from kanmon.release.events import Kind
from kanmon.report.templates import render
from kanmon.report.terminal import make_console
from kanmon.report.verdict import verdict_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console

    from kanmon.bundle import Bundle
    from kanmon.errors import KanmonError
    from kanmon.ledger import CheckRecord
    from kanmon.release.events import Event, Observer
    from kanmon.release.plan import Plan
    from kanmon.release.session import Outcome
    from kanmon.testing import Verdict

_ANNOTATIONS = 10
"""As many of a kind as GitHub shows of one step."""
_TESTS_SUMMARY = 512 * 1024
_MASKED: set[str] = set()
"""What this process had masked; there is one step to a process."""


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

    def checks(self, checks: Sequence[CheckRecord]) -> None:
        """Show how smoke checks ended."""
        self.runner.summary(render("checks.md.j2", checks=checks))
        self.runner.output("passed", str(sum(check.passed for check in checks)))

    def verdict(self, verdict: Verdict, project: Path) -> None:
        """Show what the tests of the app in `project` said, the first that failed where they are."""
        folder = _in_repository(project)
        for failure in verdict.failures:
            self.error(failure)
        for case in verdict.results.failures[: max(0, _ANNOTATIONS - len(verdict.failures))]:
            file = (folder / case.file).as_posix() if case.file else ""
            self.runner.annotate(
                Level.ERROR, case.message or case.outcome.value, title=case.name, file=file, line=case.line
            )
        self.runner.summary(verdict_markdown(verdict, _TESTS_SUMMARY))
        self.runner.output("tests", str(verdict.results.executed))
        self.runner.output("failed", str(len(verdict.results.failures)))
        self.runner.output("coverage", f"{verdict.coverage.lines.percent:.2f}" if verdict.coverage else "")

    def settle(self) -> None:
        """Tell this step's own last part (`actions/post`) that nothing is left to do for it."""
        self.runner.state("settled", "true")

    def error(self, error: KanmonError, level: Level = Level.ERROR) -> None:
        """Put an error into the log and on the run's page, and pass it on; less loud, if the run goes on."""
        self.runner.annotate(level, str(error), title=f"Kanmon {error.code.id}")
        if level is Level.ERROR:
            self.runner.output("error", f"{error.code.id}: {error.message}")

    def observer(self, shown: Observer) -> Observer:
        """An observer before which secrets are masked, as a workflow's log is read by many."""

        def observe(event: Event) -> None:
            if event.kind is Kind.PREVIEW:
                self.runner.mask(event.text)
            shown(event)

        return observe


def current_step() -> Step | None:
    """The step that this process is; None outside of a workflow."""
    return Step(Runner(sys.stdout, _MASKED)) if current_run() else None


def folded(title: str) -> AbstractContextManager[None]:
    """Fold what is printed meanwhile under a title in a step's log; a terminal shows it as it is."""
    step = current_step()
    return step.runner.group(title) if step else nullcontext()


def make_log() -> Console:
    """Where a command prints: a terminal, or a step's log in which no command can stand."""
    if current_run() is None:
        return make_console()
    log = HarmlessLog(sys.stdout)
    return make_console(cast("TextIO", log))  # it has all of a text stream that a console uses


def _in_repository(project: Path) -> Path:
    """The app's folder from the repository's root, by which annotations name files."""
    root = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
    return project.relative_to(root) if project.is_relative_to(root) else Path()
