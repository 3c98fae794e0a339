"""Reads the ledger's records, and adds planned releases. The holder of the lease writes the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from kanmon.aws.objects import Conflict
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import VERSION, Decision, Head, Operation, PlannedRelease, Release, Stored, Threads
from kanmon.model import ReleaseState
from kanmon.naming import DEPLOYED, PLANNED, THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanmon.ledger.store import Store

HEAD = "head.json"
_RECORD = re.compile(r"[a-z]+/r([1-9][0-9]{0,8})\.json")
"""The key of a release's record. The edge takes no longer id, so neither does the ledger."""
_LAST = 999_999_999
_TRIES = 8
T = TypeVar("T", bound=Stored)


class _Versioned(BaseModel):
    """What every stored record has. Without it, an empty object would be a head without releases."""

    version: int


@dataclass(frozen=True)
class Ledger:
    """The records of one environment."""

    store: Store
    warn: Callable[[str], None] = lambda _: None
    """Gets a text about each record of a list that can't be read: the list goes without it."""

    def head(self) -> Head:
        """The environment's present state; a new one before the first release."""
        return self._read(HEAD, Head) or Head()

    def release(self, release_id: str) -> Release | None:
        """A release as a deploy recorded it; None if no deploy began it.

        Only the deploy role can write it. So a base, a rollback's target and a recovery come from here, and
        never from :meth:`planned`.
        """
        return self._read(release_key(release_id), Release)

    def planned(self, release_id: str) -> PlannedRelease | None:
        """A release as it was planned; None if unknown. Compare it with what was approved; don't use it."""
        return self._read(_planned_key(release_id), PlannedRelease)

    def add_release(self, make: Callable[[str], PlannedRelease]) -> PlannedRelease:
        """Record a planned release under the first free id after all deployed ones.

        The first is `r1`. Raises LEDGER_CONFLICT. An id after the highest planned one would let a plan role
        end all ids: with one record of the last id.
        """
        for _ in range(_TRIES):
            if (number := self._next(self._last_deployed())) > _LAST:
                break
            release = make(f"r{number}")
            try:
                self.store.put(_planned_key(release.id), as_json(release), expected=None)
            except Conflict:
                continue
            return release
        raise KanmonError(Code.LEDGER_CONFLICT, phrase("No free release id could be taken."))

    def waiting_release(self) -> PlannedRelease | None:
        """The newest planned release, if no deploy has begun it. Otherwise None."""
        deployed = self._last_deployed()
        number = self._next(deployed) - 1
        if number == deployed:
            return None
        waiting = self._readable(_planned_key(f"r{number}"), PlannedRelease)
        return waiting if waiting and waiting.id == f"r{number}" else None

    def operation(self, number: int) -> Operation | None:
        """The record of an operation, or None."""
        return self._read(operation_key(number), Operation)

    def open_operation(self, head: Head) -> Operation | None:
        """The operation that has not ended, or None. Raises LEDGER_UNREADABLE when its record is missing."""
        if head.operation is None:
            return None
        operation = self.operation(head.operation)
        if operation is None:
            raise missing_operation(head.operation)
        return operation

    def operations(self) -> list[Operation]:
        """All operations that can be read, oldest first."""
        numbers = range(1, self.head().operations + 1)
        records = (self._readable(operation_key(number), Operation) for number in numbers)
        return [record for record in records if record is not None]

    def releases(self) -> list[Release]:
        """All releases that a deploy began and that can be read, oldest first."""
        keys = (release_key(f"r{number}") for number in sorted(self._numbers(DEPLOYED)))
        records = (self._readable(key, Release) for key in keys)
        return [record for record in records if record is not None]

    def stable_release(self, bundle: str) -> Release | None:
        """The newest release with this bundle that passed everything, and was not rolled back since."""
        for number in sorted(self._numbers(DEPLOYED), reverse=True):
            found = self._readable(release_key(f"r{number}"), Release)
            if found and found.bundle == bundle and found.stable_at and found.state is ReleaseState.STABLE:
                return found
        return None

    def threads(self, release_id: str) -> dict[str, str]:
        """The thread of a release's messages in each chat channel, by the channel's name.

        The plan role can write it, so an unreadable one stops no message: it begins a new thread.
        """
        found = self._readable(_threads_key(release_id), Threads)
        return found.threads if found else {}

    def write_threads(self, release_id: str, threads: dict[str, str]) -> None:
        """Record a release's threads. Of two writers at once, one begins a thread that nobody continues."""
        problem = phrase("Another process wrote the threads of {release}.", release=release_id)
        self._replace(_threads_key(release_id), Threads(threads=threads), problem)

    def decision(self, number: int) -> Decision | None:
        """The newest decision about an operation, or None."""
        return self._read(_decision_key(number), Decision)

    def leave_decision(self, decision: Decision) -> None:
        """Leave a decision for the run of an operation. Raises LEDGER_CONFLICT."""
        problem = phrase(
            "Another person decided about operation {operation} at the same time.",
            operation=decision.operation,
        )
        self._replace(_decision_key(decision.operation), decision, problem)

    def found(self, key: str, kind: type[T]) -> tuple[T, str] | None:
        """A record with its entity tag, or None. Raises LEDGER_UNREADABLE."""
        found = self.store.get(key)
        if found is None:
            return None
        body, tag = found
        try:
            # The version comes first. Otherwise a newer format would look like a damaged one.
            _refuse_newer(_Versioned.model_validate_json(body, extra="ignore").version, key)
            record = kind.model_validate_json(body, extra="ignore")
        except ValidationError as error:
            first = error.errors()[0]
            raise KanmonError(
                Code.LEDGER_UNREADABLE,
                phrase("{key} is not a {kind}: {reason}.", key=key, kind=kind.__name__, reason=first["msg"]),
                where=key,
            ) from error
        return record, tag

    def _replace(self, key: str, record: Stored, problem: str) -> None:
        """Write a record in place of the present one. Raises LEDGER_CONFLICT when another did it first."""
        found = self.store.get(key)
        try:
            self.store.put(key, as_json(record), expected=found[1] if found else None)
        except Conflict:
            raise KanmonError(Code.LEDGER_CONFLICT, problem) from None

    def _last_deployed(self) -> int:
        return max(self._numbers(DEPLOYED), default=0)

    def _next(self, deployed: int) -> int:
        """The first number after the last deployed release that no planned one has."""
        taken, number = self._numbers(PLANNED), deployed + 1
        while number in taken:
            number += 1
        return number

    def _numbers(self, folder: str) -> set[int]:
        found = (_RECORD.fullmatch(key) for key in self.store.keys(folder))
        return {int(key[1]) for key in found if key}

    def _readable(self, key: str, kind: type[T]) -> T | None:
        """A record, or None when it is missing or can't be read."""
        try:
            return self._read(key, kind)
        except KanmonError as error:
            if error.code is not Code.LEDGER_UNREADABLE:
                raise
            self.warn(phrase("{key} is left out: {message}", key=key, message=error.message))
            return None

    def _read(self, key: str, kind: type[T]) -> T | None:
        found = self.found(key, kind)
        return found[0] if found else None


