"""The ledger's store: each write of an object has a condition (CD-13, CD-14)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from kanmon.aws.objects import Conflict
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.records import Operation, PlannedRelease
from kanmon.ledger.store import LARGEST, S3Store, Store
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import OperationKind, Slot
from tests.fakes.objects import MemoryS3, refusal
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

BUCKET = "artifacts"


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def s3_store(s3: S3Client) -> S3Store:
    return S3Store(s3, BUCKET, "production/ledger/")


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    """The fake and the real store: both keep the same promises."""
    made: Store = MemoryStore() if request.param == "memory" else request.getfixturevalue("s3_store")
    return made


def _content(store: Store, key: str) -> bytes:
    found = store.get(key)
    assert found
    return found[0]


def test_an_absent_object_is_none(store: Store) -> None:
    assert store.get("head.json") is None
    assert store.keys("") == []


def test_a_created_object_is_read_with_its_tag(store: Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    assert store.get("head.json") == (b"1", tag)


def test_an_object_with_the_expected_tag_is_replaced(store: Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    new = store.put("head.json", b"2", expected=tag)
    assert new != tag
    assert store.get("head.json") == (b"2", new)


def test_an_existing_object_is_not_created_again(store: Store) -> None:
    store.put("head.json", b"1", expected=None)
    with pytest.raises(Conflict, match=r"head\.json"):
        store.put("head.json", b"2", expected=None)
    assert _content(store, "head.json") == b"1"


def test_an_object_with_another_tag_is_not_replaced(store: Store) -> None:
    store.put("head.json", b"1", expected=None)
    with pytest.raises(Conflict):
        store.put("head.json", b"2", expected='"0123456789abcdef0123456789abcdef"')
    assert _content(store, "head.json") == b"1"


def test_the_write_of_another_is_not_overwritten(store: Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    store.put("head.json", b"2", expected=tag)
    with pytest.raises(Conflict):
        store.put("head.json", b"3", expected=tag)
    assert _content(store, "head.json") == b"2"


@pytest.mark.parametrize("replaces", [False, True])
def test_a_repeated_write_succeeds(store: Store, replaces: bool) -> None:
    """CD-13: botocore repeats a call after a lost answer, and meets its own write."""
    expected = store.put("head.json", b"1", expected=None) if replaces else None
    tag = store.put("head.json", b"2", expected=expected)
    assert store.put("head.json", b"2", expected=expected) == tag


def test_keys_come_in_order(store: Store) -> None:
    for key in ("b/2", "a/2", "a/10", "a/1"):
        store.put(key, b"", expected=None)
    assert store.keys("a/") == ["a/1", "a/10", "a/2"]


def test_records_are_read_as_they_were_written(store: Store) -> None:
    """CD-11"""
    ledger, now = Ledger(store), datetime.now(UTC)
    operation = Operation(
        number=1, kind=OperationKind.DEPLOY, release="r1", slot=Slot.BLUE, actor="kim", began=now
    )
    planned = ledger.add_release(lambda name: PlannedRelease(id=name, commit="c", bundle="b", created=now))
    writer = LedgerWriter.take(ledger, lambda head: head)
    writer.begin_operation(operation)
    writer.begin_release(planned)
    amended = writer.amend_release("r1", slot=Slot.GREEN)
    assert ledger.operations() == [operation.model_copy(update={"token": 1})]
    assert ledger.releases() == [amended]


def test_an_object_lies_below_the_prefix_as_json(s3_store: S3Store, s3: S3Client) -> None:
    s3_store.put("head.json", b"{}", expected=None)
    found = s3.head_object(Bucket=BUCKET, Key="production/ledger/head.json")
    assert found["ContentType"] == "application/json"


def test_a_removed_object_is_not_replaced(s3_store: S3Store, s3: S3Client) -> None:
    tag = s3_store.put("head.json", b"1", expected=None)
    s3.delete_object(Bucket=BUCKET, Key="production/ledger/head.json")
    with pytest.raises(Conflict):
        s3_store.put("head.json", b"2", expected=tag)


class _RefusingS3(MemoryS3):
    """Answers every call with one error code."""

    code = ""

    def put_object(self, **_: Any) -> dict[str, Any]:
        raise refusal(self.code, "PutObject")

    def get_object(self, **_: Any) -> dict[str, Any]:
        raise refusal(self.code, "GetObject")


class _LostRaceS3(MemoryS3):
    """Refuses every write with one error code; the object is another writer's."""

    code = ""

    def put_object(self, **_: Any) -> dict[str, Any]:
        raise refusal(self.code, "PutObject")


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "412"])
def test_every_answer_to_a_lost_race_is_a_conflict(code: str) -> None:
    s3 = _LostRaceS3()
    s3.code = code
    with pytest.raises(Conflict):
        S3Store(cast("Any", s3), BUCKET, "").put("head.json", b"1", expected='"other"')


def test_a_refused_write_is_an_error_with_the_key() -> None:
    s3 = _RefusingS3()
    s3.code = "AccessDenied"
    with pytest.raises(KanmonError, match=r"writing p/head\.json to the ledger.*AccessDenied") as caught:
        S3Store(cast("Any", s3), BUCKET, "p/").put("head.json", b"1", expected=None)
    assert caught.value.code is Code.AWS_DENIED


def test_a_refused_read_is_not_a_missing_object() -> None:
    s3 = _RefusingS3()
    s3.code = "AccessDenied"
    with pytest.raises(KanmonError) as caught:
        S3Store(cast("Any", s3), BUCKET, "").get("head.json")
    assert caught.value.code is Code.AWS_DENIED


def test_a_missing_bucket_is_not_an_empty_ledger(s3: S3Client) -> None:
    with pytest.raises(KanmonError, match="NoSuchBucket") as caught:
        S3Store(s3, "elsewhere", "").get("head.json")
    assert caught.value.code is Code.AWS_FAILED


def test_keys_are_those_below_the_prefix(s3_store: S3Store, s3: S3Client) -> None:
    for key in ("releases/r2.json", "operations/000002.json", "operations/000001.json", "head.json"):
        s3_store.put(key, b"{}", expected=None)
    s3.put_object(Bucket=BUCKET, Key="staging/ledger/operations/000009.json", Body=b"{}")
    assert s3_store.keys("operations/") == ["operations/000001.json", "operations/000002.json"]
    assert s3_store.keys("nothing/") == []


class _PagedS3:
    """Lists objects one page at a time, as S3 does above a thousand."""

    def __init__(self, *pages: tuple[str, ...]) -> None:
        self.pages = pages

    def get_paginator(self, operation: str) -> _PagedS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        del Bucket
        for page in self.pages:
            found = [{"Key": key} for key in page if key.startswith(Prefix)]
            yield {"Contents": found} if found else {}


def test_keys_of_all_pages_are_listed() -> None:
    s3 = _PagedS3(("p/a/1", "p/a/2"), ("p/b/1",), ("p/a/3",))
    assert S3Store(cast("Any", s3), BUCKET, "p/").keys("a/") == ["a/1", "a/2", "a/3"]


def test_a_planted_record_of_any_size_is_not_read(s3_store: S3Store, s3: S3Client) -> None:
    """TRU-6: a record of gigabytes would take the memory of each command."""
    s3.put_object(Bucket=BUCKET, Key="production/ledger/big.json", Body=b"0" * (LARGEST + 1))
    with pytest.raises(KanmonError, match=r"big\.json is larger than 4 MB") as caught:
        s3_store.get("big.json")
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert caught.value.where == f"s3://{BUCKET}/production/ledger/big.json"
