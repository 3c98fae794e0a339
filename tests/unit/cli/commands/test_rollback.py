"""`kanmon rollback`: users return to a stable release, once a person confirmed it (CD-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def app(app: App) -> App:
    """The app with two releases. The second one is live."""
    app.deploy("one")
    app.deploy("two")
    app.markers.clear()
    return app


def test_users_return_to_the_last_stable_release(app: App) -> None:
    """CD-9"""
    assert app.run("rollback", "--yes") is ExitStatus.OK
    assert app.cloud.users == ("r1", "r1")
    printed = app.printed()
    assert "Rollback from r2 to r1 (commit cccccccccccc)" in printed
    assert "r1: rolled back" in printed


def test_a_rollback_puts_a_marker(app: App) -> None:
    """MON-1"""
    app.run("rollback", "--yes")
    assert app.markers == ["Rollbacks"]


def test_you_can_name_the_release(app: App) -> None:
    """CD-9"""
    app.deploy("three")
    assert app.run("rollback", "r1", "--yes") is ExitStatus.OK
    assert app.cloud.users == ("r1", "r1")


@pytest.mark.parametrize(("wanted", "code"), [("r9", Code.UNKNOWN_RELEASE), ("r2", Code.NO_ROLLBACK_TARGET)])
def test_no_other_release_than_a_stable_one_is_possible(app: App, wanted: str, code: Code) -> None:
    """CD-9"""
    assert app.refusal("rollback", wanted, "--yes").startswith(f"{code.id} ")
    assert app.cloud.users == ("r2", "r2")


@pytest.mark.parametrize(
    ("given", "reason"), [((), "rollback to r1"), (("--reason", "it hurts"), "it hurts")]
)
def test_the_reason_is_in_the_history(app: App, given: tuple[str, ...], reason: str) -> None:
    """CD-11"""
    app.run("rollback", "--yes", *given)
    assert app.cloud.ledger.operations()[-1].reason == reason


def test_nobody_to_ask_is_no_approval(app: App) -> None:
    """CD-3"""
    assert app.refusal("rollback").startswith(f"{Code.NOT_APPROVED.id} ")
    assert app.cloud.users == ("r2", "r2")


@pytest.mark.parametrize(("answer", "live"), [("r1", "r1"), ("y", "r2")])
def test_the_person_types_the_release(
    app: App, monkeypatch: pytest.MonkeyPatch, answer: str, live: str
) -> None:
    """CD-9"""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda *_: answer)
    app.run("rollback")
    assert app.cloud.users == (live, live)


def test_a_wrong_confirmation_is_refused_at_a_terminal_too(app: App) -> None:
    """CD-9"""
    assert "Type test as the confirmation" in app.refusal("rollback", "--yes", "--confirm", "production")
    assert app.cloud.users == ("r2", "r2")


@pytest.mark.parametrize("confirm", [[], ["--confirm", "Production"], ["--confirm", "staging"]])
def test_a_workflow_needs_the_environments_name(app: App, step_file: Path, confirm: list[str]) -> None:
    """CD-9"""
    del step_file
    assert app.run("rollback", *confirm) is ExitStatus.REFUSED
    message = app.printed()
    assert message.startswith("::error title=Kanmon KNM-311::")
    assert "Type test as the confirmation" in message


def test_a_dead_runs_release_is_undone_first(app: App) -> None:
    """CD-13"""
    process = Process()
    release(app.cloud.copy(), "three", process=process)
    at = process.calls.index("stacks.execute") + 1
    with pytest.raises(ProcessDied):
        release(app.cloud, "three", process=Process(at, Blow.DEATH_AFTER))
    app.cloud.clock.outlast_lease()
    app.run("rollback", "--yes")
    assert "r3 is aborted" in app.printed()


def test_nothing_is_announced_while_another_run_is_at_work(app: App) -> None:
    """CD-13: its lease ends a minute after it died."""
    with pytest.raises(ProcessDied):
        release(app.cloud, "three", process=Process(60, Blow.DEATH_AFTER))
    assert app.cloud.ledger.head().operation
    assert app.refusal("rollback", "--yes").startswith(f"{Code.LOCKED.id} ")
    assert "Rollback from" not in app.printed()


def test_a_dry_run_moves_nobody(app: App) -> None:
    """CD-9"""
    before = dict(app.cloud.state)
    assert app.run("rollback", "--dry-run") is ExitStatus.OK
    assert app.cloud.state == before
    assert "3. move the page, then the API" in app.printed()


def test_a_rollback_decides_a_held_release(app: App) -> None:
    """CD-7, CD-9"""
    app.cloud.faulty |= {("r3", "live"), ("r2", "stable")}
    assert app.run("deploy", "--yes", "--bundle", app.build("three")) is ExitStatus.HELD
    app.cloud.faulty.clear()
    assert app.run("rollback", "--yes") is ExitStatus.OK
    assert app.cloud.users == ("r2", "r2")
    assert app.cloud.ledger.head().operation is None
