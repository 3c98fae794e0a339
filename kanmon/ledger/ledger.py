"""Reads and writes the ledger's records, with conditional writes only."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from kanmon.aws.objects import Conflict
from kanmon.errors import Code, KanmonError
from kanmon.ledger.records import Head, Operation, Release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.ledger.store import Store

_HEAD = "head.json"
_RELEASE_KEY = re.compile(r"releases/r(\d+)\.json")
_TRIES = 8
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Ledger:
    """The records of one environment."""

    store: Store

    def head(self) -> Head:
        """The environment's present state; a new one before the first release."""
        return self._read(_HEAD, Head) or Head()

    def amend_head(self, change: Callable[[Head], Head]) -> Head:
        """Apply a change to the newest head, and again when another writer came first.

        `change` may raise an error to refuse. Raises LEDGER_CONFLICT after eight tries.
        """
        for _ in range(_TRIES):
            found = self.store.get(_HEAD)
            head = self._parse(_HEAD, Head, found[0]) if found else Head()
            amended = change(head)
            if amended == head:
                return head
            amended = amended.model_copy(update={"written_by": uuid.uuid4().hex})
            try:
                self.store.put(_HEAD, _json(amended), expected=found[1] if found else None)
            except Conflict:
                continue
            return amended
        raise KanmonError(Code.LEDGER_CONFLICT, "Others keep writing the environment's head.")

    def release(self, release_id: str) -> Release | None:
        """The record of a release, or None."""
        return self._read(f"releases/{release_id}.json", Release)

    def add_release(self, make: Callable[[str], Release]) -> Release:
        """Record a new release under the next free id.

        The first is `r1`. Raises LEDGER_CONFLICT. The id comes from the existing records, not from the head:
        a plan role may not write the head.
        """
        for _ in range(_TRIES):
            release = make(f"r{max(self._numbers(), default=0) + 1}")
            try:
                self.store.put(f"releases/{release.id}.json", _json(release), expected=None)
            except Conflict:
                continue
            return release
        raise KanmonError(Code.LEDGER_CONFLICT, "No free release id could be taken.")

    def newest_release(self) -> Release | None:
        """The release with the highest id, or None before the first one."""
        newest = max(self._numbers(), default=None)
        return self.release(f"r{newest}") if newest else None

    def amend_release(self, release_id: str, **changes: object) -> Release:
        """Change fields of a release's record.

        Raises UNKNOWN_RELEASE or LEDGER_CONFLICT.
        """
        key = f"releases/{release_id}.json"
        for _ in range(_TRIES):
            found = self.store.get(key)
            if found is None:
                raise KanmonError(Code.UNKNOWN_RELEASE, f"The ledger has no release {release_id}.")
            release = self._parse(key, Release, found[0]).model_copy(update=changes)
            try:
                self.store.put(key, _json(release), expected=found[1])
            except Conflict:
                continue
            return release
        raise KanmonError(Code.LEDGER_CONFLICT, f"Others keep writing the release {release_id}.")

    def operation(self, number: int) -> Operation | None:
        """The record of an operation, or None."""
        return self._read(_operation_key(number), Operation)

    def write_operation(self, operation: Operation) -> None:
        """Write an operation's record.

        The caller holds the lease. Raises LEDGER_CONFLICT.
        """
        key = _operation_key(operation.number)
        found = self.store.get(key)
        try:
            self.store.put(key, _json(operation), expected=found[1] if found else None)
        except Conflict:
            raise KanmonError(
                Code.LEDGER_CONFLICT, f"Another process wrote the operation {operation.number}."
            ) from None

    def operations(self) -> list[Operation]:
        """All operations, oldest first."""
        records = (self._read(key, Operation) for key in self.store.keys("operations/"))
        return [record for record in records if record is not None]

    def releases(self) -> list[Release]:
        """All releases, oldest first."""
        records = (self.release(f"r{number}") for number in sorted(self._numbers()))
        return [record for record in records if record is not None]

    def _numbers(self) -> list[int]:
        found = (_RELEASE_KEY.fullmatch(key) for key in self.store.keys("releases/"))
        return [int(key[1]) for key in found if key]

    def _read(self, key: str, kind: type[T]) -> T | None:
        found = self.store.get(key)
        return self._parse(key, kind, found[0]) if found else None

    def _parse(self, key: str, kind: type[T], body: bytes) -> T:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            raise KanmonError(
                Code.LEDGER_UNREADABLE, f"{key} is not a {kind.__name__}: {first['msg']}.", where=key
            ) from error


def _operation_key(number: int) -> str:
    return f"operations/{number:06d}.json"


def _json(record: BaseModel) -> bytes:
    return record.model_dump_json(indent=1).encode()
