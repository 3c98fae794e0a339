"""`kanmon recover`: ends the operation of a dead run, or takes a person's decision (CD-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.cli import wiring as wiring_module
from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import roll_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanmon.release.ports import Services
    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def app(app: App) -> App:
    """The app with one release."""
    app.deploy("one")
    return app


@pytest.fixture
def held(app: App) -> App:
    """The release `r2` is held."""
    app.cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    assert app.run("deploy", "--yes", "--bundle", app.build("two")) is ExitStatus.HELD
    app.cloud.faulty.clear()
    app.printed()
    return app


def test_an_ended_operation_needs_nothing(app: App) -> None:
    assert app.run("recover") is ExitStatus.OK
    assert app.printed() == "The last operation has ended; there is nothing to recover.\n"


def test_a_dead_runs_release_is_undone(dead: App) -> None:
    """CD-13"""
    dead.cloud.clock.outlast_lease()
    assert dead.run("recover", "--yes") is ExitStatus.OK
    assert "r2: aborted" in dead.printed()
    assert dead.cloud.ledger.head().operation is None


def test_a_living_runs_release_is_left_alone(dead: App) -> None:
    """CD-14: its lease has not expired."""
    assert dead.refusal("recover").startswith(f"{Code.LOCKED.id} ")
    assert dead.cloud.ledger.head().operation == 2


def test_it_can_wait_for_the_lease_of_the_other_run(dead: App) -> None:
    """CD-13"""
    assert dead.run("recover", "--wait", "--yes") is ExitStatus.OK
    assert sum(dead.cloud.clock.pauses) >= 60


def test_a_held_release_waits_for_a_decision(held: App) -> None:
    """CD-7"""
    assert held.run("recover") is ExitStatus.HELD
    assert is_held(held.cloud.ledger)


@pytest.mark.parametrize(("decision", "live"), [("--keep", "r2"), ("--undo", "r1")])
def test_the_decision_ends_a_held_release(held: App, decision: str, live: str) -> None:
    """CD-7"""
    assert held.run("recover", decision, "--yes") is ExitStatus.OK
    assert held.cloud.users == (live, live)
    assert not is_held(held.cloud.ledger)


@pytest.mark.parametrize(
    ("blow", "status"), [(Blow.EXPIRED, ExitStatus.HELD), (Blow.INTERRUPT, ExitStatus.INTERRUPTED)]
)
def test_a_decision_that_comes_to_nothing_is_no_success(
    held: App, monkeypatch: pytest.MonkeyPatch, blow: Blow, status: ExitStatus
) -> None:
    """CD-7, CD-13: the environment is still held."""
    _strike(held, monkeypatch, "store.put", blow)
    assert held.run("recover", "--keep", "--yes") is status
    assert is_held(held.cloud.ledger)
    assert "Operation 2 is held." in held.printed()


def test_a_rollback_that_recovery_aborts_is_no_success(app: App) -> None:
    """CD-9, CD-13: users are still on the release that somebody wanted to leave."""
    app.deploy("two")
    app.deploy("three")
    process = Process()
    roll_back(app.cloud.copy(), "r1", process=process)
    with pytest.raises(ProcessDied):
        roll_back(app.cloud, "r1", process=Process(process.calls.index("stacks.execute") + 1, Blow.DEATH))
    app.cloud.clock.outlast_lease()
    app.cloud.faulty.add(("r1", "candidate"))
    assert app.run("recover", "--yes") is ExitStatus.FAILED
    assert app.cloud.users == ("r3", "r3")
    assert app.cloud.ledger.head().operation is None


def test_an_interrupted_recovery_has_its_own_status(dead: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-13"""
    dead.cloud.clock.outlast_lease()
    _strike(dead, monkeypatch, "store.put", Blow.INTERRUPT)
    assert dead.run("recover", "--yes") is ExitStatus.INTERRUPTED
    assert dead.cloud.ledger.head().operation == 2


def _strike(app: App, monkeypatch: pytest.MonkeyPatch, call: str, blow: Blow) -> None:
    """Strike the command's next process at its first call of this name."""

    def services(_: object, warn: Callable[[str], None], __: object) -> Services:
        process = Process(blow=blow)

        def turn(name: str) -> None:
            if name == call and not process.at:
                process.at = len(process.calls) + 1

        process.turn = turn
        return app.cloud.services(process, warn=warn)

    monkeypatch.setattr(wiring_module, "services_of", services)


def test_both_decisions_at_once_are_refused(held: App) -> None:
    assert held.refusal("recover", "--keep", "--undo").startswith(f"{Code.USAGE.id} ")
    assert is_held(held.cloud.ledger)


def test_a_terminal_asks_before_it_recovers(dead: App) -> None:
    """TRU-4"""
    dead.cloud.clock.outlast_lease()
    assert dead.refusal("recover").startswith(f"{Code.NOT_APPROVED.id} ")
    assert dead.cloud.ledger.head().operation == 2


def test_a_workflow_asks_the_gate_before_it_recovers(
    dead: App, step_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate needs a token, and there is none: nothing moves (TRU-4)."""
    del step_file
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    dead.cloud.clock.outlast_lease()
    assert dead.run("recover") is ExitStatus.REFUSED
    assert Code.GITHUB_MISSING.id in dead.printed()
    assert dead.cloud.ledger.head().operation == 2


def test_yes_is_no_approval_in_a_workflow(dead: App, step_file: Path) -> None:
    """TRU-4"""
    del step_file
    dead.cloud.clock.outlast_lease()
    assert dead.run("recover", "--yes") is ExitStatus.REFUSED
    assert dead.cloud.ledger.head().operation == 2
