"""The journal of one operation: the ledger has each step before the step acts.

The end of a step, the results of checks and counts are written with the next step: between a failed check and
the old release the only write is the step `roll back`. A bake writes nothing, however long it is.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import UNDONE, AlarmRecord, CheckRecord, Failure, Freeze, Operation, StepRecord
from kanmon.model import OperationKind, ReleaseState, Result, Step
from kanmon.release.events import Event, EventKind
from kanmon.release.step_words import words_of
from kanmon.release.transitions import refuse_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kanmon.aws.alarms import FiringAlarm
    from kanmon.checks.execution import CheckResult
    from kanmon.clock import Clock
    from kanmon.ledger.records import Head, Release
    from kanmon.model import Pointer, Slot
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease
    from kanmon.stacks.stack_events import StackEvent


_NOT_ENDED = {"result": None, "ended": None}


class Journal:
    """Writes an operation's record, guards its lease, and sends events to the observer."""

    def __init__(self, clock: Clock, held: HeldLease, operation: Operation, observer: Observer) -> None:
        self.writer = held.writer
        self.operation = operation
        self.failure: KanmonError | None = None
        self._clock = clock
        self._observer = observer

    @contextmanager
    def step(
        self, step: Step, failure: KanmonError | None = None, *, percent: int | None = None
    ) -> Iterator[None]:
        """Write the start of a step, let the caller act, note its end. Raises LEASE_LOST at the start.

        The `failure` that led to it is written with it. Otherwise it would be lost when the step fails, too.

        The ledger is written ahead. With the write after the action, a run could move users and die before it
        writes. Then `recover` would see the step before, abort the operation, and leave users on the
        candidate.
        """
        refuse_step(self.writer.head, self.operation, step)
        words = words_of(self.operation, step, percent)
        begun = StepRecord(step=step, began=self._clock.now(), note=words.english, percent=percent)
        # Another step after a hold is the decision. Otherwise a run that dies in it would leave it to decide.
        # A hold is whole with its first write. Otherwise a run that dies in it would leave nothing to decide.
        held = {"result": Result.HELD, "ended": begun.began} if step is Step.HOLD else _NOT_ENDED
        self.amend(steps=(*self.operation.steps, begun), **held, **_reason(failure))
        facts = {"step": step.value, "release": self.operation.release, "operation": self.operation.number}
        self.emit(EventKind.STEP, str(words), **facts)
        yield
        done = self.operation.steps[-1].model_copy(update={"ended": self._clock.now()})
        self.note(steps=(*self.operation.steps[:-1], done))

    def now(self) -> datetime:
        """The time of day, for records."""
        return self._clock.now()

    def note(self, **changes: object) -> None:
        """Change fields of the operation's record. The change is written with the next step."""
        self.operation = self.operation.model_copy(update=changes)

    def amend(self, **changes: object) -> None:
        """Change fields of the operation's record, and write it. The first time, the operation begins."""
        begins = self.writer.head.operation is None
        write = self.writer.begin_operation if begins else self.writer.write_operation
        # Keep the change after the write only. Otherwise a step with a failed write would count as begun, and
        # its failure would roll back a release without users.
        self.operation = write(self.operation.model_copy(update=changes))

    @property
    def begun(self) -> bool:
        """Whether the operation has begun: from then on its end is an outcome, and no refusal."""
        return self.writer.has_begun(self.operation.number)

    def emit(self, kind: EventKind, text: str, **facts: str | float | bool) -> None:
        """Send an event to the observer."""
        self._send(Event(kind, text, facts, at=self._clock.now()))

    def _send(self, event: Event) -> None:
        # Somebody may have closed the terminal or the pipe. Otherwise a line of output would stop a rollback.
        with suppress(OSError):
            self._observer(event)

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
        """Note the results of checks, and send them to the observer.

        A bake runs a check many times. The record keeps the last verdict for each target and release: after a
        rollback another release is live, and its verdicts must not replace those of the failed release.
        """
        last = {(check.name, check.target, check.release): check for check in self.operation.checks}
        for result in results:
            check = check_record(result)
            place = (check.name, check.target, check.release)
            before = last[place].runs if place in last else 0
            last[place] = check.model_copy(update={"runs": before + 1})
        self.note(checks=tuple(last.values()))
        for result in results:
            self._send(check_event(result, self._clock.now()))

    def record_alarms(self, firing: Sequence[FiringAlarm], *, before: bool = False) -> None:
        """Note firing alarms. With `before` they fired before the operation, and do not count."""
        if not firing:
            return
        records = (AlarmRecord(name=alarm.name, reason=alarm.reason, before=before) for alarm in firing)
        self.note(alarms=(*self.operation.alarms, *records))
        for alarm in firing if before else ():
            text = phrase(
                "{alarm} fires already and does not count: {reason}", alarm=alarm.name, reason=alarm.reason
            )
            self.emit(EventKind.NOTE, text, alarm=alarm.name)

    def record_slot(self, slot: Slot, release: str | None) -> None:
        """Record the release in a slot. Record None before the slot changes, and the release after it.

        With a later None, a run that dies during the change would leave the old entry. A rollback would trust
        it and move users into a half-updated slot.
        """

        def change(head: Head) -> Head:
            slots = {name: held for name, held in head.slots.items() if name is not slot}
            return head.model_copy(update={"slots": slots | ({slot: release} if release else {})})

        self.writer.amend_head(change)

    def record_live(self, release: str, pointer: Pointer) -> None:
        """Record the live release and its pointer in the head."""
        changes = {"live": release, "pointer": pointer}
        self.writer.amend_head(lambda head: head.model_copy(update=changes))

    def record_stable(self, release: Release) -> None:
        """Record a release as stable: it is live, a rollback may return to it, and the freeze ends."""
        self.writer.amend_release(release.id, state=ReleaseState.STABLE, stable_at=self.now())
        changes = {"live": release.id, "pointer": release.pointer, "freeze": None}

        def change(head: Head) -> Head:
            kept = head.kept if release.id in head.kept else (*head.kept, release.id)
            return head.model_copy(update=changes | {"kept": kept})

        self.writer.amend_head(change)

    def record_kept(self, kept: tuple[str, ...]) -> None:
        """Record the releases to keep. The files of the others may be gone from now on."""
        self.writer.amend_head(lambda head: head.model_copy(update={"kept": kept}))

    def record_return(self, target: str | None, pointer: Pointer) -> None:
        """Record users as back on `target`, and freeze the environment. An undone deploy is not kept."""
        undone = self.operation.release if self.operation.kind is OperationKind.DEPLOY else ""
        # English, whatever the language of this run: the next run may have another one.
        reason = UNDONE.format(release=undone) if undone else self.operation.reason
        freeze = Freeze(reason=reason, since=self.now(), operation=self.operation.number, undone=undone)
        changes = {"live": target, "pointer": pointer, "freeze": freeze}

        def change(head: Head) -> Head:
            kept = tuple(release for release in head.kept if release != undone)
            return head.model_copy(update=changes | {"kept": kept})

        self.writer.amend_head(change)

    def close(self, result: Result, failure: KanmonError | None = None) -> None:
        """Record the operation's end. A held operation stays open.

        The record comes before the head. With the head first, a run that dies between the two would leave an
        operation without a result, and `recover` would not find it.
        """
        self.amend(result=result, ended=self._clock.now(), **_reason(failure))

        if not self.operation.held:
            self.free()

    def free(self) -> None:
        """Let the next operation begin. This one has its result in the record."""
        self.writer.amend_head(lambda head: head.model_copy(update={"operation": None}))


def _reason(failure: KanmonError | None) -> dict[str, object]:
    """The failure as a change of the record. An earlier one stays: it is the cause of a hold."""
    return {"failure": Failure(code=failure.code.id, message=failure.message)} if failure else {}


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
    return Event(EventKind.CHECK, result.failure or phrase("passed"), facts, at=at)


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
        return KanmonError(Code.INTERRUPTED, phrase("The run was interrupted."))
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}")
