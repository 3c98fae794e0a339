"""The journal of one operation: the ledger has every step before it starts and after it ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger.records import AlarmRecord, CheckRecord, Failure, Operation, Transition
from kanmon.model import Result
from kanmon.release.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kanmon.aws.alarms import FiringAlarm
    from kanmon.checks.execution import CheckResult
    from kanmon.clock import Clock
    from kanmon.ledger.records import Head
    from kanmon.model import State
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease
    from kanmon.stacks.cloudformation import StackEvent


class Journal:
    """Writes an operation's record, guards its lease, and sends events to the observer."""

    def __init__(self, clock: Clock, held: HeldLease, operation: Operation, observer: Observer) -> None:
        self.writer = held.writer
        self.operation = operation
        self.failure: KanmonError | None = None
        self._clock = clock
        self._observer = observer

    def begin(self) -> None:
        """Write the operation. From here on no other run starts."""
        # The record comes before the head. Otherwise a run that dies here would leave a head without its
        # record, and `recover` could not see what was begun. A record outside of the head has begun nothing.
        self.operation = self.writer.begin_operation(self.operation)
        if approval := self.operation.approval:
            text = f"approved by {approval.by} ({approval.how})"
            self.emit(EventKind.NOTE, text, digest=approval.digest)

    @contextmanager
    def step(self, state: State, note: str = "") -> Iterator[None]:
        """Record the start of a state, let the caller act, record the end. Raises LEASE_LOST at the start.

        The ledger is written ahead. With the write after the action, a run could move users and die before it
        writes. Then `recover` would see the old state, abort the operation, and leave users on the candidate.
        """
        begun = Transition(state=state, began=self._clock.now(), note=note)
        self.amend(transitions=(*self.operation.transitions, begun))
        facts = {"state": state.value, "release": self.operation.release, "operation": self.operation.number}
        self.emit(EventKind.STATE, note or state.value, **facts)
        yield
        done = self.operation.transitions[-1].model_copy(update={"ended": self._clock.now()})
        self.amend(transitions=(*self.operation.transitions[:-1], done))

    def now(self) -> datetime:
        """The time of day, for records."""
        return self._clock.now()

    def amend(self, **changes: object) -> None:
        """Change fields of the operation's record."""
        self.operation = self.writer.write_operation(self.operation.model_copy(update=changes))

    def emit(self, kind: EventKind, text: str, **facts: str | float | bool) -> None:
        """Send an event to the observer."""
        self._observer(Event(kind, text, facts, at=self._clock.now()))

    def record_failure(self, failure: KanmonError) -> None:
        """Keep the first failure of the operation, and send it to the observer."""
        self.failure = failure
        self.emit(EventKind.FAILURE, failure.message, code=failure.code.id)

    def emit_stack(self, stack_kind: str, event: StackEvent) -> None:
        """Send an event of CloudFormation to the observer."""
        self.emit(
            EventKind.STACK,
            event.reason,
            stack=event.stack,
            stack_kind=stack_kind,
            resource=event.logical_id,
            type=event.type,
            status=event.status,
        )

    def record_checks(self, results: Sequence[CheckResult]) -> None:
        """Record the results of checks, and send them to the observer.

        A bake runs a check many times. The record keeps the last verdict for each target and release: after a
        rollback another release is live, and its verdicts must not replace those of the failed release.
        """
        last = {(check.name, check.target, check.release): check for check in self.operation.checks}
        for result in results:
            check = check_record(result)
            place = (check.name, check.target, check.release)
            before = last[place].runs if place in last else 0
            last[place] = check.model_copy(update={"runs": before + 1})
        self.amend(checks=tuple(last.values()))
        for result in results:
            self._observer(check_event(result, self._clock.now()))

    def record_alarms(self, firing: Sequence[FiringAlarm], *, before: bool = False) -> None:
        """Record firing alarms. With `before` they fired before the operation, and do not count."""
        if not firing:
            return
        records = (AlarmRecord(name=alarm.name, reason=alarm.reason, before=before) for alarm in firing)
        self.amend(alarms=(*self.operation.alarms, *records))
        for alarm in firing if before else ():
            text = f"{alarm.name} fires already and does not count: {alarm.reason}"
            self.emit(EventKind.NOTE, text, alarm=alarm.name)

    def close(self, result: Result, failure: KanmonError | None = None) -> None:
        """Record the operation's end. A held operation stays open in the head.

        The record comes before the head. With the head first, a run that dies between the two would leave an
        operation without a result, and `recover` would not find it.
        """
        reason = Failure(code=failure.code.id, message=failure.message) if failure else None
        self.amend(result=result, failure=reason, ended=self._clock.now())

        def change(head: Head) -> Head:
            if result is Result.HELD:
                return head.model_copy(update={"held": True})
            return head.model_copy(update={"held": False, "operation": None})

        self.writer.amend_head(change)


def check_event(result: CheckResult, at: datetime) -> Event:
    """The result of a check as an event."""
    facts: dict[str, str | int | float | bool] = {
        "check": result.check.name,
        "target": result.target.name,
        "release": result.target.release,
        "passed": result.passed,
        "tries": result.tries,
        "milliseconds": round(result.seconds * 1000, 1),
    }
    return Event(EventKind.CHECK, result.failure or "passed", facts, at=at)


def check_record(result: CheckResult) -> CheckRecord:
    """The result of a check as the ledger's record."""
    return CheckRecord(
        name=result.check.name,
        target=result.target.name,
        passed=result.passed,
        tries=result.tries,
        milliseconds=round(result.seconds * 1000, 1),
        release=result.release,
        failure=result.failure,
    )


def as_failure(error: BaseException) -> KanmonError:
    """An operation's error, readable for people: with a code and a message."""
    if isinstance(error, KanmonError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return KanmonError(Code.INTERRUPTED, "The run was interrupted.")
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}")
