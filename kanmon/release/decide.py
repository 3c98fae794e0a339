"""Promotes or aborts a running release from another terminal.

Another process never writes for the run that holds the lease. It leaves a decision in the ledger, after the
approval, and the run obeys it: within a few seconds of a bake, else before its next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
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
        raise KanmonError(Code.NOTHING_RUNS, f"Operation {operation.number} went on to: {present.step}.")
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
        problem = f"{before.approval.by} has aborted operation {operation.number} already."
        raise KanmonError(Code.NOTHING_RUNS, problem)


def running(services: Services, kind: DecisionKind) -> Operation:
    """The running deploy that would obey this decision. Raises NOTHING_RUNS."""
    head = services.ledger.head()
    operation = services.ledger.open_operation(head)
    if operation is None:
        raise KanmonError(Code.NOTHING_RUNS, "No operation is open.")
    if operation.held:
        fix = "Run `kanmon recover --keep` or `kanmon recover --undo`."
        raise KanmonError(Code.NOTHING_RUNS, f"Operation {operation.number} is held.", fix=fix)
    if holder_of(head, services.clock.now()) is None:
        problem = f"The run of operation {operation.number} died: nobody would obey."
        raise KanmonError(Code.NOTHING_RUNS, problem, fix="Run `kanmon recover`.")
    if operation.kind is OperationKind.ROLLBACK or operation.step not in _STEPS[kind]:
        problem = f"Operation {operation.number}, a {operation.kind}, is at the step: {operation.step}."
        raise KanmonError(Code.NOTHING_RUNS, problem)
    return operation


def obey(services: Services, journal: Journal) -> bool:
    """Read the decision about the own operation; True for one to promote. Raises ABORT_REQUESTED."""
    operation = journal.operation
    try:
        decision = services.ledger.decision(operation.number)
    except KanmonError as error:
        # An error here is no fault of the release. The next look finds the decision.
        journal.emit(EventKind.NOTE, f"decisions can't be read: {error.message}")
        return False
    if decision is None or decision in operation.decisions:
        return False
    if decision.approval.digest != operation.digest:
        # It was for another plan, in a run that began nothing under this number.
        return False
    if decision.kind is DecisionKind.PROMOTE and decision.step is not operation.step:
        return False
    journal.note(decisions=(*operation.decisions, decision))
    by, why = decision.approval.by, f": {decision.reason}" if decision.reason else ""
    if decision.kind is DecisionKind.ABORT:
        raise KanmonError(Code.ABORT_REQUESTED, f"{by} aborted {operation.release}{why}.")
    journal.emit(EventKind.NOTE, f"{by} promotes {operation.release}{why}")
    return True
