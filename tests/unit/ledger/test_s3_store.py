"""The ledger's store: S3 objects that are only ever written on a condition (CD-13, CD-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Conflict, S3Store
from tests.fakes.objects import MemoryS3, refusal

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
def store(s3: S3Client) -> S3Store:
    return S3Store(s3, BUCKET, "production/ledger/")


def test_an_absent_key_is_none(store: S3Store) -> None:
    assert store.get("head.json") is None


def test_what_was_created_is_read_back_with_its_tag(store: S3Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    assert store.get("head.json") == (b"1", tag)


def test_it_lies_below_the_prefix_as_json(store: S3Store, s3: S3Client) -> None:
    store.put("head.json", b"{}", expected=None)
    assert s3.head_object(Bucket=BUCKET, Key="production/ledger/head.json")["ContentType"] == (
        "application/json"
    )


def test_creating_what_exists_is_a_conflict_and_changes_nothing(store: S3Store) -> None:
    store.put("head.json", b"1", expected=None)
    with pytest.raises(Conflict, match=r"head\.json"):
        store.put("head.json", b"2", expected=None)
    found = store.get("head.json")
    assert found
    assert found[0] == b"1"


def test_replacing_what_was_read_succeeds(store: S3Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    new = store.put("head.json", b"2", expected=tag)
    assert new != tag
    assert store.get("head.json") == (b"2", new)


def test_replacing_what_somebody_else_wrote_is_a_conflict(store: S3Store) -> None:
    tag = store.put("head.json", b"1", expected=None)
    store.put("head.json", b"2", expected=tag)
    with pytest.raises(Conflict):
        store.put("head.json", b"3", expected=tag)
    found = store.get("head.json")
    assert found
    assert found[0] == b"2"


@pytest.mark.parametrize("replaces", [False, True])
def test_a_write_whose_answer_was_lost_succeeds_when_repeated(store: S3Store, replaces: bool) -> None:
    """CD-13: botocore repeats a call whose answer did not come, and meets its own write."""
    expected = store.put("head.json", b"1", expected=None) if replaces else None
    tag = store.put("head.json", b"2", expected=expected)
    assert store.put("head.json", b"2", expected=expected) == tag


def test_replacing_what_somebody_removed_is_a_conflict(store: S3Store, s3: S3Client) -> None:
    tag = store.put("head.json", b"1", expected=None)
    s3.delete_object(Bucket=BUCKET, Key="production/ledger/head.json")
    with pytest.raises(Conflict):
        store.put("head.json", b"2", expected=tag)


class RefusingS3(MemoryS3):
    """Answers every write with one error code."""

    code = ""

    def put_object(self, **_: Any) -> dict[str, Any]:
        raise refusal(self.code, "PutObject")


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "412"])
def test_every_answer_to_a_lost_race_is_a_conflict(code: str) -> None:
    s3 = RefusingS3()
    s3.code = code
    with pytest.raises(Conflict):
        S3Store(cast("Any", s3), BUCKET, "").put("head.json", b"1", expected='"other"')


def test_a_refused_write_is_explained_with_the_key() -> None:
    s3 = RefusingS3()
    s3.code = "AccessDenied"
    with pytest.raises(KanmonError, match=r"writing p/head\.json to the ledger.*AccessDenied") as caught:
        S3Store(cast("Any", s3), BUCKET, "p/").put("head.json", b"1", expected=None)
    assert caught.value.code is Code.AWS_DENIED


def test_a_missing_bucket_is_an_error_and_not_an_empty_ledger(s3: S3Client) -> None:
    with pytest.raises(KanmonError, match="NoSuchBucket") as caught:
        S3Store(s3, "elsewhere", "").get("head.json")
    assert caught.value.code is Code.AWS_FAILED


def test_listing_names_the_keys_below_a_prefix_in_order(store: S3Store, s3: S3Client) -> None:
    for key in ("releases/r2.json", "attempts/000002.json", "attempts/000001.json", "head.json"):
        store.put(key, b"{}", expected=None)
    s3.put_object(Bucket=BUCKET, Key="staging/ledger/attempts/000009.json", Body=b"{}")
    assert store.keys("attempts/") == ["attempts/000001.json", "attempts/000002.json"]
    assert store.keys("nothing/") == []


class PagedS3:
    """Lists objects one page at a time, as S3 does above a thousand."""

    def __init__(self, *pages: tuple[str, ...]) -> None:
        self.pages = pages

    def get_paginator(self, operation: str) -> PagedS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        del Bucket
        for page in self.pages:
            found = [{"Key": key} for key in page if key.startswith(Prefix)]
            yield {"Contents": found} if found else {}


def test_listing_goes_on_to_the_last_page() -> None:
    s3 = PagedS3(("p/a/1", "p/a/2"), ("p/b/1",), ("p/a/3",))
    assert S3Store(cast("Any", s3), BUCKET, "p/").keys("a/") == ["a/1", "a/2", "a/3"]
