"""Finishes or undoes the operation of a run that died, from the ledger alone (CD-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import Decision, DecisionKind
from kanmon.model import OperationKind, Result, Step
from kanmon.release.decide import DecisionRequest
from kanmon.release.events import Event, EventKind
from kanmon.release.journal import Journal, as_failure
from kanmon.release.lease import LONGEST_WAIT, HeldLease, holder_of, lease
from kanmon.release.slot import is_in_slot, verify_code
from kanmon.release.steps import Steps
from kanmon.release.transitions import recovery_step
from kanmon.release.walk import Outcome, refuse_busy, still_open, walk

if TYPE_CHECKING:
    from kanmon.ledger.records import Head, Operation
    from kanmon.model import Approval
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, Services

_POLL_SECONDS = 2.0
_KINDS = {None: DecisionKind.RECOVER, True: DecisionKind.KEEP, False: DecisionKind.UNDO}


def recover(
    services: Services,
    observer: Observer,
    approver: ApprovalPort,
    *,
    keep: bool | None = None,
    wait: bool = False,
) -> Outcome | None:
    """Bring the last operation to its end; None when it has ended already.

    Recovery moves users, so it needs an approval. A run ends its own operation under the operation's own
    approval, without GitHub. Another run, or a person at a terminal, asks `approver` first.

    - A deploy whose run died is undone. When it passed everything, it is completed.
    - A rollback whose run died is repeated.
    - A held environment needs `keep`: True keeps the live release, False rolls it back, None raises HELD.
    - `keep=False` also rolls back after everything passed. You need it when completion is impossible. It is
      refused when the operation has its result `stable` already: then `kanmon rollback` returns users.

    `wait` waits for another run to end, at most until its lease has expired. Raises HELD, LOCKED, UNFINISHED,
    and the errors of `approver`.
    """
    head = _await_end(services, observer) if wait else services.ledger.head()
    operation = services.ledger.open_operation(head)
    if operation is None:
        return None
    _refuse_undecided(operation, keep)
    refuse_busy(operation, head, services.clock.now())
    observer(Event(EventKind.NOTE, _announced(operation, keep), at=services.clock.now()))
    decision = _approved(services, operation, approver, keep)
    try:
        return _recover(services, observer, operation, decision, keep)
    except (Exception, KeyboardInterrupt) as error:
        failure = as_failure(error)
        if failure.code in {Code.LOCKED, Code.HELD, Code.UNFINISHED}:
            raise
        # The operation is open, so this is no refusal: somebody has to recover it.
        return still_open(operation, failure)


def _approved(
    services: Services, operation: Operation, approver: ApprovalPort, keep: bool | None
) -> Decision | None:
    """The approved decision to end an operation. None when its own run does it, without a person's choice.

    Only the deploy role writes operations, and a run's address has its number. So no other operation has
    this address.
    """
    if keep is None and services.run and operation.run == services.run:
        return None
    approval = approver.approve(DecisionRequest(operation.release, operation.digest))
    chosen = operation.held or recovery_step(operation, keep=keep) is not recovery_step(operation)
    kind = _KINDS[keep if chosen else None]
    step = Step.HOLD if operation.held else operation.step
    return Decision(operation=operation.number, kind=kind, step=step, approval=approval)


def _announced(operation: Operation, keep: bool | None) -> str:
    """Where recovery puts the users, before somebody approves it."""
    if operation.result and not operation.held:
        return phrase(
            "operation {operation} ended as {result}: recovery only records it",
            operation=operation.number,
            result=operation.result,
        )
    end = _announced_end(operation, recovery_step(operation, keep=keep))
    return phrase("recovery of operation {operation}: {end}", operation=operation.number, end=end)


def _announced_end(operation: Operation, step: Step) -> str:
    release, base = operation.release, operation.base
    match step:
        case Step.COMPLETE:
            return phrase("all users stay on {release}, and it becomes stable", release=release)
        case Step.ROLL_BACK if operation.kind is OperationKind.DEPLOY and base:
            return phrase("all users return to {release}", release=base)
        case Step.ROLL_BACK if operation.kind is OperationKind.DEPLOY:
            return phrase("all users return to no release")
        case Step.ROLL_BACK | Step.LOCK:
            return phrase("the rollback goes on, until all users are on {release}", release=release)
    if base:
        return phrase(
            "users stay on {base}, and the preparations for {release} are removed", base=base, release=release
        )
    return phrase("users stay on no release, and the preparations for {release} are removed", release=release)


def _recover(
    services: Services,
    observer: Observer,
    approved: Operation,
    decision: Decision | None,
    keep: bool | None,
) -> Outcome | None:
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        # Read the head again, under the lease. Otherwise another run could end the operation in between, and
        # this run would undo a finished release.
        if held.writer.head.operation is None:
            return None
        if held.writer.head.operation != approved.number:
            problem = phrase(
                "Operation {operation} began meanwhile, and nobody approved its end.",
                operation=held.writer.head.operation,
            )
            raise KanmonError(Code.UNFINISHED, problem)
        steps = _adopt(services, held, observer)
        operation = steps.operation
        _refuse_undecided(operation, keep)
        steps.journal.emit(EventKind.NOTE, _adopted(operation))
        if decision:
            _record_decision(steps, decision)
        return walk(steps, lambda: _path(steps, keep))


def _adopted(operation: Operation) -> str:
    facts = {"operation": operation.number, "actor": operation.actor}
    if operation.held:
        return phrase("the operation {operation} of {actor} is held", **facts)
    return phrase("the operation {operation} of {actor} did not end", **facts)


def end_open(
    services: Services, held: HeldLease, observer: Observer, approval: Approval, reason: str
) -> Outcome:
    """End the open operation under a lease of the caller: undo a held one, recover a dead one."""
    steps = _adopt(services, held, observer)
    if not steps.operation.held:
        return walk(steps, lambda: _path(steps, keep=None))
    decision = Decision(
        operation=steps.operation.number,
        kind=DecisionKind.UNDO,
        step=Step.HOLD,
        approval=approval,
        reason=reason,
    )
    _record_decision(steps, decision)
    return walk(steps, lambda: _path(steps, keep=False))


def _record_decision(steps: Steps, decision: Decision) -> None:
    """Note a person's decision about an operation. It is written with the step that carries it out."""
    steps.journal.note(decisions=(*steps.operation.decisions, decision))


