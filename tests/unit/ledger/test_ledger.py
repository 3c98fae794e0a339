"""The ledger: many writers and no loss; unreadable records are errors (CD-11, CD-13, CD-14)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier, current_thread, local, main_thread
from typing import TYPE_CHECKING

import pytest

from kanmon.aws.objects import Conflict
from kanmon.errors import Code, KanmonError
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.records import Head, Operation, Release
from kanmon.model import OperationKind, Slot, State
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS = 8
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
UNREADABLE = pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"live": 7}', b'{"colour": "red"}', b"\xff\xfe"], ids=repr
)


def _release(release_id: str, commit: str = "c" * 40) -> Release:
    return Release(id=release_id, commit=commit, bundle="b", created=NOON)


def _operation(number: int, reason: str = "") -> Operation:
    return Operation(
        number=number,
        kind=OperationKind.DEPLOY,
        release="r1",
        slot=Slot.BLUE,
        actor="kim",
        reason=reason,
        began=NOON,
    )


@dataclass
class StartingTogether(MemoryStore):
    """Holds every writer's first read until all have read: the worst race there is."""

    barrier: Barrier = field(default_factory=lambda: Barrier(WRITERS, timeout=10))
    seen: local = field(default_factory=local)

    def get(self, key: str) -> tuple[bytes, str] | None:
        found = super().get(key)
        if current_thread() is not main_thread() and not getattr(self.seen, "waited", False):
            self.seen.waited = True
            self.barrier.wait()
        return found


class AlwaysLosing(MemoryStore):
    """Another writer always comes first."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        del body, expected
        raise Conflict(key)


def test_a_fresh_environment_has_an_empty_head() -> None:
    assert Ledger(MemoryStore()).head() == Head()


def test_a_change_of_nothing_writes_nothing() -> None:
    store = MemoryStore()
    assert Ledger(store).amend_head(lambda head: head) == Head()
    assert store.writes == []


def test_a_refusing_change_leaves_the_head_alone() -> None:
    store = MemoryStore()

    def refuse(_: Head) -> Head:
        raise KanmonError(Code.HELD, "held")

    with pytest.raises(KanmonError, match="held"):
        Ledger(store).amend_head(refuse)
    assert store.objects == {}


def test_the_change_of_another_writer_is_kept() -> None:
    ledger, others = Ledger(MemoryStore()), 3

    def change(head: Head) -> Head:
        nonlocal others
        if others:
            others -= 1
            ledger.amend_head(lambda now: now.model_copy(update={"leases": now.leases + 1}))
        return head.model_copy(update={"operations": head.operations + 1})

    ledger.amend_head(change)
    assert ledger.head().leases == 3
    assert ledger.head().operations == 1


def test_amendments_of_many_writers_at_once_are_all_kept() -> None:
    """CD-14"""
    ledger = Ledger(StartingTogether())

    def adding(name: str) -> Callable[[Head], Head]:
        return lambda head: head.model_copy(update={"stable": (*head.stable, name)})

    names = [f"r{number}" for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda name: ledger.amend_head(adding(name)), names))
    assert sorted(ledger.head().stable) == names


def test_equal_changes_of_two_writers_count_twice() -> None:
    """CD-14: the second reads before the first wrote, and both write the same bytes."""
    ledger = Ledger(MemoryStore())
    nested = iter([True])

    def count(head: Head) -> Head:
        if next(nested, False):
            ledger.amend_head(count)
        return head.model_copy(update={"operations": head.operations + 1})

    ledger.amend_head(count)
    assert ledger.head().operations == 2


def test_a_writer_gives_up_after_many_others() -> None:
    ledger = Ledger(MemoryStore())

    def change(head: Head) -> Head:
        ledger.amend_head(lambda now: now.model_copy(update={"leases": now.leases + 1}))
        return head.model_copy(update={"operations": 1})

    with pytest.raises(KanmonError) as caught:
        ledger.amend_head(change)
    assert caught.value.code is Code.LEDGER_CONFLICT


@pytest.mark.parametrize(
    "write",
    [
        lambda ledger: ledger.amend_head(lambda head: head.model_copy(update={"live": "r9"})),
        lambda ledger: ledger.add_release(_release),
        lambda ledger: ledger.amend_release("r1", state=State.STABLE),
        lambda ledger: ledger.write_operation(_operation(1)),
    ],
    ids=["head", "new release", "release", "operation"],
)
def test_endless_conflicts_are_one_error(write: Callable[[Ledger], object]) -> None:
    store = AlwaysLosing({"releases/r1.json": _release("r1").model_dump_json().encode()})
    with pytest.raises(KanmonError) as caught:
        write(Ledger(store))
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_release_ids_are_unique_among_many_writers_at_once() -> None:
    """CD-14"""
    ledger = Ledger(StartingTogether())
    commits = [f"{number}" * 40 for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        made = list(pool.map(lambda commit: ledger.add_release(lambda i: _release(i, commit)), commits))
    assert len({release.id for release in made}) == WRITERS
    assert {release.id: release.commit for release in ledger.releases()} == {
        release.id: release.commit for release in made
    }


def test_the_next_id_comes_after_the_newest_record() -> None:
    """CD-13: only the records count the releases, so nothing can disagree with them."""
    others = {"releases/readme.txt": b"", "releases/r9.json.bak": b"", "releases/rx.json": b""}
    ledger = Ledger(MemoryStore({"releases/r2.json": b"{}", "releases/r10.json": b"{}", **others}))
    assert ledger.add_release(_release).id == "r11"


def test_the_newest_release_has_the_last_id() -> None:
    ledger = Ledger(MemoryStore())
    made = [ledger.add_release(_release) for _ in range(11)]
    assert ledger.newest_release() == made[-1]


def test_before_the_first_release_there_is_no_newest() -> None:
    assert Ledger(MemoryStore()).newest_release() is None


def test_a_new_release_leaves_the_head_alone() -> None:
    """SEC-1: the plan's role has no right to write the head."""
    store = MemoryStore()
    Ledger(store).add_release(_release)
    assert store.writes == ["releases/r1.json"]


