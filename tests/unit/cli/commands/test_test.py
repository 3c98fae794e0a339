"""`kanmon test`: runs the app's tests. The verdict is the exit status (CD-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.apptest.summary import read_summary
from kanmon.codes import Code
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.conftest import App

PASSED = '<testsuite tests="1"><testcase classname="shop" name="adds"/></testsuite>'
FAILED = '<testsuite tests="1"><testcase name="adds"><failure message="1 is not 2"/></testcase></testsuite>'


def _tests(app: App, report: str, *, status: int = 0) -> None:
    """Configure a command to write this report."""
    (app.folder / "report").write_text(report)
    app.configure(
        test={"commands": [f"cp report junit.xml; exit {status}"], "results": ["junit.xml"]},
    )


def test_passed_tests_pass_the_command(app: App) -> None:
    """CD-1"""
    _tests(app, PASSED)
    assert app.run("test") is ExitStatus.OK
    assert "$ cp report junit.xml; exit 0" in app.printed()


def test_a_failed_test_fails_the_command(app: App) -> None:
    """CD-1"""
    _tests(app, FAILED, status=1)
    assert app.run("test") is ExitStatus.FAILED
    assert "1 is not 2" in app.printed()


def test_a_failed_test_counts_although_its_command_passed(app: App) -> None:
    """CD-1"""
    _tests(app, FAILED)
    assert app.run("test") is ExitStatus.FAILED


def test_a_missing_report_fails_the_command(app: App) -> None:
    """CD-1: otherwise nobody would see that no test ran."""
    app.configure(test={"commands": ["true"], "results": ["junit.xml"]})
    assert app.run("test") is ExitStatus.FAILED


def test_a_config_without_tests_is_refused(app: App) -> None:
    message = app.refusal("test")
    assert message.startswith(f"{Code.CONFIG_INVALID.id} ")
    assert "Add `test: {commands:" in message


def test_a_step_gives_the_numbers_to_later_steps(app: App, step_file: Path) -> None:
    """CD-1"""
    _tests(app, FAILED)
    assert app.run("test") is ExitStatus.FAILED
    assert "failed<<" in step_file.read_text()


def test_the_verdict_is_written_for_a_comment(app: App) -> None:
    """CD-1"""
    _tests(app, FAILED)
    assert app.run("test", "--output", "out/verdict.json") is ExitStatus.FAILED
    summary = read_summary(app.folder / "out/verdict.json")
    assert [case.name for case in summary.cases] == ["adds"]
