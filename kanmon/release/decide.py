"""Promotes or aborts a running release from another terminal.

Another process never writes for the run that holds the lease. It leaves a decision in the ledger, after the
approval, and the run obeys it: within a few seconds of a bake, else before its next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import Decision, DecisionKind
from kanmon.model import OperationKind, Step
from kanmon.release.events import EventKind
from kanmon.release.lease import holder_of

if TYPE_CHECKING:
    from kanmon.ledger.records import Operation
    from kanmon.release.journal import Journal
    from kanmon.release.ports import ApprovalPort, Services

_STEPS = {
    DecisionKind.PROMOTE: (Step.SHIFT, Step.PROMOTE),
    DecisionKind.ABORT: (Step.LOCK, Step.PROVISION, Step.VERIFY, Step.SHIFT, Step.PROMOTE),
}
"""The steps that obey a decision."""


@dataclass(frozen=True)
class DecisionRequest:
    """A decision about an operation as a reviewer approves it: the release, and the digest of its plan."""

    release: str
    digest: str


def decide(services: Services, kind: DecisionKind, approver: ApprovalPort, *, reason: str = "") -> Decision:
    """Leave a decision for the running deploy. Raises NOTHING_RUNS, NOT_APPROVED and the gate's errors."""
    operation = running(services, kind)
    approval = approver.approve(DecisionRequest(operation.release, operation.digest))
    # Look again: a review takes its time. Otherwise the decision would wait for a run that has ended.
    present = running(services, kind)
    went_on = kind is DecisionKind.PROMOTE and present.step is not operation.step
    if present.number != operation.number or went_on:
        problem = phrase(
            "Operation {operation} went on to: {step}.", operation=operation.number, step=present.step
        )
        raise KanmonError(Code.NOTHING_RUNS, problem)
    _refuse_aborted(services, operation)
    decision = Decision(
        operation=operation.number, kind=kind, step=operation.step, approval=approval, reason=reason
    )
    services.ledger.leave_decision(decision)
    return decision


def _refuse_aborted(services: Services, operation: Operation) -> None:
    """Raise NOTHING_RUNS when a person has aborted the operation: nobody may replace that."""
    before = services.ledger.decision(operation.number)
    if before and before.kind is DecisionKind.ABORT and before.approval.digest == operation.digest:
        problem = phrase(
            "{person} has aborted operation {operation} already.",
            person=before.approval.by,
            operation=operation.number,
        )
        raise KanmonError(Code.NOTHING_RUNS, problem)


def running(services: Services, kind: DecisionKind) -> Operation:
    """The running deploy that would obey this decision. Raises NOTHING_RUNS."""
    head = services.ledger.head()
    operation = services.ledger.open_operation(head)
    if operation is None:
        raise KanmonError(Code.NOTHING_RUNS, phrase("No operation is open."))
    if operation.held:
        problem = phrase("Operation {operation} is held.", operation=operation.number)
        fix = phrase("Run `kanmon recover --keep` or `kanmon recover --undo`.")
        raise KanmonError(Code.NOTHING_RUNS, problem, fix=fix)
    if holder_of(head, services.clock.now()) is None:
        problem = phrase(
            "The run of operation {operation} died: nobody would obey.", operation=operation.number
        )
        raise KanmonError(Code.NOTHING_RUNS, problem, fix=phrase("Run `kanmon recover`."))
    if operation.kind is OperationKind.ROLLBACK or operation.step not in _STEPS[kind]:
        problem = phrase(
            "Operation {operation}, a {kind}, is at the step: {step}.",
            operation=operation.number,
            kind=operation.kind,
            step=operation.step,
        )
        raise KanmonError(Code.NOTHING_RUNS, problem)
    return operation


def obey(services: Services, journal: Journal) -> bool:
    """Read the decision about the own operation; True for one to promote. Raises ABORT_REQUESTED."""
    operation = journal.operation
    try:
        decision = services.ledger.decision(operation.number)
    except KanmonError as error:
        # An error here is no fault of the release. The next look finds the decision.
        journal.emit(EventKind.NOTE, phrase("decisions can't be read: {failure}", failure=error.message))
        return False
    if decision is None or decision in operation.decisions:
        return False
    if decision.approval.digest != operation.digest:
        # It was for another plan, in a run that began nothing under this number.
        return False
    if decision.kind is DecisionKind.PROMOTE and decision.step is not operation.step:
        return False
    journal.note(decisions=(*operation.decisions, decision))
    words = _words(decision, operation.release)
    if decision.kind is DecisionKind.ABORT:
        raise KanmonError(Code.ABORT_REQUESTED, words)
    journal.emit(EventKind.NOTE, words)
    return True


def _words(decision: Decision, release: str) -> str:
    """A decision that a run obeys, for people."""
    person, reason = decision.approval.by, decision.reason
    if decision.kind is DecisionKind.ABORT and reason:
        return phrase("{person} aborted {release}: {reason}.", person=person, release=release, reason=reason)
    if decision.kind is DecisionKind.ABORT:
        return phrase("{person} aborted {release}.", person=person, release=release)
    if reason:
        return phrase("{person} promotes {release}: {reason}", person=person, release=release, reason=reason)
    return phrase("{person} promotes {release}", person=person, release=release)
