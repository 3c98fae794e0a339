"""The ledger: many writers, no loss; what can't be read or amended is said (CD-11, CD-13, CD-14)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier, current_thread, local, main_thread
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Attempt, Conflict, Head, Ledger, Release, Slot, State
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS = 8
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def a_release(release_id: str, commit: str = "c" * 40) -> Release:
    return Release(id=release_id, commit=commit, bundle="b", created=NOON)


def an_attempt(number: int, reason: str = "") -> Attempt:
    return Attempt(
        number=number, kind="deploy", release="r1", slot=Slot.BLUE, actor="kim", reason=reason, began=NOON
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
    """Somebody else always comes first."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        del body, expected
        raise Conflict(key)


def test_a_fresh_environment_has_an_empty_head() -> None:
    assert Ledger(MemoryStore()).head() == Head()


def test_a_change_that_refuses_leaves_the_head_alone() -> None:
    store = MemoryStore()

    def refuse(_: Head) -> Head:
        raise KanmonError(Code.HELD, "held")

    with pytest.raises(KanmonError, match="held"):
        Ledger(store).amend_head(refuse)
    assert store.objects == {}


def test_amendments_of_many_writers_at_once_are_all_kept() -> None:
    """CD-14."""
    ledger = Ledger(StartingTogether())

    def adding(name: str) -> Callable[[Head], Head]:
        return lambda head: head.model_copy(update={"stable": (*head.stable, name)})

    names = [f"r{number}" for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda name: ledger.amend_head(adding(name)), names))
    assert sorted(ledger.head().stable) == names


def test_two_writers_that_count_are_counted_twice() -> None:
    """CD-14: the second reads before the first wrote, and both write the same bytes."""
    ledger = Ledger(MemoryStore())
    nested = iter([True])

    def count(head: Head) -> Head:
        if next(nested, False):
            ledger.amend_head(count)
        return head.model_copy(update={"attempts": head.attempts + 1})

    ledger.amend_head(count)
    assert ledger.head().attempts == 2


def test_release_ids_are_unique_among_many_writers_at_once() -> None:
    """CD-14."""
    ledger = Ledger(StartingTogether())
    commits = [f"{number}" * 40 for number in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        made = list(pool.map(lambda commit: ledger.add_release(lambda i: a_release(i, commit)), commits))
    assert len({release.id for release in made}) == WRITERS
    assert {release.id: release.commit for release in ledger.releases()} == {
        release.id: release.commit for release in made
    }


def test_the_next_id_follows_the_newest_record_whatever_else_lies_there() -> None:
    """CD-13: nothing beside the records counts them, so nothing can disagree with them."""
    others = {"releases/readme.txt": b"", "releases/r9.json.bak": b"", "releases/rx.json": b""}
    ledger = Ledger(MemoryStore({"releases/r2.json": b"{}", "releases/r10.json": b"{}", **others}))
    assert ledger.add_release(a_release).id == "r11"
    newest = ledger.newest_release()
    assert newest
    assert newest.id == "r11"


def test_before_the_first_release_there_is_no_newest() -> None:
    assert Ledger(MemoryStore()).newest_release() is None


def test_taking_an_id_leaves_the_head_alone() -> None:
    """SEC-1: who only plans may not write who is live and who holds the lock."""
    store = MemoryStore()
    Ledger(store).add_release(a_release)
    assert store.writes == ["releases/r1.json"]


@pytest.mark.parametrize(
    "write",
    [
        lambda ledger: ledger.amend_head(lambda head: head.model_copy(update={"live": "r9"})),
        lambda ledger: ledger.add_release(a_release),
        lambda ledger: ledger.amend_release("r1", state=State.STABLE),
        lambda ledger: ledger.write_attempt(an_attempt(1)),
    ],
    ids=["head", "new release", "release", "attempt"],
)
def test_a_store_that_always_conflicts_ends_in_a_ledger_conflict(write: Callable[[Ledger], object]) -> None:
    store = AlwaysLosing({"releases/r1.json": a_release("r1").model_dump_json().encode()})
    with pytest.raises(KanmonError) as caught:
        write(Ledger(store))
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_an_unknown_release_is_none_to_read_and_an_error_to_amend() -> None:
    ledger = Ledger(MemoryStore())
    assert ledger.release("r7") is None
    with pytest.raises(KanmonError, match="r7") as caught:
        ledger.amend_release("r7", state=State.STABLE)
    assert caught.value.code.id == "KNM-411"


def test_amending_a_release_keeps_its_other_fields() -> None:
    ledger = Ledger(MemoryStore())
    made = ledger.add_release(a_release)
    ledger.amend_release("r1", state=State.STABLE, stable_at=NOON)
    assert ledger.release("r1") == made.model_copy(update={"state": State.STABLE, "stable_at": NOON})


@pytest.mark.parametrize("key", ["head.json", "releases/r1.json", "attempts/000001.json"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"colour": "red"}', b"\xff\xfe"], ids=repr)
def test_an_unreadable_record_is_named_by_its_key(key: str, body: bytes) -> None:
    ledger = Ledger(MemoryStore({key: body}))
    with pytest.raises(KanmonError) as caught:
        [ledger.head(), ledger.releases(), ledger.attempts()]
    assert caught.value.code.id == "KNM-404"
    assert caught.value.where == key
    assert key in caught.value.message


def test_an_unreadable_head_is_never_overwritten() -> None:
    store = MemoryStore({"head.json": b"{"})
    with pytest.raises(KanmonError) as caught:
        Ledger(store).amend_head(lambda head: head.model_copy(update={"live": "r1"}))
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert store.objects == {"head.json": b"{"}


def test_attempts_come_in_their_order() -> None:
    """CD-11."""
    ledger = Ledger(MemoryStore())
    for number in (10, 2, 100, 1):
        ledger.write_attempt(an_attempt(number))
    assert [attempt.number for attempt in ledger.attempts()] == [1, 2, 10, 100]


def test_an_attempt_is_written_again_as_it_goes_on() -> None:
    ledger = Ledger(MemoryStore())
    assert ledger.attempt(1) is None
    ledger.write_attempt(an_attempt(1))
    ledger.write_attempt(an_attempt(1, reason="why"))
    assert ledger.attempt(1) == an_attempt(1, reason="why")


def test_releases_come_in_the_order_of_their_numbers() -> None:
    """CD-11: r2 before r10."""
    ledger = Ledger(MemoryStore())
    made = [ledger.add_release(a_release).id for _ in range(11)]
    assert made == [f"r{number}" for number in range(1, 12)]
    assert [release.id for release in ledger.releases()] == made
