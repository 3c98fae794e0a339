"""The report of a workflow step: annotations, the job summary, outputs."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from kanmon.apptest.summary import summary_of
from kanmon.errors import KanmonError
from kanmon.github.runner import HarmlessLog, Level, Runner
from kanmon.github.workflow_run import current_run, in_workflow
from kanmon.language import phrase
from kanmon.release.events import EventKind
from kanmon.report.console import make_console
from kanmon.report.markdown import render_markdown
from kanmon.report.plan_page import plan_markdown
from kanmon.report.terminal import print_error
from kanmon.report.verdict import verdict_markdown
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from kanmon.apptest.run import Verdict
    from kanmon.bundle.manifest import Bundle
    from kanmon.ledger.records import CheckRecord
    from kanmon.release.events import Event, Observer
    from kanmon.release.plan import Plan
    from kanmon.release.walk import Outcome
    from kanmon.report.console import Screen

_ANNOTATIONS = 10
"""GitHub shows at most ten annotations of one kind for a step."""
_TESTS_SUMMARY = 512 * 1024
_PLAN_SUMMARY = 512 * 1024
"""Bytes. The two are at most the half of a job summary: other commands of the step write there, too."""
_MASKED: set[str] = set()
"""The values masked by this process. A process is one step."""


@dataclass(frozen=True)
class WorkflowStep:
    """The present step of a workflow."""

    runner: Runner

    def bundle(self, bundle: Bundle) -> None:
        """Give the step a bundle's digest and commit as outputs."""
        self.runner.output("digest", bundle.manifest.digest)
        self.runner.output("commit", bundle.manifest.commit)

    def plan(self, plan: Plan) -> None:
        """Show a plan to its reviewers, and give the step the plan's digest as an output."""
        self.runner.summary(plan_markdown(plan, _PLAN_SUMMARY))
        self.runner.output("release", plan.release)
        self.runner.output("digest", plan.digest)
        self.runner.output("unchanged", "true" if plan.unchanged else "false")

    def outcome(self, outcome: Outcome, plan: Plan | None = None) -> None:
        """Show how a run ended. `plan` is that of a deploy."""
        if outcome.failure:
            self.error(outcome.failure)
        self.runner.summary(render_markdown("outcome.md.j2", outcome=outcome, plan=plan))
        self.runner.output("release", outcome.release)
        self.runner.output("result", outcome.result.value)
        self.runner.output("operation", str(outcome.operation.number) if outcome.operation else "")

    def checks(self, checks: Sequence[CheckRecord]) -> None:
        """Show how smoke checks ended."""
        self.runner.summary(render_markdown("checks.md.j2", checks=checks))
        self.runner.output("passed", str(sum(check.passed for check in checks)))

    def verdict(self, verdict: Verdict, project: Path) -> None:
        """Show the test results of the app in `project`. The first failures are shown at their lines.

        Many unreadable reports come last: they would take all annotations.
        """
        folder = _in_repository(project)
        half = _ANNOTATIONS // 2
        for failure in verdict.failures[:half]:
            self.error(failure)
        for case in verdict.results.failures[: max(half, _ANNOTATIONS - len(verdict.failures))]:
            file = (folder / case.file).as_posix() if case.file else ""
            self.runner.annotate(
                Level.ERROR, case.message or phrase(case.outcome), title=case.name, file=file, line=case.line
            )
        for failure in verdict.failures[half:]:
            self.error(failure)
        self.runner.summary(verdict_markdown(summary_of(verdict), _TESTS_SUMMARY))
        self.runner.output("tests", str(verdict.results.executed))
        self.runner.output("failed", str(len(verdict.results.failures)))
        self.runner.output("coverage", f"{verdict.coverage.lines.percent:.2f}" if verdict.coverage else "")

    def preview_tests(self, verdict: Verdict) -> None:
        """Show the results of the team's own tests of a candidate."""
        self.runner.summary(verdict_markdown(summary_of(verdict), _TESTS_SUMMARY))

    def settled(self) -> None:
        """Save the state `settled`. The post step (`actions/post`) then has nothing left to do."""
        self.runner.state("settled", "true")

    def error(self, error: KanmonError, level: Level = Level.ERROR) -> None:
        """Show an error in the log and on the run's page. At level ERROR it also becomes an output.

        Use a lower level for errors after which the run goes on.
        """
        self.runner.annotate(level, str(error), title=f"Kanmon {error.code.id}")
        if level is Level.ERROR:
            self.runner.output("error", one_line(f"{error.code.id}: {error.message}"))

    def observer(self, shown: Observer) -> Observer:
        """An observer with secrets masked before `shown` gets an event: many people read a workflow's log."""

        def observe(event: Event) -> None:
            if event.kind is EventKind.PREVIEW:
                self.runner.mask(event.text)
            shown(event)

        return observe


def current_step() -> WorkflowStep | None:
    """The step of this process. None outside of a workflow."""
    return WorkflowStep(Runner(sys.stdout, _MASKED)) if current_run() else None


def folded(title: str) -> AbstractContextManager[None]:
    """Fold the output of the `with` block under a title in a step's log. A terminal shows it unfolded."""
    step = current_step()
    return step.runner.group(title) if step else nullcontext()


def make_log(*, stderr: bool = False) -> Screen:
    """The console of a command: a terminal, or a step's log without the runner's commands in it."""
    if not in_workflow():
        return make_console(stderr=stderr)
    log = HarmlessLog(sys.stderr if stderr else sys.stdout)
    return make_console(cast("TextIO", log))  # it has all methods a console needs of a text stream


def _in_repository(project: Path) -> Path:
    """The app's folder, relative to the repository's root. Annotations need files in this form."""
    root = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
    return project.relative_to(root) if project.is_relative_to(root) else Path()


def show_error(error: KanmonError) -> None:
    """Show an error where people look: at the workflow's step, or on standard error.

    A step whose files can't be written still has its log.
    """
    with suppress(KanmonError, OSError):
        if step := current_step():
            step.error(error)
            return
    print_error(make_log(stderr=True), error)
