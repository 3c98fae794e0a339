"""Conditional writes to S3: a write never replaces another writer's object (CD-14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from kanmon.aws.objects import Conflict, delete_all, keys_below, put_if_unchanged
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.clock import BEGIN
from tests.fakes.objects import MemoryS3, refusal

BUCKET, KEY = "ledger", "test/head.json"


def _put(s3: Any, body: bytes, expected: str | None, own: str | None = None, **options: Any) -> str:
    """Write. `own` is the tag of this call's own earlier write."""
    return put_if_unchanged(s3, BUCKET, KEY, body, expected=expected, own_tag=lambda: own, **options)


@pytest.fixture
def s3() -> MemoryS3:
    return MemoryS3()


def _body(s3: MemoryS3) -> bytes:
    return s3.objects(BUCKET)[KEY].body


def test_a_first_write_makes_the_object(s3: MemoryS3) -> None:
    assert _put(s3, b"one", None) == s3.objects(BUCKET)[KEY].tag
    assert _body(s3) == b"one"


def test_a_write_replaces_the_expected_object(s3: MemoryS3) -> None:
    tag = _put(s3, b"one", None)
    assert _put(s3, b"two", tag) != tag
    assert _body(s3) == b"two"


def test_a_first_write_does_not_replace_an_object(s3: MemoryS3) -> None:
    """CD-14"""
    _put(s3, b"theirs", None)
    with pytest.raises(Conflict, match=KEY):
        _put(s3, b"mine", None)
    assert _body(s3) == b"theirs"


def test_a_write_does_not_replace_a_changed_object(s3: MemoryS3) -> None:
    """CD-14"""
    tag = _put(s3, b"one", None)
    _put(s3, b"theirs", tag)
    with pytest.raises(Conflict, match=KEY):
        _put(s3, b"mine", tag)
    assert _body(s3) == b"theirs"


def test_a_write_does_not_bring_a_deleted_object_back(s3: MemoryS3) -> None:
    tag = _put(s3, b"one", None)
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(Conflict):
        _put(s3, b"mine", tag)
    assert KEY not in s3.objects(BUCKET)


def test_a_repeated_write_after_a_lost_answer_succeeds(s3: MemoryS3) -> None:
    """CD-13: S3 refuses the repetition, because the first write came through."""
    own = _put(s3, b"mine", None)
    assert _put(s3, b"mine", None, own) == own


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "412", "NoSuchKey"])
def test_each_of_s3s_refusals_is_a_conflict(s3: MemoryS3, code: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""

    def refuse(**_: Any) -> None:
        raise refusal(code, "PutObject")

    client: Any = s3
    client.put_object = refuse
    with pytest.raises(Conflict):
        _put(s3, b"mine", None)


def test_another_error_stays_as_it_is(s3: MemoryS3) -> None:
    def fail(**_: Any) -> None:
        raise refusal("SlowDown", "PutObject")

    client: Any = s3
    client.put_object = fail
    with pytest.raises(ClientError, match="SlowDown"):
        _put(s3, b"mine", None, own='"a tag"')


def test_more_parameters_reach_s3(s3: MemoryS3) -> None:
    _put(s3, b"{}", None, ContentType="application/json")
    assert s3.objects(BUCKET)[KEY].type == "application/json"


_LATER = BEGIN + timedelta(seconds=1)


def test_objects_of_all_pages_are_deleted(s3: MemoryS3) -> None:
    """AWS-2: a list has at most 1000 names, and so has a deletion."""
    for number in range(2300):
        s3.put_object(Bucket=BUCKET, Key=f"blobs/{number:04}", Body=b"")
    keys = keys_below(cast("Any", s3), BUCKET, "blobs/", _LATER)
    assert len(keys) == 2300
    delete_all(cast("Any", s3), BUCKET, keys)
    assert not s3.objects(BUCKET)


def test_a_failed_deletion_is_an_error(s3: MemoryS3) -> None:
    """AWS-2: S3 answers 200, with the failures inside."""
    s3.put_object(Bucket=BUCKET, Key="blobs/a", Body=b"")
    client: Any = s3
    client.delete_objects = lambda **_: {"Errors": [{"Key": "blobs/a", "Code": "AccessDenied"}]}
    with pytest.raises(KanmonError, match="S3 did not delete all objects: AccessDenied") as caught:
        delete_all(client, BUCKET, ["blobs/a"])
    assert caught.value.code is Code.AWS_FAILED
