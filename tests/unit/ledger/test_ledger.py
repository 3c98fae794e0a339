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


def _deployed(store: MemoryStore, number: int) -> Release:
    """A release that a deploy recorded."""
    release = Release(**_release(f"r{number}").model_dump())
    store.objects[release_key(release.id)] = as_json(release)
    return release


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
    assert [ledger.planned(release.id) for release in made] == made


def test_the_next_id_comes_after_all_deployed_releases() -> None:
    """CD-13: only the records count the releases, so nothing can disagree with them."""
    names = ["releases/r11.json", "deployed/r2.json", "deployed/r10.json", "releases/r9.json.bak"]
    ledger = Ledger(MemoryStore(dict.fromkeys(names, b"{}")))
    assert ledger.add_release(_release).id == "r12"


@pytest.mark.parametrize("planted", ["r999999999", "r9999999999", "r0", "r01", "r\u0663", "rx", "r-1", "r4"])
def test_a_planted_record_ends_no_ids(planted: str) -> None:
    """TRU-1: the plan role can write any name there. Each next release has a short number still."""
    store = MemoryStore({"deployed/r2.json": b"{}", f"releases/{planted}.json": b"{}"})
    ledger = Ledger(store)
    made = [ledger.add_release(_release).id for _ in range(3)]
    assert made == [name for name in ("r3", "r4", "r5", "r6") if name != planted][:3]


def test_a_planted_record_is_not_the_waiting_release() -> None:
    """TRU-1: with its bundle, the next release would get the last id there is."""
    ledger = Ledger(MemoryStore({"releases/r999999999.json": as_json(_release("r999999999"))}))
    assert ledger.waiting_release() is None
    assert ledger.add_release(_release).id == "r1"


def test_a_record_with_another_id_is_not_the_waiting_release() -> None:
    """TRU-1"""
    ledger = Ledger(MemoryStore({"releases/r1.json": as_json(_release("r999999999"))}))
    assert ledger.waiting_release() is None


def test_the_last_id_is_an_error() -> None:
    ledger = Ledger(MemoryStore({"deployed/r999999999.json": b"{}"}))
    with pytest.raises(KanmonError) as caught:
        ledger.add_release(_release)
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_the_waiting_release_is_the_newest_planned_one() -> None:
    ledger = Ledger(MemoryStore())
    made = [ledger.add_release(_release) for _ in range(11)]
    assert ledger.waiting_release() == made[-1]


def test_a_begun_release_does_not_wait() -> None:
    store = MemoryStore()
    ledger = Ledger(store)
    store.objects[release_key("r1")] = as_json(Release(**ledger.add_release(_release).model_dump()))
    assert ledger.waiting_release() is None


def test_before_the_first_release_none_waits() -> None:
    assert Ledger(MemoryStore()).waiting_release() is None


def test_a_new_release_leaves_the_head_alone() -> None:
    """SEC-1: the plan's role has no right to write the head."""
    store = MemoryStore()
    Ledger(store).add_release(_release)
    assert store.writes == ["releases/r1.json"]


def test_releases_come_in_the_order_of_their_numbers() -> None:
    """CD-11: r2 before r10."""
    store = MemoryStore()
    made = [_deployed(store, number).id for number in range(11, 0, -1)]
    assert [release.id for release in Ledger(store).releases()] == made[::-1]


def test_lists_go_without_unreadable_records_and_name_them() -> None:
    """TRU-1, CD-11: `status` and `history` work still."""
    store, warnings = MemoryStore({"head.json": as_json(Head(operations=3))}), list[str]()
    _deployed(store, 1)
    store.objects[release_key("r2")] = b"{}"
    store.objects[operation_key(1)], store.objects[operation_key(3)] = as_json(operation(1)), b"[/]"
    ledger = Ledger(store, warnings.append)
    assert [release.id for release in ledger.releases()] == ["r1"]
    assert [one.number for one in ledger.operations()] == [1]
    assert [text.partition(" is left out")[0] for text in warnings] == [release_key("r2"), operation_key(3)]


@pytest.mark.parametrize("planted", [b"{}", b"[/]", b"\xff", b""])
def test_a_planted_record_stops_no_plan(planted: bytes) -> None:
    """TRU-1: the plan role can write it for the next id, and none of it is used."""
    warnings = list[str]()
    ledger = Ledger(MemoryStore({"releases/r1.json": planted}), warnings.append)
    assert ledger.waiting_release() is None
    assert warnings
    assert ledger.add_release(_release).id == "r2"
    assert ledger.releases() == []


def test_unreadable_threads_begin_anew() -> None:
    """TRU-1: the plan role can write them, and a message goes out all the same."""
    assert Ledger(MemoryStore({"threads/r1.json": b"{}"})).threads("r1") == {}


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
    """TRU-1: the plan's role may write its own record, so nothing of it counts for a deploy."""
    ledger = Ledger(MemoryStore())
    planned = ledger.add_release(_release)
    assert ledger.release("r1") is None
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


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_version_1_is_read(name: str) -> None:
    """CD-9: its release has the config in the bundle."""
    before = {"version": 1} | ({"config": ""} if name in {"planned", "release"} else {})
    found = Ledger(MemoryStore({"x": golden(name, 1).read_bytes()})).found("x", type(RECORDS[name]))
    assert found
    assert found[0].model_dump(exclude={"decisions"}) == RECORDS[name].model_copy(update=before).model_dump(
        exclude={"decisions"}
    )


def test_an_unknown_field_is_ignored() -> None:
    """CD-11: a newer Kanmon of the same version may add some."""
    store = MemoryStore(
        {"head.json": b'{"version": 2, "live": "r1", "colour": "red", "pointer": {"weight": 1}}'}
    )
    assert Ledger(store).head() == Head(live="r1")


def test_a_record_of_a_newer_version_needs_an_update() -> None:
    body = b'{"version": 3, "pointer": "another shape"}'
    with pytest.raises(KanmonError, match="A newer Kanmon wrote") as caught:
        Ledger(MemoryStore({"head.json": body})).head()
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert "Update Kanmon" in caught.value.fix


@UNREADABLE
@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("head.json", Ledger.head),
        (release_key("r1"), lambda ledger: ledger.release("r1")),
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