def _refuse_newer(version: int, key: str) -> None:
    if version > VERSION:
        problem = phrase(
            "A newer Kanmon wrote {key}: it has version {version} of the format, not {known}.",
            key=key,
            version=version,
            known=VERSION,
        )
        fix = phrase("Update Kanmon: the pinned commits of the workflows, or the command line.")
        raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=key, fix=fix)


def missing_operation(number: int) -> KanmonError:
    """The error for an open operation without its record."""
    problem = phrase("The record of operation {number} is missing.", number=number)
    return KanmonError(Code.LEDGER_UNREADABLE, problem, where=operation_key(number))


def release_key(release_id: str) -> str:
    """The deploy's record of a release. The plan's is another object, since another role writes it."""
    return f"{DEPLOYED}{release_id}.json"


def operation_key(number: int) -> str:
    """The record of an operation."""
    return f"operations/{number:06d}.json"


def as_json(record: BaseModel) -> bytes:
    """A record as it is stored."""
    return record.model_dump_json(indent=1).encode()


def _planned_key(release_id: str) -> str:
    return f"{PLANNED}{release_id}.json"


def _decision_key(number: int) -> str:
    return f"decisions/{number:06d}.json"


def _threads_key(release_id: str) -> str:
    return f"{THREADS}{release_id}.json"


DOCUMENTS: Mapping[str, type[Stored]] = {
    HEAD: Head,
    release_key("r42"): Release,
    operation_key(7): Operation,
    _decision_key(7): Decision,
    _planned_key("r42"): PlannedRelease,
    _threads_key("r42"): Threads,
}
"""The key of an object of each kind, and its record."""
