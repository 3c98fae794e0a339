"""Walks an operation over the table of transitions to its end. Deploy, rollback and recovery have one end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.refusals import fix_before
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.ledger.records import Operation
from kanmon.model import OperationKind, Result, Step
from kanmon.release.checking import ChecksFailedError
from kanmon.release.journal import Journal, as_failure
from kanmon.release.lease import holder_of
from kanmon.release.steps import Steps
from kanmon.release.transitions import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kanmon.ledger.records import Head
    from kanmon.model import Approval, Slot
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease
    from kanmon.release.ports import Services


_OF_AWS = {
    *(Code.AWS_DENIED, Code.AWS_FAILED, Code.CREDENTIALS_MISSING),
    *(Code.STACK_FAILED, Code.CHANGE_SET_FAILED),
}
"""Their messages have AWS's words, and none of the app's."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    result: Result
    release: str
    operation: Operation | None = None
    failure: KanmonError | None = None

    @property
    def open(self) -> bool:
        """Whether the operation has not ended: it needs `kanmon recover`, or another run has taken over."""
        return self.result is Result.FAILED

    @property
    def frozen(self) -> bool:
        """Whether this end froze the environment."""
        return self.result is Result.ROLLED_BACK


def open_operation(
    services: Services,
    held: HeldLease,
    observer: Observer,
    *,
    kind: OperationKind,
    release: str,
    slot: Slot,
    reason: str,
    approval: Approval,
    digest: str = "",
) -> Steps:
    """The steps of a new operation. Its first step writes it into the ledger."""
    head = held.writer.head
    operation = Operation(
        number=head.operations + 1,
        kind=kind,
        release=release,
        base=head.live,
        slot=slot,
        actor=services.actor,
        run=services.run,
        reason=reason,
        digest=digest,
        approval=approval,
        began=services.clock.now(),
        origin=head.pointer,
    )
    for release_id in filter(None, (release, head.live)):
        if release_id not in held.writer.releases:
            held.writer.adopt_release(release_id)
    return Steps(services, Journal(services.clock, held, operation, observer))


def refuse_open(operation: Operation | None) -> None:
    """Raise HELD or UNFINISHED when an earlier operation has not ended."""
    if operation and operation.held:
        problem = phrase("The operation {operation} left the environment held.", operation=operation.number)
        raise KanmonError(Code.HELD, problem)
    if operation:
        problem = phrase("The operation {operation} did not end.", operation=operation.number)
        raise KanmonError(Code.UNFINISHED, problem)


def refuse_busy(operation: Operation | None, head: Head, now: datetime) -> None:
    """Raise LOCKED while the run of the open operation is at work."""
    if operation and (holder := holder_of(head, now)):
        problem = phrase(
            "{holder} is at work on operation {operation}.", holder=holder, operation=operation.number
        )
        end = phrase("To end a deploy that is still at work, run `kanmon abort`.")
        fix = sentences(phrase(Code.LOCKED.fix), end)
        raise KanmonError(Code.LOCKED, problem, fix=fix)


def refuse_moved(head: Head, expected: Head) -> None:
    """Raise PLAN_STALE when the head is not as it was when somebody approved.

    Call it under the lease. Without this, two runs could be approved for the same slot and start one after
    the other. The second would update the slot with users on it.
    """
    if (head.live, head.pointer) != (expected.live, expected.pointer):
        raise KanmonError(Code.PLAN_STALE, _moved(head.live, expected.live))
    if head.operation != expected.operation:
        problem = phrase(
            "The operation {operation} began or ended meanwhile.",
            operation=head.operation or expected.operation,
        )
        raise KanmonError(Code.PLAN_STALE, problem)


def _moved(live: str | None, expected: str | None) -> str:
    if live and expected is None:
        return phrase("{release} is live now; nothing was.", release=live)
    if live:
        return phrase("{release} is live now, not {expected}.", release=live, expected=expected)
    return phrase("Nothing is live now, not {expected}.", expected=expected)


def walk(steps: Steps, path: Callable[[], None]) -> Outcome:
    """Walk a path to its end; after a failure, on the way of the table.

    Once an operation has begun, no error is a refusal: users may be on another release than before. So every
    error is an outcome. Raises the error of an operation that could not begin.
    """
    journal = steps.journal
    try:
        try:
            path()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - after any error, users come first
            _handle_failure(steps, error)
    except (Exception, KeyboardInterrupt) as error:
        if not journal.begun:
            raise
        return still_open(journal.operation, as_failure(error), journal.failure)
    return Outcome(
        journal.operation.result or Result.FAILED,
        journal.operation.release,
        journal.operation,
        journal.failure,
    )


