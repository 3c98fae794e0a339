"""AWS's clients, the account they work on, and the log of their calls."""

from __future__ import annotations

import gc
import io
import logging
import socket
from contextlib import suppress
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws

from kanmon.aws.clients import Aws
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

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
def test_the_account_is_asked_of_aws() -> None:
    assert Aws(REGION).account == "123456789012"


@pytest.mark.parametrize("make", ["s3", "ledger_s3"])
@mock_aws
def test_every_call_to_s3_names_the_owner_of_its_buckets(make: str) -> None:
    """A stranger may take the name of a deleted bucket (TRU-1)."""
    aws, sent = Aws(REGION), dict[str, bytes]()
    client = aws.s3 if make == "s3" else aws.ledger_s3()
    client.create_bucket(Bucket="own", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    client.put_object(Bucket="own", Key="a", Body=b"1")
    client.meta.events.register("before-send.s3", lambda request, **_: sent.update(request.headers))
    client.copy_object(Bucket="own", Key="b", CopySource={"Bucket": "own", "Key": "a"})
    assert sent["x-amz-expected-bucket-owner"] == aws.account.encode()
    assert sent["x-amz-source-expected-bucket-owner"] == aws.account.encode()


@pytest.mark.parametrize(("size", "waits"), [(0, False), (1024 * 1024, False), (1024 * 1024 + 1, True)])
@pytest.mark.parametrize("form", [bytes, io.BytesIO])
@mock_aws
def test_only_a_large_object_waits_for_an_answer(
    form: Callable[[bytes], bytes | io.BytesIO], size: int, waits: bool
) -> None:
    """NFR-3: `Expect: 100-continue` costs a round trip for each write."""
    aws, sent = Aws(REGION), dict[str, bytes]()
    aws.s3.create_bucket(Bucket="own", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    aws.s3.meta.events.register("before-send.s3", lambda request, **_: sent.update(request.headers))
    aws.s3.put_object(Bucket="own", Key="a", Body=form(b"x" * size))
    assert ("Expect" in sent) is waits
    assert aws.s3.head_object(Bucket="own", Key="a")["ContentLength"] == size


@mock_aws
def test_times_are_those_that_botocore_reads() -> None:
    """Of a listing in ISO 8601, of a header in words, of JSON in seconds."""
    aws = Aws(REGION)
    aws.s3.create_bucket(Bucket="own", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    aws.s3.put_object(Bucket="own", Key="a", Body=b"1")
    secret = aws.secrets.create_secret(Name="name", SecretString="1")["ARN"]

    def times(s3: S3Client, secrets: SecretsManagerClient) -> list[datetime]:
        (listed,) = s3.list_objects_v2(Bucket="own")["Contents"]
        head = s3.head_object(Bucket="own", Key="a")
        return [
            listed["LastModified"].replace(microsecond=0),
            head["LastModified"],
            secrets.describe_secret(SecretId=secret)["CreatedDate"],
        ]

    plain = boto3.Session(region_name=REGION)
    assert times(aws.s3, aws.secrets) == times(plain.client("s3"), plain.client("secretsmanager"))


@mock_aws
def test_calls_name_kanmon_as_their_sender() -> None:
    """CloudTrail shows it."""
    aws, sent = Aws(REGION), dict[str, bytes]()
    aws.s3.meta.events.register("before-send.s3", lambda request, **_: sent.update(request.headers))
    aws.s3.list_buckets()
    assert sent["User-Agent"].startswith(b"kanmon botocore/")


@pytest.mark.parametrize(("region", "partition"), [(REGION, "aws"), ("cn-north-1", "aws-cn")])
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert Aws(region).partition == partition


def test_an_unknown_profile_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 finds it before any call."""
    monkeypatch.setenv("AWS_PROFILE", "nobody's")
    with pytest.raises(KanmonError, match="nobody's") as caught:
        Aws(REGION)
    assert caught.value.code is Code.CREDENTIALS_MISSING


def test_missing_credentials_are_an_error_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    aws = Aws(REGION)
    with pytest.raises(KanmonError) as caught:
        _ = aws.account
    assert caught.value.code is Code.CREDENTIALS_MISSING


@mock_aws
def test_a_call_is_logged_with_its_status_and_duration(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kanmon")
    Aws(REGION).s3.list_buckets()
    [record] = [record for record in caplog.records if record.name == "kanmon.aws.clients"]
    assert record.getMessage().startswith("s3.ListBuckets 200 ")
    assert record.getMessage().endswith(" ms")


@mock_aws
def test_a_refused_call_is_logged_with_its_status(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kanmon")
    with pytest.raises(ClientError):
        Aws(REGION).s3.head_bucket(Bucket="secret-bucket")
    [*_, record] = [record for record in caplog.records if record.name == "kanmon.aws.clients"]
    assert record.getMessage().startswith("s3.HeadBucket 404 ")


@mock_aws
def test_the_log_of_calls_holds_no_parameters(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-5: a parameter may be a secret."""
    caplog.set_level(logging.DEBUG, "kanmon")
    Aws(REGION).secrets.create_secret(Name="name", SecretString="canary")
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "nonsense"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb"),
    ],
)
def test_impossible_credentials_are_an_error_with_a_code(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """TRU-6: the providers of credentials raise errors of their own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
    monkeypatch.setenv(variable, value)
    with pytest.raises(KanmonError) as caught:
        Aws(REGION)
    assert caught.value.code in {Code.CREDENTIALS_MISSING, Code.AWS_FAILED}


def test_a_silent_hook_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS-1: Lambda sends nothing while a hook runs, and a NAT gateway drops a connection after 350 s."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{address[1]}")
        functions = Aws(REGION).functions
        hook = Thread(target=_invoke, args=[functions])
        hook.start()
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            [sent] = [one for one in gc.get_objects() if isinstance(one, socket.socket) and _to(one, address)]
            assert sent.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert sent.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            assert sent.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 60
        hook.join()


def _invoke(functions: Any) -> None:
    with suppress(ConnectionClosedError):
        functions.invoke(FunctionName="migrate")


def _to(one: socket.socket, address: tuple[str, int]) -> bool:
    with suppress(OSError):
        return bool(one.getpeername() == address)
    return False
