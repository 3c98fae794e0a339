"""`kanmon test`: runs the app's tests and judges their reports (CD-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.apptest.run import run_tests
from kanmon.apptest.summary import summary_of, write_summary
from kanmon.cli.command import Command, optional_path, refuse_unwritable
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred, phrase
from kanmon.report.step import folded
from kanmon.report.terminal import print_error
from kanmon.report.verdict import print_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context


@dataclass(frozen=True)
class AppTestOptions:
    """The file for the verdict."""

    output: Path | None = optional_path(
        deferred("write the verdict to this file; give the file to kanmon comment --verdict"), "FILE"
    )


def run(options: AppTestOptions, context: Context) -> ExitStatus:
    """Run the tests. The verdict appears in the terminal and the job summary."""
    rules, console = context.config.test, context.console
    if rules is None:
        raise KanmonError(
            Code.CONFIG_INVALID,
            phrase("The config has no `test` section."),
            where=str(context.config_file),
            fix=phrase(
                "Add `test: {commands: [pytest --junitxml=build/tests.xml], results: [build/tests.xml]}`."
            ),
        )
    if options.output:
        # The file itself is replaced: the app's commands may leave anything there.
        refuse_unwritable(options.output.parent / f"{options.output.name}.new")
    with folded(phrase("The tests")):
        verdict = run_tests(
            rules,
            context.project,
            on_command=lambda command: console.print("[dim]$ {command}[/]", command=command),
            on_line=console.line,
        )
    print_verdict(console, verdict)
    if options.output:
        write_summary(summary_of(verdict), options.output)
    if context.step:
        context.step.verdict(verdict, context.project)
    else:
        for failure in verdict.failures:
            print_error(console, failure)
    return ExitStatus.OK if verdict.passed else ExitStatus.FAILED


COMMAND = Command(
    "test",
    deferred("Run the app's tests and judge their reports."),
    run,
    AppTestOptions,
    outputs={
        "tests": "the number of tests",
        "failed": "the number of failed tests",
        "coverage": "the percentage of covered lines; empty without `test.coverage` in the config",
    },
    about="It runs `test.commands`, and judges their [reports and coverage](../reports.md).",
    failed="a test failed, no test ran, a report can't be read, or the coverage is too low",
    examples={
        "kanmon test": deferred("run the tests"),
        "kanmon test --output verdict.json": deferred("keep the verdict for `kanmon comment`"),
    },
)
