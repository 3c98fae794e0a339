"""The journal of one attempt: every step is in the ledger before it is taken and after it was."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon.errors import KanmonError
from kanmon.ledger import AlarmRecord, Attempt, CheckRecord, Failure, Result, State, Transition
from kanmon.release.events import Event, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanmon.checks import CheckResult, FiringAlarm
    from kanmon.cloudformation.stacks import StackEvent
    from kanmon.ledger import Head, Ledger
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease


class Journal:
    """Writes an attempt's record, guards its lease and tells the observer."""

    def __init__(self, ledger: Ledger, held: HeldLease, attempt: Attempt, observer: Observer) -> None:
        self.ledger = ledger
        self.attempt = attempt
        self._held = held
        self._observer = observer

    @contextmanager
    def step(self, state: State, note: str = "") -> Iterator[None]:
        """Announce a state, let the caller act, record that it ended. Raises LEASE_LOST before acting."""
        self._held.guard()
        begun = Transition(state=state, began=datetime.now(UTC), note=note)
        self.amend(transitions=(*self.attempt.transitions, begun))
        facts = {"state": state.value, "release": self.attempt.release, "attempt": self.attempt.number}
        self.tell(Kind.STATE, note or state.value, **facts)
        yield
        done = self.attempt.transitions[-1].model_copy(update={"ended": datetime.now(UTC)})
        self.amend(transitions=(*self.attempt.transitions[:-1], done))

    def guard(self) -> None:
        """To be called before every change to the world. Raises LEASE_LOST."""
        self._held.guard()

    def amend(self, **changes: object) -> None:
        """Change fields of the attempt's record."""
        self.attempt = self.attempt.model_copy(update=changes)
        self.ledger.write_attempt(self.attempt)

    def tell(self, kind: Kind, text: str, **facts: str | float | bool) -> None:
        """Tell the observer."""
        self._observer(Event(kind, text, facts))

    def tell_stack(self, part: str, event: StackEvent) -> None:
        """Tell the observer what CloudFormation does."""
        self.tell(
            Kind.STACK,
            event.reason,
            stack=event.stack,
            part=part,
            resource=event.logical_id,
            type=event.type,
            status=event.status,
        )

    def record_checks(self, results: Sequence[CheckResult]) -> None:
        """Keep and tell the verdicts of checks."""
        self.amend(checks=(*self.attempt.checks, *(check_record(result) for result in results)))
        for result in results:
            self._observer(check_event(result))

    def record_alarms(self, firing: Sequence[FiringAlarm], *, before: bool = False) -> None:
        """Keep what fires; `before` is what did so when the attempt began, which is told, too."""
        if not firing:
            return
        records = (AlarmRecord(name=alarm.name, reason=alarm.reason, before=before) for alarm in firing)
        self.amend(alarms=(*self.attempt.alarms, *records))
        for alarm in firing if before else ():
            told = f"{alarm.name} fires already and does not count: {alarm.reason}"
            self.tell(Kind.NOTE, told, alarm=alarm.name)

    def close(self, result: Result, failure: BaseException | None = None) -> None:
        """Write the attempt's end. A held one stays the environment's open attempt."""
        said = _failure(failure) if failure else None
        self.amend(result=result, failure=said, ended=datetime.now(UTC))

        def ended(head: Head) -> Head:
            if result is Result.HELD:
                return head.model_copy(update={"held": True})
            return head.model_copy(update={"held": False, "attempt": None})

        self.ledger.amend_head(ended)


def check_event(result: CheckResult) -> Event:
    """A check's verdict, as observers are told of it."""
    facts: dict[str, str | int | float | bool] = {
        "check": result.check.name,
        "target": result.target.name,
        "release": result.target.release,
        "passed": result.passed,
        "attempts": result.attempts,
        "milliseconds": round(result.seconds * 1000, 1),
    }
    return Event(Kind.CHECK, result.failure or "passed", facts)


def check_record(result: CheckResult) -> CheckRecord:
    """A check's verdict, as it is kept."""
    return CheckRecord(
        name=result.check.name,
        target=result.target.name,
        passed=result.passed,
        attempts=result.attempts,
        milliseconds=round(result.seconds * 1000, 1),
        release=result.release,
        failure=result.failure,
    )


def _failure(error: BaseException) -> Failure:
    if isinstance(error, KanmonError):
        return Failure(code=error.code.id, message=error.message)
    return Failure(code="KNM-902" if isinstance(error, KeyboardInterrupt) else "KNM-999", message=str(error))
