"""The ledger: every write on a condition, so that no writer loses another's (CD-14)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Attempt, Conflict, Head, Ledger, Release, S3Store, Slot, Store
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The fake and the real store keep the same promises."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        yield S3Store(s3, "artifacts", "test/ledger/")


def _release(release_id: str, commit: str = "c") -> Release:
    return Release(id=release_id, commit=commit, bundle="b", created=datetime.now(UTC))


def test_what_is_not_there(store: Store) -> None:
    assert store.get("none") is None
    assert store.keys("") == []


def test_create_then_replace(store: Store) -> None:
    first = store.put("a", b"1", expected=None)
    assert store.get("a") == (b"1", first)
    second = store.put("a", b"2", expected=first)
    assert store.get("a") == (b"2", second)


@pytest.mark.parametrize("expected", [None, '"0123456789abcdef0123456789abcdef"'])
def test_a_condition_that_does_not_hold_changes_nothing(store: Store, expected: str | None) -> None:
    store.put("a", b"1", expected=None)
    with pytest.raises(Conflict):
        store.put("a", b"2", expected=expected)
    found = store.get("a")
    assert found
    assert found[0] == b"1"


def test_our_own_write_whose_answer_was_lost_is_no_conflict(store: Store) -> None:
    store.put("a", b"1", expected=None)
    assert store.put("a", b"1", expected=None)


def test_keys_come_in_order(store: Store) -> None:
    for key in ("b/2", "a/2", "a/10", "a/1"):
        store.put(key, b"", expected=None)
    assert store.keys("a/") == ["a/1", "a/10", "a/2"]


def test_another_writer_in_between_is_not_lost() -> None:
    ledger, others = Ledger(MemoryStore()), 3

    def change(head: Head) -> Head:
        nonlocal others
        if others:
            others -= 1
            ledger.amend_head(lambda now: now.model_copy(update={"leases": now.leases + 1}))
        return head.model_copy(update={"attempts": head.attempts + 1})

    ledger.amend_head(change)
    assert (ledger.head().leases, ledger.head().attempts) == (3, 1)


def test_no_end_of_other_writers_is_one_error() -> None:
    ledger = Ledger(MemoryStore())

    def change(head: Head) -> Head:
        ledger.amend_head(lambda now: now.model_copy(update={"leases": now.leases + 1}))
        return head.model_copy(update={"attempts": 1})

    with pytest.raises(KanmonError) as caught:
        ledger.amend_head(change)
    assert caught.value.code is Code.LEDGER_CONFLICT


def test_ids_are_unique_whoever_takes_them_at_once() -> None:
    ledger = Ledger(MemoryStore())
    made = [lambda i, number=number: _release(i, f"c{number}") for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda make: ledger.add_release(make).id, made))
    assert len(set(taken)) == 12
    assert [release.id for release in ledger.releases()] == [f"r{number}" for number in range(1, 13)]


def test_a_change_of_nothing_writes_nothing() -> None:
    store = MemoryStore()
    assert Ledger(store).amend_head(lambda head: head) == Head()
    assert store.writes == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"live": 7}', b'{"unknown": 1}', b"\xff"])
def test_a_record_that_cannot_be_read_is_named(body: bytes) -> None:
    with pytest.raises(KanmonError) as caught:
        Ledger(MemoryStore({"head.json": body})).head()
    assert (caught.value.code, caught.value.where) == (Code.LEDGER_UNREADABLE, "head.json")


def test_an_unknown_release_cannot_be_amended() -> None:
    with pytest.raises(KanmonError) as caught:
        Ledger(MemoryStore()).amend_release("r9", slot=Slot.BLUE)
    assert caught.value.code is Code.UNKNOWN_RELEASE


def test_records_come_back_as_they_were(store: Store) -> None:
    ledger = Ledger(store)
    attempt = Attempt(
        number=1, kind="deploy", release="r1", slot=Slot.BLUE, actor="kim", began=datetime.now(UTC)
    )
    ledger.write_attempt(attempt)
    release = ledger.add_release(_release)
    amended = ledger.amend_release(release.id, slot=Slot.GREEN)
    assert (ledger.attempts(), ledger.releases()) == ([attempt], [amended])


def test_s3_that_denies_is_one_error() -> None:
    """The answer is AWS's; nothing is taken for a missing record."""
    denied: Any = type("Denied", (), {"get_object": _deny})()
    with pytest.raises(KanmonError) as caught:
        Ledger(S3Store(denied, "artifacts", "")).head()
    assert caught.value.code is Code.AWS_DENIED


def _deny(_self: object, **_: Any) -> None:
    from tests.fakes.objects import refusal  # noqa: PLC0415 - this test alone needs it

    raise refusal("AccessDenied", "GetObject")