def _refuse_undecided(operation: Operation, keep: bool | None) -> None:
    """Raise HELD without a decision about a held operation, UNFINISHED for a wrong one."""
    if operation.held and keep is None:
        problem = phrase("The operation {operation} waits for a decision.", operation=operation.number)
        raise KanmonError(Code.HELD, problem)
    if keep is False and operation.result is Result.STABLE:
        # Only the head lacks its end. Otherwise `--undo` would succeed, with users still on the release.
        problem = phrase(
            "Operation {operation} has ended: {release} is stable.",
            operation=operation.number,
            release=operation.release,
        )
        fix = phrase("Run `kanmon rollback` to return users to the release before.")
        raise KanmonError(Code.UNFINISHED, problem, fix=fix)
    if keep and not operation.result and recovery_step(operation, keep=True) is not Step.COMPLETE:
        problem = phrase(
            "Operation {operation} is not held: its last step was {step}.",
            operation=operation.number,
            step=operation.step,
        )
        fix = phrase(
            "Run `kanmon recover` without --keep. Its release did not pass everything, so it is not kept."
        )
        raise KanmonError(Code.UNFINISHED, problem, fix=fix)


def return_path(steps: Steps, *, ready: bool) -> None:
    """The path of a rollback by hand. With `ready`, its release is still complete in its slot."""
    steps.lock()
    if ready:
        # The slot kept its stack since its deploy, and only a look at the functions finds other code in it.
        verify_code(steps)
    else:
        steps.provision()
        steps.verify()
    steps.roll_back(None, steps.services.clock.monotonic())


def _adopt(services: Services, held: HeldLease, observer: Observer) -> Steps:
    """The steps of the open operation. Raises LEDGER_UNREADABLE, LEASE_LOST."""
    operation = held.writer.adopt_operation(held.writer.head.operation or 0)
    return Steps(services, Journal(services.clock, held, operation, observer))


def _await_end(services: Services, observer: Observer) -> Head:
    """Wait until the operation has ended, its lease has expired, or LONGEST_WAIT is over; the head then.

    Never take the lease from its holder, not even in the last step of the same job. A runner kills its own
    child process only. A container, or a process on a lost machine, may still be moving users.
    """
    clock, head = services.clock, services.ledger.head()
    holder = holder_of(head, clock.now())
    if head.operation is not None and head.lease and holder:
        text = phrase(
            "the operation {operation} has not ended; waiting for {holder} to return the lease, at the "
            "latest until {until:%H:%M:%S} UTC if it died",
            operation=head.operation,
            holder=holder,
            until=head.lease.expires,
        )
        observer(Event(EventKind.NOTE, text, at=clock.now()))
    end = clock.monotonic() + LONGEST_WAIT.total_seconds()
    while head.operation is not None and holder_of(head, clock.now()) and clock.monotonic() < end:
        clock.pause(_POLL_SECONDS)
        head = services.ledger.head()
    return head


def _path(steps: Steps, keep: bool | None) -> None:
    operation, journal = steps.operation, steps.journal
    if operation.result and not operation.held:
        # The run wrote its result and died before it freed the head. Look for the result first. Otherwise a
        # finished operation would run a second time.
        return journal.free()
    # The failure of a run that died after it stays.
    failure = None if operation.failure else _unfinished(operation)
    began = steps.services.clock.monotonic()
    match recovery_step(operation, keep=keep):
        case Step.COMPLETE:
            steps.complete()
        case Step.ROLL_BACK:
            steps.roll_back(None if operation.kind is OperationKind.ROLLBACK else failure, began)
        case Step.LOCK:
            head, target = journal.writer.head, steps.release
            ready = is_in_slot(steps.services, target.config.prefix, head, target.record)
            return_path(steps, ready=ready)
        case _:
            steps.abort(failure)
    return None


def _unfinished(operation: Operation) -> KanmonError:
    problem = phrase(
        "The run of {actor} did not finish. Its last step was: {step}.",
        actor=operation.actor,
        step=operation.step,
    )
    return KanmonError(Code.UNFINISHED, problem)