def test_releases_come_in_the_order_of_their_numbers() -> None:
    """CD-11: r2 before r10."""
    ledger = Ledger(MemoryStore())
    made = [ledger.add_release(_release).id for _ in range(11)]
    assert made == [f"r{number}" for number in range(1, 12)]
    assert [release.id for release in ledger.releases()] == made


def test_an_amended_release_keeps_its_other_fields() -> None:
    ledger = Ledger(MemoryStore())
    made = ledger.add_release(_release)
    ledger.amend_release("r1", state=State.STABLE, stable_at=NOON)
    assert ledger.release("r1") == made.model_copy(update={"state": State.STABLE, "stable_at": NOON})


def test_an_unknown_release_is_none() -> None:
    assert Ledger(MemoryStore()).release("r7") is None


def test_an_unknown_release_cannot_be_amended() -> None:
    with pytest.raises(KanmonError, match="r7") as caught:
        Ledger(MemoryStore()).amend_release("r7", state=State.STABLE)
    assert caught.value.code is Code.UNKNOWN_RELEASE


def test_operations_come_in_the_order_of_their_numbers() -> None:
    """CD-11"""
    ledger = Ledger(MemoryStore())
    for number in (10, 2, 100, 1):
        ledger.write_operation(_operation(number))
    assert [operation.number for operation in ledger.operations()] == [1, 2, 10, 100]


def test_an_operation_is_written_again_as_it_goes_on() -> None:
    ledger = Ledger(MemoryStore())
    ledger.write_operation(_operation(1))
    ledger.write_operation(_operation(1, reason="why"))
    assert ledger.operation(1) == _operation(1, reason="why")


def test_an_unknown_operation_is_none() -> None:
    assert Ledger(MemoryStore()).operation(1) is None


@UNREADABLE
@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("head.json", Ledger.head),
        ("releases/r1.json", Ledger.releases),
        ("operations/000001.json", Ledger.operations),
    ],
    ids=["head", "release", "operation"],
)
def test_an_unreadable_record_is_named_by_its_key(
    key: str, read: Callable[[Ledger], object], body: bytes
) -> None:
    with pytest.raises(KanmonError) as caught:
        read(Ledger(MemoryStore({key: body})))
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert caught.value.where == key
    assert key in caught.value.message


def test_an_unreadable_head_is_never_overwritten() -> None:
    store = MemoryStore({"head.json": b"{"})
    with pytest.raises(KanmonError) as caught:
        Ledger(store).amend_head(lambda head: head.model_copy(update={"live": "r1"}))
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert store.objects == {"head.json": b"{"}
