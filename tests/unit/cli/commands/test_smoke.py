"""`kanmon smoke`: the live release's checks, with their result as the exit status (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.fakes.runs import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.conftest import App


def test_passed_checks_are_counted(app: App) -> None:
    """CD-7"""
    app.deploy("one")
    assert app.run("smoke") is ExitStatus.OK
    assert app.printed().endswith("All 2 checks passed.\n")


def test_a_failed_check_fails_the_command(app: App) -> None:
    """CD-7"""
    app.deploy("one")
    app.cloud.faulty.add(("r1", "live"))
    assert app.run("smoke") is ExitStatus.FAILED
    assert Code.CHECK_FAILED.id in app.capture.readouterr().err


def test_nothing_is_checked_before_the_first_release(app: App) -> None:
    assert app.refusal("smoke")
    assert app.cloud.checked == []


def test_a_step_gives_the_number_to_later_steps(app: App, step_file: Path) -> None:
    release(app.cloud, "one")
    assert app.run("smoke") is ExitStatus.OK
    assert "passed<<" in step_file.read_text()
