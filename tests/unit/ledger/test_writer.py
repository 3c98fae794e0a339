"""The writer: no write of a late run survives, and no write of its own is lost (CD-13, CD-14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.records import Head, Lease, PlannedRelease
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import ReleaseState
from tests.fakes.ledger import operation
from tests.fakes.store import AlwaysLosing, MemoryStore

if TYPE_CHECKING:
    from kanmon.ledger.records import Release

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
COUNT = count(1)
Write = Callable[[LedgerWriter], object]


def taken(ledger: Ledger) -> LedgerWriter:
    own = Lease(holder=f"kim:{next(COUNT)}", expires=NOON)
    return LedgerWriter.take(ledger, lambda head: head.model_copy(update={"lease": own}))


PLANNED = PlannedRelease(id="r1", commit="c" * 40, bundle="b", created=NOON)


def with_release(store: MemoryStore | None = None) -> Ledger:
    """A ledger with the planned release r1."""
    ledger = Ledger(store or MemoryStore())
    ledger.add_release(lambda _: PLANNED)
    return ledger


def begun(ledger: Ledger) -> LedgerWriter:
    """A writer at work on the operation 1 of the release r1."""
    writer = taken(ledger)
    writer.begin_operation(operation(1))
    writer.begin_release(PLANNED)
    return writer


def amended(writer: LedgerWriter, **changes: object) -> Head:
    return writer.amend_head(lambda head: head.model_copy(update=changes))


WRITES: dict[str, Write] = {
    "head": lambda writer: amended(writer, live="r9"),
    "operation": lambda writer: writer.write_operation(operation(1, "late")),
    "release": lambda writer: writer.amend_release("r1", state=ReleaseState.STABLE),
}


@dataclass
class LosingAnswers(MemoryStore):
    """The write is done, but the answer to it is lost."""

    lost: int = 0

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        tag = super().put(key, body, expected=expected)
        if self.lost:
            self.lost -= 1
            raise KanmonError(Code.AWS_FAILED, "The answer was lost.")
        return tag


def test_every_lease_has_a_higher_token() -> None:
    ledger = Ledger(MemoryStore())
    assert [taken(ledger).head.token for _ in range(4)] == [1, 2, 3, 4]


def test_a_refused_lease_writes_nothing() -> None:
    store = MemoryStore()

    def refuse(_: Head) -> Head:
        raise KanmonError(Code.LOCKED, "locked")

    with pytest.raises(KanmonError, match="locked"):
        LedgerWriter.take(Ledger(store), refuse)
    assert store.objects == {}


def test_the_lease_is_taken_on_the_newest_head() -> None:
    """CD-14: another run came between the read and the write."""
    ledger, others = Ledger(MemoryStore()), [True]

    def change(head: Head) -> Head:
        if others:
            others.pop()
            taken(ledger)
        return head.model_copy(update={"lease": Lease(holder="aki", expires=NOON)})

    assert LedgerWriter.take(ledger, change).head.token == 2


def test_a_lease_is_given_up_after_many_others() -> None:
    ledger = Ledger(MemoryStore())

    def change(head: Head) -> Head:
        taken(ledger)
        return head

    with pytest.raises(KanmonError) as caught:
        LedgerWriter.take(ledger, change)
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_an_unreadable_head_is_never_overwritten() -> None:
    store = MemoryStore({"head.json": b"{"})
    with pytest.raises(KanmonError) as caught:
        taken(Ledger(store))
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert store.objects == {"head.json": b"{"}


def test_an_unchanged_head_is_not_written() -> None:
    store = MemoryStore()
    writer = taken(Ledger(store))
    writer.amend_head(lambda head: head)
    assert store.writes == ["head.json"]


def test_no_head_is_read_again() -> None:
    """The writer knows it: nobody else may write it."""
    writer = begun(with_release())
    assert amended(writer, live="r1") == writer.ledger.head()


@pytest.mark.parametrize("name", WRITES)
def test_nothing_of_a_late_run_is_written(name: str) -> None:
    """CD-14: another run has adopted the operation, and changed nothing more yet."""
    ledger = with_release()
    late = begun(ledger)
    holder = taken(ledger)
    holder.adopt_operation(1)
    before = dict(vars(ledger.store)["objects"])
    with pytest.raises(KanmonError) as caught:
        WRITES[name](late)
    assert caught.value.code is Code.LEASE_LOST
    assert vars(ledger.store)["objects"] == before
    WRITES[name](holder)


@pytest.mark.parametrize("name", WRITES)
def test_a_lost_answer_is_no_lost_lease(name: str) -> None:
    """CD-13: the object then has this run's token, under a tag that the run doesn't know."""
    store = LosingAnswers()
    writer = begun(with_release(store))
    store.lost = 1
    with pytest.raises(KanmonError, match="lost"):
        WRITES[name](writer)
    WRITES[name](writer)
    amended(writer, live="r2")
    writer.write_operation(operation(1, "on time"))
    assert writer.ledger.operation(1) == operation(1, "on time").model_copy(update={"token": 1})


def test_a_late_run_cannot_adopt_anything() -> None:
    ledger = with_release()
    late = begun(ledger)
    taken(ledger).adopt_operation(1)
    with pytest.raises(KanmonError) as caught:
        late.adopt_operation(1)
    assert caught.value.code is Code.LEASE_LOST


def test_adoption_wins_against_a_run_still_at_work() -> None:
    """CD-14: the former holder writes between the read and the write of the new one."""
    ledger = with_release()
    late, holder = begun(ledger), taken(ledger)
    store = vars(ledger.store)

    @dataclass
    class Racing(MemoryStore):
        races: int = 3

        def get(self, key: str) -> tuple[bytes, str] | None:
            found = super().get(key)
            if key.startswith("operations/") and self.races:
                self.races -= 1
                late.write_operation(operation(1, f"still {self.races}"))
            return found

    holder.ledger = Ledger(Racing(store["objects"]))
    assert holder.adopt_operation(1).reason == "still 0"
    with pytest.raises(KanmonError):
        late.write_operation(operation(1, "late"))


def test_an_amended_release_keeps_its_other_fields() -> None:
    writer = begun(with_release())
    before: Release = writer.releases["r1"]
    writer.amend_release("r1", state=ReleaseState.STABLE, stable_at=NOON)
    changes = {"state": ReleaseState.STABLE, "stable_at": NOON}
    assert writer.ledger.release("r1") == before.model_copy(update=changes)


def test_a_release_begins_as_it_was_approved() -> None:
    """TRU-1: the plan role wrote another record of it meanwhile."""
    ledger = with_release()
    ledger.store.put("releases/r1.json", b"{}", expected=ledger.store.get("releases/r1.json")[1])  # type: ignore[index]
    writer = taken(ledger)
    assert writer.begin_release(PLANNED) == writer.releases["r1"] == ledger.release("r1")
    assert writer.releases["r1"].bundle == "b"


def test_a_release_begun_before_gets_what_is_approved_now() -> None:
    """TRU-1: an aborted deploy left its record."""
    writer = begun(with_release())
    writer.begin_release(PLANNED.model_copy(update={"bundle": "approved"}))
    amended = writer.amend_release("r1", state=ReleaseState.CANDIDATE)
    assert amended.bundle == "approved"
    assert writer.ledger.release("r1") == amended


def test_a_planned_release_alone_cannot_be_adopted() -> None:
    """TRU-1: a base, a target and a recovery come from records of the deploy role."""
    with pytest.raises(KanmonError, match="No deploy began r1") as caught:
        taken(with_release()).adopt_release("r1")
    assert caught.value.code is Code.UNKNOWN_RELEASE


def test_an_unknown_release_cannot_be_adopted() -> None:
    with pytest.raises(KanmonError, match="r7") as caught:
        taken(Ledger(MemoryStore())).adopt_release("r7")
    assert caught.value.code is Code.UNKNOWN_RELEASE


def test_a_missing_operation_is_named_by_its_key() -> None:
    with pytest.raises(KanmonError) as caught:
        taken(Ledger(MemoryStore())).adopt_operation(7)
    assert caught.value.where == "operations/000007.json"


def test_a_record_of_no_operation_is_overwritten() -> None:
    """CD-13: a run died between the operation's record and the head."""
    ledger = with_release()
    begun(ledger)
    head = ledger.head().model_copy(update={"operations": 0, "operation": None})
    ledger.store.put("head.json", head.model_dump_json().encode(), expected=ledger.store.get("head.json")[1])  # type: ignore[index]
    writer = taken(ledger)
    writer.begin_operation(operation(1, "the next"))
    assert ledger.operation(1) == operation(1, "the next").model_copy(update={"token": writer.head.token})


def test_a_store_in_constant_conflict_gives_no_lease() -> None:
    with pytest.raises(KanmonError) as caught:
        taken(Ledger(AlwaysLosing()))
    assert caught.value.code is Code.LEDGER_CONFLICT
