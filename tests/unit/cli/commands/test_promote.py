"""`kanmon promote` and `kanmon abort` leave a decision for a running deploy (CD-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.ledger.records import DecisionKind, Lease, StepRecord
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import Step
from kanmon.release.lease import LENGTH
from tests.fakes.ledger import operation

if TYPE_CHECKING:
    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def running(app: App) -> App:
    """Another terminal bakes a canary."""
    app.deploy("one")
    lease = Lease(holder="aki@ci", expires=app.cloud.clock.now() + LENGTH)
    writer = LedgerWriter.take(app.cloud.ledger, lambda head: head.model_copy(update={"lease": lease}))
    shift = StepRecord(step=Step.SHIFT, began=app.cloud.clock.now(), note="10 % of API requests")
    writer.begin_operation(operation(2).model_copy(update={"steps": (shift,)}))
    return app


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_a_decision_is_left_for_the_run(running: App, kind: DecisionKind) -> None:
    """CD-3, CD-8"""
    assert running.run(kind.value, "--yes", "--reason", "prices") is ExitStatus.OK
    left = running.cloud.ledger.decision(2)
    assert left
    assert left.kind is kind
    assert left.reason == "prices"
    assert left.approval.how == "--yes"
    assert "Operation 2 obeys: in a bake within seconds" in running.printed()


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_a_decision_needs_an_approval(running: App, kind: DecisionKind) -> None:
    """CD-3: there is no terminal, and no --yes."""
    assert running.refusal(kind.value).startswith(f"{Code.NOT_APPROVED.id} ")
    assert running.cloud.ledger.decision(2) is None


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_a_decision_in_a_workflow_needs_the_gate(
    running: App, kind: DecisionKind, request: pytest.FixtureRequest
) -> None:
    """Nobody approved this run (TRU-4)."""
    request.getfixturevalue("workflow")
    running.printed()
    assert running.run(kind.value) is ExitStatus.REFUSED
    assert Code.RUN_NOT_APPROVED.id in running.printed()
    assert running.cloud.ledger.decision(2) is None


def test_the_status_shows_the_step_to_decide(running: App) -> None:
    running.run("status")
    assert "operation 2, deploy of r1, shift: 10 % of API requests" in running.printed()


def test_without_a_run_there_is_nothing_to_promote(app: App) -> None:
    assert app.refusal("promote", "--yes").startswith(f"{Code.NOTHING_RUNS.id} ")
