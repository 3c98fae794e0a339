"""Writes the records that belong to the holder of the lease (CD-14).

S3 has no transactions, and a process may be suspended at any moment and wake up when another run has its
lease. So every record carries the fencing token of its last writer, and every write is conditional on the
entity tag of this run's own last write. A new holder rewrites the head and all records of the open operation
with its token before it acts. From then on every write of the late process meets another tag and is refused.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from kanmon.aws.objects import Conflict
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import HEAD, Ledger, as_json, missing_operation, operation_key, release_key
from kanmon.ledger.records import Fenced, Head, Operation, PlannedRelease, Release

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIES = 8
_REFUSALS = frozenset({Code.AWS_DENIED, Code.CREDENTIALS_MISSING, Code.LEASE_LOST})
"""Errors of a write that was certainly not done."""
T = TypeVar("T", bound=Fenced)


@dataclass
class LedgerWriter:
    """The one writer of a run: its steps and the renewal of its lease share it."""

    ledger: Ledger
    head: Head
    """The head as this run wrote it last. Nobody else may write it meanwhile."""
    tags: dict[str, str | None]
    """The entity tag of this run's own last write, by key. None: there is no object yet."""
    releases: dict[str, Release] = field(default_factory=dict)
    """The adopted releases, as this run wrote them last."""
    opening: int | None = None
    """The operation that this run may have made the head's open one: the answer was lost."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def take(cls, ledger: Ledger, change: Callable[[Head], Head]) -> LedgerWriter:
        """Write a lease into the head, with the next fencing token.

        `change` may raise an error to refuse. Raises LEDGER_CONFLICT after eight tries.
        """
        for _ in range(_TRIES):
            head, tag = ledger.found(HEAD, Head) or (Head(), None)
            taken = change(head).model_copy(update={"token": head.token + 1})
            with suppress(Conflict):
                return cls(ledger, taken, {HEAD: ledger.store.put(HEAD, as_json(taken), expected=tag)})
        raise KanmonError(Code.LEDGER_CONFLICT, phrase("Others keep writing the environment's head."))

    def amend_head(self, change: Callable[[Head], Head]) -> Head:
        """Apply a change to the head. Raises LEASE_LOST. An unchanged head is not written."""
        with self.lock:
            amended = change(self.head)
            if amended != self.head:
                self.head = self._put(HEAD, amended)
            return self.head

    def adopt_operation(self, number: int) -> Operation:
        """Take over an open operation with its releases. Raises LEDGER_UNREADABLE, LEASE_LOST."""
        operation = self._adopt(operation_key(number), Operation)
        if operation is None:
            raise missing_operation(number)
        for release_id in filter(None, (operation.release, operation.base)):
            self.adopt_release(release_id)
        return operation

    def adopt_release(self, release_id: str) -> Release:
        """Take over the deploy's record of a release. Raises UNKNOWN_RELEASE, LEASE_LOST."""
        release = self._adopt(release_key(release_id), Release)
        if release is None:
            raise KanmonError(Code.UNKNOWN_RELEASE, phrase("No deploy began {release}.", release=release_id))
        self.releases[release_id] = release
        return release

    def begin_release(self, approved: PlannedRelease) -> Release:
        """Take over a release's record, or begin it as it was approved. Raises LEASE_LOST.

        The plan's record of it is not read. Its role can write that one, also after the approval.
        """
        key = release_key(approved.id)
        begun = Release(**approved.model_dump())
        release = self._adopt(key, Release) or self._put(key, begun)
        # An aborted deploy of the same plan left a record. The first step writes what this one approved.
        approval = approved.model_dump(include={"version", "commit", "bundle", "config"})
        self.releases[approved.id] = release.model_copy(update=approval)
        return self.releases[approved.id]

    def begin_operation(self, operation: Operation) -> Operation:
        """Write a new operation's record, then make it the head's open one. Raises LEASE_LOST.

        A run that died between the two has left a record of this number, which began nothing.
        """
        self._adopt(operation_key(operation.number), Operation)
        begun = self.write_operation(operation)
        opened = {"operations": operation.number, "operation": operation.number}
        try:
            self.amend_head(lambda head: head.model_copy(update=opened))
        except BaseException as error:
            certain = isinstance(error, KanmonError) and error.code in _REFUSALS
            self.opening = None if certain else operation.number
            raise
        return begun

    def has_begun(self, number: int) -> bool:
        """Whether the head names the operation as its open one.

        The answer to this run's write may have been lost. Then the head is read; unread, it may name it.
        """
        if self.head.operation == number or self.opening != number:
            return self.head.operation == number
        try:
            found = self.ledger.found(HEAD, Head)
        except KanmonError:
            return True
        if found and found[0].token == self.head.token:
            # It is this run's own write. Otherwise its next one would undo it.
            self.head, self.tags[HEAD] = found
        return self.head.operation == number

    def write_operation(self, operation: Operation) -> Operation:
        """Write an operation's record; the record as it was written. Raises LEASE_LOST."""
        return self._put(operation_key(operation.number), operation)

    def amend_release(self, release_id: str, **changes: object) -> Release:
        """Change fields of an adopted release's record. Raises LEASE_LOST."""
        amended = self._put(release_key(release_id), self.releases[release_id].model_copy(update=changes))
        self.releases[release_id] = amended
        return amended

    def _adopt(self, key: str, kind: type[T]) -> T | None:
        """Rewrite a record with this run's token. Its former holder may write it meanwhile: then again."""
        for _ in range(_TRIES):
            found = self.ledger.found(key, kind)
            if found is None:
                return None
            record, tag = found
            if record.token > self.head.token:
                break
            if written := self._write(key, record, tag):
                return written
        raise _lost(key)

    def _put(self, key: str, record: T) -> T:
        written = self._write(key, record, self.tags.get(key))
        if written is None:
            # The answer to this run's last write may have been lost: then the object has this run's token,
            # and the tag of the last write is the object's.
            found = self.ledger.found(key, type(record))
            if found and found[0].token == self.head.token:
                written = self._write(key, record, found[1])
        if written is None:
            raise _lost(key)
        return written

    def _write(self, key: str, record: T, expected: str | None) -> T | None:
        """Write a record with this run's token, and keep its tag. None when the object has another tag."""
        stamped = record.model_copy(update={"token": self.head.token})
        try:
            self.tags[key] = self.ledger.store.put(key, as_json(stamped), expected=expected)
        except Conflict:
            return None
        return stamped


def _lost(key: str) -> KanmonError:
    return KanmonError(Code.LEASE_LOST, phrase("Another run took over; this one stops here."), where=key)
