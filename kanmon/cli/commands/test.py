"""`kanmon test`: runs the app's tests and judges their reports (CD-1)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kanmon.apptest.run import run_tests
from kanmon.cli.command import Command, NoOptions
from kanmon.cli.repository import github_client
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.github.runner import Level
from kanmon.github.workflow_run import current_run
from kanmon.report.step import folded
from kanmon.report.terminal import print_error
from kanmon.report.verdict import print_verdict, verdict_markdown

if TYPE_CHECKING:
    from kanmon.apptest.run import Verdict
    from kanmon.cli.context import Context
    from kanmon.report.step import WorkflowStep


def run(_: NoOptions, context: Context) -> ExitStatus:
    """Run the tests. The verdict appears in the terminal, the job summary and the pull request."""
    rules, console = context.config.test, context.console
    if rules is None:
        raise KanmonError(
            Code.CONFIG_INVALID,
            "The config has no `test` section.",
            where=str(context.config_file),
            fix="Add `test: {commands: [pytest --junitxml=build/tests.xml], results: [build/tests.xml]}`.",
        )
    with folded("The tests"):
        verdict = run_tests(
            rules,
            context.project,
            on_command=lambda command: console.print("[dim]$ {command}[/]", command=command),
            on_line=console.line,
        )
    print_verdict(console, verdict)
    if context.step:
        context.step.verdict(verdict, context.project)
        _comment(verdict, context.step)
    else:
        for failure in verdict.failures:
            print_error(console, failure)
    return ExitStatus.OK if verdict.passed else ExitStatus.FAILED


def _comment(verdict: Verdict, step: WorkflowStep) -> None:
    """Comment on the pull request, if there is one. A fork's run may not comment: this is only a notice."""
    run = current_run()
    if run is None or run.pull_request is None or not os.environ.get("GITHUB_TOKEN"):
        return
    # PyGithub is slow to import, and a terminal doesn't need it.
    from kanmon.github.comments import COMMENT_LIMIT, keep_comment

    try:
        body = verdict_markdown(verdict, COMMENT_LIMIT - 100, run.url)
        keep_comment(github_client(), run.pull_request, "<!-- kanmon:test -->", body)
    except KanmonError as error:
        step.error(error, Level.NOTICE if error.code is Code.GITHUB_DENIED else Level.WARNING)


COMMAND = Command(
    "test",
    "Run the app's tests and judge their reports.",
    run,
    NoOptions,
    outputs={
        "tests": "the number of tests",
        "failed": "the number of failed tests",
        "coverage": "the percentage of covered lines; empty without `test.coverage` in the config",
    },
    token="to keep one comment of the pull request up to date: pull-requests: write",  # noqa: S106
)
