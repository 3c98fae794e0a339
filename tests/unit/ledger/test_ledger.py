"""The ledger: many writers and no loss; unreadable records are errors (CD-11, CD-13, CD-14)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier, current_thread, local, main_thread
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import Ledger, as_json, operation_key, release_key
from kanmon.ledger.records import Head, PlannedRelease, Release
from kanmon.model import ReleaseState
from tests.fakes.ledger import operation
from tests.fakes.store import AlwaysLosing, MemoryStore
from tests.unit.ledger.golden import RECORDS, golden

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS = 8
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
UNREADABLE = pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"live": 7}', b'{"colour": "red"}', b"\xff\xfe"], ids=repr
)


def _release(release_id: str, commit: str = "c" * 40) -> PlannedRelease:
    return PlannedRelease(id=release_id, commit=commit, bundle="b", created=NOON)


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


def test_a_fresh_environment_has_an_empty_head() -> None:
    assert Ledger(MemoryStore()).head() == Head()


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
    assert ledger.newest_release() == Release(**made[-1].model_dump())


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


def test_an_unknown_release_is_none() -> None:
    assert Ledger(MemoryStore()).release("r7") is None


def test_no_free_id_is_an_error() -> None:
    with pytest.raises(KanmonError) as caught:
        Ledger(AlwaysLosing()).add_release(_release)
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_operations_come_in_the_order_of_their_numbers() -> None:
    """CD-11"""
    store = MemoryStore({"head.json": as_json(Head(operations=11))})
    for number in (10, 2, 11, 1):
        store.objects[operation_key(number)] = as_json(operation(number))
    assert [operation.number for operation in Ledger(store).operations()] == [1, 2, 10, 11]


def test_an_operation_outside_of_the_head_was_never_begun() -> None:
    """CD-13: its run died before it made the operation the open one."""
    store = MemoryStore({operation_key(1): as_json(operation(1))})
    assert Ledger(store).operations() == []


def test_a_release_is_as_the_deploy_recorded_it() -> None:
    """TRU-1: the plan's role may write its own record, so nothing of it counts after the deploy's."""
    ledger = Ledger(MemoryStore())
    planned = ledger.add_release(_release)
    assert ledger.release("r1") == Release(**planned.model_dump())
    deployed = Release(**planned.model_dump() | {"bundle": "approved", "state": ReleaseState.STABLE})
    ledger.store.put(release_key("r1"), as_json(deployed), expected=None)
    assert ledger.release("r1") == deployed


def test_threads_are_kept_for_each_channel() -> None:
    """CD-12"""
    ledger = Ledger(MemoryStore())
    assert ledger.threads("r1") == {}
    ledger.write_threads("r1", {"slack": "1.0"})
    ledger.write_threads("r1", {"slack": "1.0", "teams": "7"})
    assert ledger.threads("r1") == {"slack": "1.0", "teams": "7"}


def test_an_unknown_operation_is_none() -> None:
    assert Ledger(MemoryStore()).operation(1) is None


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_this_version_is_read(name: str) -> None:
    """CD-11: the format changes with its version alone."""
    kind = type(RECORDS[name])
    found = Ledger(MemoryStore({"x": golden(name).read_bytes()})).found("x", kind)
    assert found
    assert found[0] == RECORDS[name]
    assert golden(name).read_bytes().rstrip() == as_json(RECORDS[name])


def test_an_unknown_field_is_ignored() -> None:
    """CD-11: a newer Kanmon of the same version may add some."""
    store = MemoryStore(
        {"head.json": b'{"version": 1, "live": "r1", "colour": "red", "pointer": {"weight": 1}}'}
    )
    assert Ledger(store).head() == Head(live="r1")


def test_a_record_of_a_newer_version_needs_an_update() -> None:
    body = b'{"version": 2, "pointer": "another shape"}'
    with pytest.raises(KanmonError, match="A newer Kanmon wrote") as caught:
        Ledger(MemoryStore({"head.json": body})).head()
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert "Update Kanmon" in caught.value.fix


@UNREADABLE
@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("head.json", Ledger.head),
        ("releases/r1.json", Ledger.releases),
        ("operations/000001.json", lambda ledger: ledger.operation(1)),
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
