"""One table rules the steps of deploy, rollback and recovery (CD-13)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import Head, Operation, StepRecord
from kanmon.model import OperationKind, Pointer, Result, Slot, Step
from kanmon.release.transitions import TABLE, recovery_step, refuse_step, steps_after

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
KINDS = pytest.mark.parametrize("kind", OperationKind)
STEPS = pytest.mark.parametrize("step", Step)
BLUE = Pointer(deployment="d1", slot=Slot.BLUE)
HEAD = Head(
    live="r1", pointer=BLUE, slots={Slot.BLUE: "r1", Slot.GREEN: "r2"}, operations=2, operation=2, token=1
)


def _operation(
    *steps: Step, kind: OperationKind = OperationKind.DEPLOY, result: Result | None = None
) -> Operation:
    return Operation(
        number=2,
        kind=kind,
        release="r2",
        base="r1",
        slot=Slot.GREEN,
        actor="kim",
        began=NOON,
        origin=BLUE,
        steps=tuple(StepRecord(step=step, began=NOON) for step in steps),
        result=result,
    )


def test_every_step_has_a_row() -> None:
    assert set(TABLE) == set(Step)


@KINDS
def test_an_operation_begins_with_the_lock(kind: OperationKind) -> None:
    assert steps_after(_operation(kind=kind)) == {Step.LOCK}


def test_a_release_without_users_is_aborted_after_a_failure() -> None:
    """CD-7"""
    aborted = {step for step, rule in TABLE.items() if rule.failed == (Step.ABORT,)}
    assert aborted == {Step.LOCK, Step.PROVISION, Step.VERIFY}


def test_a_release_with_users_is_rolled_back_or_held_after_a_failure() -> None:
    """CD-7, CD-8"""
    moved = {step for step, rule in TABLE.items() if set(rule.failed) == {Step.ROLL_BACK, Step.HOLD}}
    assert moved == {Step.SHIFT, Step.PROMOTE}


@STEPS
def test_no_way_leads_back_to_a_release_without_users(step: Step) -> None:
    """Once users may be on it, `abort` would leave them there."""
    if step in {Step.SHIFT, Step.PROMOTE, Step.COMPLETE, Step.ROLL_BACK, Step.HOLD}:
        assert Step.ABORT not in steps_after(_operation(step))


@KINDS
@STEPS
@pytest.mark.parametrize("keep", [None, True, False])
def test_recovery_reaches_an_end_from_every_step(kind: OperationKind, step: Step, keep: bool | None) -> None:
    """CD-13"""
    ends = {Step.COMPLETE, Step.ABORT, Step.ROLL_BACK}
    assert recovery_step(_operation(step, kind=kind), keep=keep) in ends | {Step.LOCK}


@KINDS
@STEPS
def test_recovery_of_its_own_step_converges(kind: OperationKind, step: Step) -> None:
    """CD-13: a recovery that dies is recovered in the same way."""
    first = recovery_step(_operation(step, kind=kind))
    assert recovery_step(_operation(step, first, kind=kind)) is first


@pytest.mark.parametrize("step", [Step.LOCK, Step.PROVISION, Step.VERIFY])
def test_a_dead_rollback_begins_again(step: Step) -> None:
    """Users want to leave the live release."""
    assert recovery_step(_operation(step, kind=OperationKind.ROLLBACK)) is Step.LOCK


def test_a_held_release_can_be_kept_or_undone() -> None:
    held = _operation(Step.HOLD, result=Result.HELD)
    assert recovery_step(held, keep=True) is Step.COMPLETE
    assert recovery_step(held, keep=False) is Step.ROLL_BACK


def test_a_release_is_not_kept_before_it_is_held() -> None:
    """The run died in the step: nobody has decided anything."""
    assert recovery_step(_operation(Step.HOLD), keep=True) is Step.ROLL_BACK


def test_a_complete_release_is_undone_on_demand() -> None:
    complete = _operation(Step.COMPLETE)
    assert recovery_step(complete) is Step.COMPLETE
    assert recovery_step(complete, keep=False) is Step.ROLL_BACK


@STEPS
def test_a_wrong_order_is_refused(step: Step) -> None:
    operation = _operation(step)
    for other in set(Step) - steps_after(operation):
        with pytest.raises(KanmonError) as caught:
            refuse_step(HEAD, operation, other)
        assert caught.value.code is Code.INTERNAL


@pytest.mark.parametrize(
    ("before", "step", "change"),
    [
        (Step.LOCK, Step.PROVISION, {"pointer": Pointer(deployment="d2", slot=Slot.GREEN)}),
        (Step.PROVISION, Step.VERIFY, {"slots": {Slot.BLUE: "r1"}}),
        (Step.VERIFY, Step.SHIFT, {"slots": {Slot.GREEN: "r9"}}),
        (Step.VERIFY, Step.PROMOTE, {"slots": {}}),
        (Step.PROMOTE, Step.COMPLETE, {"slots": {}}),
        (Step.PROMOTE, Step.ROLL_BACK, {"slots": {Slot.GREEN: "r2"}}),
        (Step.VERIFY, Step.ABORT, {"live": "r2"}),
        (Step.SHIFT, Step.HOLD, {"slots": {}}),
    ],
)
def test_a_step_without_its_need_is_refused(before: Step, step: Step, change: dict[str, object]) -> None:
    """Somebody changed the ledger by hand."""
    refuse_step(HEAD, _operation(before), step)
    with pytest.raises(KanmonError, match=TABLE[step].needs) as caught:
        refuse_step(HEAD.model_copy(update=change), _operation(before), step)
    assert caught.value.code is Code.LEDGER_UNREADABLE


def test_a_first_release_can_be_rolled_back_to_nothing() -> None:
    first = _operation(Step.PROMOTE).model_copy(update={"base": None, "origin": Pointer()})
    refuse_step(Head(operation=2, operations=2), first, Step.ROLL_BACK)
