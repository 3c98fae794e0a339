"""The clients, and the question that is asked of AWS before anything else."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from kanmon.aws import Aws, explained, upload
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from pathlib import Path

REGION = "ap-northeast-1"
CLIENTS = [
    name
    for name, member in vars(Aws).items()
    if isinstance(member, cached_property) and member.func.__annotations__["return"].endswith("Client")
]


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_can_be_made(name: str) -> None:
    client = getattr(Aws(REGION), name)
    assert isinstance(client, BaseClient)
    assert client.meta.region_name == REGION


@mock_aws
@pytest.mark.parametrize("early", [True, False])
def test_the_account_is_known(early: bool) -> None:
    aws = Aws(REGION)
    if early:
        aws.ask_account()
    assert aws.account == "123456789012"


def test_what_went_wrong_early_is_told_when_the_account_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what stops a client from being made at all, as a profile that isn't there."""
    monkeypatch.setenv("AWS_PROFILE", "nobody's")
    aws = Aws(REGION)
    aws.ask_account()
    with pytest.raises(KanmonError) as caught:
        _ = aws.account
    assert caught.value.code is Code.AWS_FAILED
    assert "nobody's" in caught.value.message


def test_missing_credentials_are_told_when_the_account_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    aws = Aws(REGION)
    aws.ask_account()
    with pytest.raises(KanmonError) as caught:
        _ = aws.account
    assert caught.value.code is Code.CREDENTIALS_MISSING


@mock_aws
@pytest.mark.parametrize("size", [0, 9 * 1024 * 1024])
def test_a_file_is_uploaded_whole(tmp_path: Path, size: int) -> None:
    """CD-6. Above 8 MiB it goes in parts."""
    s3: Any = Aws(REGION).s3
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    upload(s3, path, "bucket", "key")
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == path.read_bytes()


@mock_aws
def test_a_refused_upload_is_aws_refusing(tmp_path: Path) -> None:
    """It must be an error that `explained` knows."""
    (tmp_path / "file").touch()
    with pytest.raises(KanmonError) as caught, explained("uploading"):
        upload(Aws(REGION).s3, tmp_path / "file", "no-such-bucket", "key")
    assert caught.value.code is Code.AWS_FAILED
    assert "NoSuchBucket" in caught.value.message