def _handle_failure(steps: Steps, error: BaseException) -> None:
    # Read the clock first: users also wait during the comparison with the stable release.
    failed_at = steps.services.clock.monotonic()
    failure, ways = as_failure(error), TABLE[steps.operation.step].failed
    if failure.code is Code.LEASE_LOST or not steps.operation.steps:
        # Another run has the lease, and it decides. A rollback here could move users off a release after the
        # other run completed it. Or no step was written, so there is nothing to end.
        raise error
    steps.journal.record_failure(failure)
    if Step.ABORT in ways:
        steps.abort(failure)
    elif Step.HOLD in ways and (undecidable := _undecidable(steps, failure)):
        steps.journal.failure = undecidable
        steps.hold(undecidable)
    elif Step.ROLL_BACK in ways:
        steps.roll_back(failure, failed_at)
    else:
        raise failure from error


def _undecidable(steps: Steps, failure: KanmonError) -> KanmonError | None:
    """The failure for a hold: no fault of this release is known. None when a rollback helps."""
    if failure.code is Code.ALARMS_UNREADABLE:
        return failure
    if not isinstance(failure, ChecksFailedError):
        return None
    try:
        if not steps.fails_on_stable(failure):
            return None
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - users wait for the rollback
        # Nothing is known about the stable release now. It passed its checks once: the better guess.
        return None
    problem = phrase(
        "{failure} It fails on the stable release {release} too, so a rollback would not help.",
        failure=failure.message,
        release=steps.operation.base,
    )
    fix = None if failure.invoked else failure.fix
    return KanmonError(Code.CHECK_FAILS_EVERYWHERE, problem, where=failure.where, fix=fix)


def still_open(operation: Operation, failure: KanmonError, before: KanmonError | None = None) -> Outcome:
    """The outcome of a run that could not end its operation. `before` is an earlier failure of it."""
    code, message = failure.code, failure.message
    if operation.step is Step.ROLL_BACK and code not in {Code.INTERRUPTED, Code.LEASE_LOST}:
        # The cause keeps its code: its row in the table of errors has the way out.
        code, message = Code.ROLLBACK_FAILED, f"{message} ({code.id})"
    if before and before is not failure:
        message = phrase(
            "{before} ({code}) Then this failed, too: {failure}",
            before=before.message,
            code=before.code.id,
            failure=message,
        )
    fix = phrase("Run `kanmon recover`. Have the credentials expired? Get new ones first.")
    if operation.held:
        fix = phrase(Code.HELD.fix)
    elif code is Code.LEASE_LOST:
        fix = phrase("Run `kanmon status`. Without another run there, run `kanmon recover`.")
    elif operation.step is Step.COMPLETE:
        message = _incomplete(operation, message)
        undo = phrase("`kanmon recover --undo` rolls it back instead.")
        fix = sentences(fix, undo)
    else:
        message = sentences(message, _users(operation))
    if failure.code in _OF_AWS:
        # The next run would meet the same refusal.
        fix = fix_before(failure.message, fix)
    failed = KanmonError(code, sentences(message, _state(operation)), where=failure.where, fix=fix)
    result = Result.HELD if operation.held else Result.FAILED
    return Outcome(result, operation.release, operation, failed)


def _state(operation: Operation) -> str:
    facts = {"operation": operation.number, "step": operation.step}
    if operation.held:
        return phrase("Operation {operation} is held. Its last step was: {step}.", **facts)
    return phrase("Operation {operation} is open. Its last step was: {step}.", **facts)


def _incomplete(operation: Operation, failure: str) -> str:
    facts = {"release": operation.release, "failure": failure}
    if Step.HOLD in [one.step for one in operation.steps]:
        return phrase("{release} is live, but could not be completed: {failure}", **facts)
    return phrase("{release} is live and passed everything, but could not be completed: {failure}", **facts)


def _users(operation: Operation) -> str:
    """Where users are after a failure in the operation's last step, in words. The step may be done or not."""
    release, base = operation.release, operation.base
    match operation.step:
        case Step.SHIFT:
            return phrase("{release} may have a share of the API requests.", release=release)
        case Step.PROMOTE:
            return phrase(
                "{release} may be live for all users, and it has not passed everything.", release=release
            )
        case Step.ROLL_BACK if operation.rollback_seconds is not None:
            return phrase("Users are back already; the rest is open.")
        case Step.ROLL_BACK:
            left = release if operation.kind is OperationKind.DEPLOY else base or phrase("no release")
            return phrase("Users may still be on {release}.", release=left)
    if base:
        return phrase("Users are on {release}, as before.", release=base)
    return phrase("Users are on no release, as before.")
