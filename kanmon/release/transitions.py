"""The table of an operation's steps: their order, their needs, and the way on after a failure or a death.

Deploy, rollback and recovery walk over this table (:mod:`kanmon.release.walk`) with the same steps
(:mod:`kanmon.release.steps`). The journal refuses every other transition. `docs/concepts.md` shows the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.ledger.ledger import HEAD
from kanmon.model import OperationKind, Slot, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.ledger.records import Head, Operation


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    does: str
    """For the English docs."""
    needs: str
    """The fact that the ledger must have when the step begins."""
    holds: Callable[[Head, Operation], bool]
    """Whether the ledger has it."""
    done: tuple[Step, ...] = ()
    """The next step of a deploy after success. Without one, the operation ends."""
    by_hand: tuple[Step, ...] = ()
    """The next step of a rollback by hand after success."""
    failed: tuple[Step, ...] = ()
    """The next step after a failure. Without one, the operation stays open for `kanmon recover`."""
    recovery: Step = Step.ABORT
    """The next step after the death of the run."""
    keep: Step | None = None
    """The next step of a held operation for `kanmon recover --keep`."""
    undo: Step | None = None
    """The next step for `kanmon recover --undo`, where recovery would keep the release."""
    repeats: bool = False
    """In a rollback by hand, recovery begins again instead: users want to leave the live release."""


def _is_open(head: Head, operation: Operation) -> bool:
    return head.operation in {None, operation.number}


def _is_idle(head: Head, operation: Operation) -> bool:
    return head.pointer.slot is not operation.slot


def _is_in_slot(head: Head, operation: Operation) -> bool:
    return head.slots.get(operation.slot) == operation.release


def _is_untouched(head: Head, operation: Operation) -> bool:
    return head.live == operation.base


def _has_way_back(head: Head, operation: Operation) -> bool:
    if operation.kind is OperationKind.ROLLBACK:
        return _is_in_slot(head, operation)
    return operation.origin.slot is Slot.NONE or head.slots.get(operation.origin.slot) == operation.base


def _has_both(head: Head, operation: Operation) -> bool:
    return _is_in_slot(head, operation) and _has_way_back(head, operation)


_IN_SLOT = deferred("the release is complete in its slot")
_BOTH = deferred("the release and the one before it are complete in their slots")

TABLE = {
    Step.LOCK: Rule(
        "takes the lease, opens the journal, reads the rollback alarms",
        deferred("no other operation is open"),
        _is_open,
        done=(Step.PROVISION,),
        by_hand=(Step.PROVISION, Step.ROLL_BACK),
        failed=(Step.ABORT,),
        repeats=True,
    ),
    Step.PROVISION: Rule(
        "takes a snapshot of the database, executes the approved change sets, checks the live release "
        "through them, runs the hooks, uploads the hashed assets",
        deferred("no user is on the slot"),
        _is_idle,
        done=(Step.VERIFY,),
        by_hand=(Step.VERIFY,),
        failed=(Step.ABORT,),
        repeats=True,
    ),
    Step.VERIFY: Rule(
        "opens the preview, runs the checks against the candidate, then the team's own tests (`verify`)",
        _IN_SLOT,
        _is_in_slot,
        done=(Step.SHIFT, Step.PROMOTE),
        by_hand=(Step.ROLL_BACK,),
        failed=(Step.ABORT,),
        repeats=True,
    ),
    Step.SHIFT: Rule(
        "gives the candidate a share of the API requests and bakes it",
        _BOTH,
        _has_both,
        done=(Step.SHIFT, Step.PROMOTE),
        failed=(Step.ROLL_BACK, Step.HOLD),
        recovery=Step.ROLL_BACK,
    ),
    Step.PROMOTE: Rule(
        "moves the user pool's triggers, the API, then the page; runs the checks; bakes the live release",
        _BOTH,
        _has_both,
        done=(Step.COMPLETE,),
        failed=(Step.ROLL_BACK, Step.HOLD),
        recovery=Step.ROLL_BACK,
    ),
    Step.COMPLETE: Rule(
        "closes the preview, deletes the old pages, switches the triggers, records the release as stable, "
        "deletes what no kept release needs",
        _IN_SLOT,
        _is_in_slot,
        recovery=Step.COMPLETE,
        undo=Step.ROLL_BACK,
    ),
    Step.ABORT: Rule(
        "closes the preview, and restores the other stacks; users never left the old release",
        deferred("no user is on the release"),
        _is_untouched,
    ),
    Step.ROLL_BACK: Rule(
        "moves the page back, then the API, then the user pool's triggers; checks the old release; closes "
        "the preview, deletes the newer files, switches the triggers back, freezes the environment, restores "
        "the other stacks",
        deferred("the old release is complete in its slot"),
        _has_way_back,
        recovery=Step.ROLL_BACK,
    ),
    Step.HOLD: Rule(
        "changes nothing more; a person decides",
        _IN_SLOT,
        _is_in_slot,
        recovery=Step.ROLL_BACK,
        keep=Step.COMPLETE,
    ),
}


def refuse_step(head: Head, operation: Operation, step: Step) -> None:
    """Raise LEDGER_UNREADABLE when the ledger lacks what this step needs, INTERNAL when it can't come now."""
    if step not in steps_after(operation):
        problem = phrase("The step {step} can't come after {before}.", step=step, before=operation.step)
        raise KanmonError(Code.INTERNAL, problem)
    rule = TABLE[step]
    if not rule.holds(head, operation):
        problem = phrase(
            "The step {step} of operation {operation} needs this: {needs}. It is not so.",
            step=step,
            operation=operation.number,
            needs=phrase(rule.needs),
        )
        raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=HEAD)


def steps_after(operation: Operation) -> frozenset[Step]:
    """The steps that may come now."""
    if not operation.steps:
        return frozenset({Step.LOCK})
    rule = TABLE[operation.step]
    recoveries = {recovery_step(operation, keep=keep) for keep in (None, True, False)}
    done = rule.done if operation.kind is OperationKind.DEPLOY else rule.by_hand
    return frozenset((*done, *rule.failed)) | recoveries


def recovery_step(operation: Operation, *, keep: bool | None = None) -> Step:
    """The step by which recovery goes on. `keep` is a person's decision, as for `kanmon recover`."""
    rule = TABLE[operation.step]
    if keep and rule.keep and operation.held:
        return rule.keep
    if keep is False and rule.undo:
        return rule.undo
    if operation.kind is OperationKind.ROLLBACK and rule.repeats:
        return Step.LOCK
    return rule.recovery
