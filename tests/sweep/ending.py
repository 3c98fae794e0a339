"""The end of a struck run: its exit status, `settled` and result must fit the ledger and the users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.errors import ExitStatus
from kanmon.model import OperationKind, Result
from kanmon.release.lease import LENGTH

if TYPE_CHECKING:
    from datetime import datetime

    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Head


@dataclass(frozen=True)
class View:
    """The ledger's head, and the releases of users by the page and by the API."""

    head: Head
    users: tuple[str | None, str | None]
    held: bool

    @property
    def is_open(self) -> bool:
        """Somebody has to recover. A held environment waits for a decision instead."""
        return self.head.operation is not None and not self.held


@dataclass(frozen=True)
class End:
    """How a run ended."""

    status: ExitStatus
    settled: bool
    """The post step of a Docker action has nothing to recover."""
    result: Result | None
    """None after a refusal."""
    release: str = ""
    kind: OperationKind = OperationKind.DEPLOY
    operation: int | None = None
    text: str = ""
    recovers: bool = False
    """The run is a recovery: to undo a deploy is a success."""

    def __str__(self) -> str:
        return f"{self.result or 'refused'}, exit status {self.status}, settled={self.settled} ({self.text})"


def expect_true_end(
    end: End, before: View, now: View, ledger: Ledger, time: datetime, *, answer_lost: bool
) -> None:
    """Raise AssertionError if the end is untrue. After a lost answer a run may recover once too often."""
    assert not (end.settled and now.is_open), f"{end}, but an operation is open"
    # A run interrupted outside of an operation ends at once, without a look at the ledger.
    at_once = end.result is None and end.status is ExitStatus.INTERRUPTED
    assert end.settled or now.is_open or answer_lost or at_once, f"{end}, but no operation is open"
    assert now.head.lease is None or now.head.lease.expires - time <= LENGTH, "the lease lasts too long"
    if end.result is None:
        _expect_nothing_changed(end, before, now)
        return
    if end.status is not ExitStatus.INTERRUPTED:
        assert end.status is _status(end, end.result), f"{end}"
    if end.result is Result.FAILED:
        return
    assert now.held is (end.result is Result.HELD), f"{end}, but held is {now.held}"
    if end.result is not Result.HELD:
        live = end.release if _moves(end.result, end.kind) else before.head.live
        assert now.head.live == live, f"{end}, but the ledger has {now.head.live}, not {live}"
    _expect_record(end, ledger)


def _status(end: End, result: Result) -> ExitStatus:
    if result is Result.HELD:
        return ExitStatus.HELD
    undone = end.recovers and end.kind is OperationKind.DEPLOY and result is not Result.FAILED
    return ExitStatus.OK if undone or result.is_success(end.kind) else ExitStatus.FAILED


def _moves(result: Result, kind: OperationKind) -> bool:
    """Whether users are on the operation's release afterwards."""
    return result is Result.STABLE or (kind is OperationKind.ROLLBACK and result is Result.ROLLED_BACK)


def _expect_nothing_changed(end: End, before: View, now: View) -> None:
    assert end.status in {ExitStatus.REFUSED, ExitStatus.INTERRUPTED}, f"{end}"
    assert now.users == before.users, f"{end}, but users were moved to {now.users}"
    assert now.head.operations == before.head.operations, f"{end}, but it began an operation"


def _expect_record(end: End, ledger: Ledger) -> None:
    record = ledger.operation(end.operation) if end.operation else None
    assert record, f"{end}, but without a record"
    assert record.ended, f"{end}, but the record has no end"
    assert record.result is end.result, f"{end}, but the record has {record.result}"
