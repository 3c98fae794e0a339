"""Finishes or undoes the operation of a run that died, from the ledger alone (CD-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.model import OperationKind, Result, State
from kanmon.naming import API, EDGE
from kanmon.release.deploy import roll_back
from kanmon.release.events import Event, EventKind
from kanmon.release.journal import Journal
from kanmon.release.lease import LONGEST_WAIT, holder_of, lease
from kanmon.release.plan import outputs_of
from kanmon.release.rollback import carry_out
from kanmon.release.steps import Outcome, Steps, end_of, files_of, record_stable
from kanmon.release.triggers import switch_triggers
from kanmon.templates.stack_set import stack_kinds

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.ledger.records import Head, Operation
    from kanmon.release.events import Observer
    from kanmon.release.ports import Services

_POLL_SECONDS = 2.0


def recover(
    services: Services, config: Config, observer: Observer, *, keep: bool | None = None, wait: bool = False
) -> Outcome | None:
    """Bring the last operation to its end; None when it has ended already.

    - A deploy whose run died is undone. When it passed everything, it is completed.
    - A rollback whose run died is repeated.
    - A held environment needs `keep`: True keeps the live release, False rolls it back, None raises HELD.
    - `keep=False` also rolls back after everything passed. You need it when completion is impossible.

    `wait` waits for another run to end, at most until its lease has expired. Raises HELD, LOCKED.
    """
    head = _await_end(services, observer) if wait else services.ledger.head()
    if head.operation is None:
        return None
    if head.held and keep is None:
        raise KanmonError(Code.HELD, f"The operation {head.operation} waits for a decision.")
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        # Read the head again, under the lease. Otherwise another run could end the operation in between, and
        # this run would undo a finished release.
        number = held.writer.head.operation
        if number is None:
            return None
        operation = held.writer.adopt_operation(number)
        steps = Steps(services, Journal(services.clock, held, operation, observer))
        text = f"the operation {operation.number} of {operation.actor} did not end"
        steps.journal.emit(EventKind.NOTE, text)
        return end_of(steps.journal, lambda: _end(steps, config, operation, keep=keep))


def _await_end(services: Services, observer: Observer) -> Head:
    """Wait until the operation has ended, its lease has expired, or LONGEST_WAIT is over; the head then.

    Never take the lease from its holder, not even in the last step of the same job. A runner kills its own
    child process only. A container, or a process on a lost machine, may still be moving users.
    """
    clock, head = services.clock, services.ledger.head()
    if head.operation is not None and (holder := holder_of(head, clock.now())):
        text = f"the operation {head.operation} has not ended; waiting for {holder} to return the lease"
        observer(Event(EventKind.NOTE, text, at=clock.now()))
    end = clock.monotonic() + LONGEST_WAIT.total_seconds()
    while head.operation is not None and holder_of(head, clock.now()) and clock.monotonic() < end:
        clock.pause(_POLL_SECONDS)
        head = services.ledger.head()
    return head


def _end(steps: Steps, config: Config, operation: Operation, *, keep: bool | None) -> Outcome:
    if operation.result and operation.result is not Result.HELD:
        # The run wrote its result and died before it freed the head. Look for the result first. Otherwise a
        # finished operation would run a second time.
        steps.journal.close(operation.result)
        return Outcome(operation.result, operation.release, steps.journal.operation)
    if operation.kind is OperationKind.ROLLBACK:
        return carry_out(steps, config)
    # A first deploy may have died before its API and its edge existed. Then there is no preview to close.
    outputs = outputs_of(steps.services, config, operation.slot)
    if {API, EDGE} & set(stack_kinds(config)) <= outputs.keys():
        steps.opened = steps.services.site(config, outputs)
    passed = operation.state is State.STABLE
    if (passed and keep is not False) or (keep and operation.result is Result.HELD):
        return _complete(steps, operation)
    if passed or operation.state.takes_traffic:
        return _undo(steps, operation)
    return _abort(steps, operation)


def _complete(steps: Steps, operation: Operation) -> Outcome:
    loaded, base = steps.require(operation.release), steps.load(operation.base)
    with steps.journal.step(State.STABLE, f"{operation.release} is stable"):
        # A release held as a canary still has to move. Any other release is live, and nothing moves here. The
        # order is the deploy's: settings, API, page. Otherwise a run that dies between the two moves would
        # leave a new page on the old API.
        steps.apply_settings(loaded)
        steps.move_api(loaded.record.pointer, frozenset({operation.origin}))
        steps.move_page(loaded, base)
        steps.close_preview()
        steps.site.web.delete_stale_files(loaded.files, files_of(base))
        switch_triggers(steps, loaded.record.slot, loaded, base)
        # "Stable" is recorded last. Otherwise a run that dies here would leave a stable release with its
        # triggers off.
        record_stable(steps.journal, operation.release)
    steps.journal.close(Result.STABLE)
    return Outcome(Result.STABLE, operation.release, steps.journal.operation)


def _undo(steps: Steps, operation: Operation) -> Outcome:
    began = steps.services.clock.monotonic()
    roll_back(steps, steps.load(operation.base), steps.require(operation.release), began)
    # The operation closes after the head is back. Otherwise a run that dies here would leave the failed slot
    # in the head as live, and the next deploy would update the slot with users on it.
    steps.journal.close(Result.ROLLED_BACK, _unfinished(operation))
    return Outcome(Result.ROLLED_BACK, operation.release, steps.journal.operation)


def _abort(steps: Steps, operation: Operation) -> Outcome:
    with steps.journal.step(State.ABORTED, f"{operation.release} is aborted; no user was on it"):
        steps.close_preview()
        steps.journal.writer.amend_release(operation.release, state=State.ABORTED)
    # The operation closes last. Otherwise a run that dies here would leave the preview open, and the next
    # `recover` would find no open operation.
    steps.journal.close(Result.ABORTED, _unfinished(operation))
    return Outcome(Result.ABORTED, operation.release, steps.journal.operation)


def _unfinished(operation: Operation) -> KanmonError:
    if operation.result is Result.HELD:
        problem = f"Operation {operation.number} held the release. You chose to undo it."
    elif operation.transitions:
        problem = f"The run of {operation.actor} did not finish. Its last step was: {operation.state.value}."
    else:
        problem = f"The run of {operation.actor} did not finish. It died before its first step."
    return KanmonError(Code.UNFINISHED, problem)
