"""AWS's clients. Each one is made at its first use."""

from __future__ import annotations

import logging
import os
import socket
import time
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
import botocore.session
from botocore.config import Config as ClientConfig
from botocore.utils import determine_content_length, parse_timestamp

from kanmon.aws.calls import aws_errors
from kanmon.aws.fence import CONNECT_TIMEOUT, READ_TIMEOUT, Fence
from kanmon.aws.objects import AT_ONCE
from kanmon.aws.throttles import repeat_throttled
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient

log = logging.getLogger(__name__)
_OWNERS = ("ExpectedBucketOwner", "ExpectedSourceBucketOwner")
T = TypeVar("T")

_SETTINGS = ClientConfig(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 5},
    # botocore makes its own text anew for each request: a tenth of the request's time.
    user_agent=f"kanmon botocore/{botocore.__version__}",
    max_pool_connections=AT_ONCE,
)
_POINTER_SETTINGS = _SETTINGS.merge(
    # A request that moves users must have ended before the lease expires.
    ClientConfig(connect_timeout=CONNECT_TIMEOUT.total_seconds(), read_timeout=READ_TIMEOUT.total_seconds())
)
_HOOK_SETTINGS = _SETTINGS.merge(
    # A hook may run for 15 minutes, Lambda's limit. A retry would run it twice.
    ClientConfig(read_timeout=910, retries={"mode": "standard", "total_max_attempts": 1})
)
_SMALL = 1024 * 1024
"""Bytes. S3 refuses a request with a larger object before it takes the object."""
_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 60),
]
_MESSAGE_SETTINGS = _SETTINGS.merge(
    # A message must not delay a release.
    ClientConfig(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
)
_PROBE_SETTINGS = _SETTINGS.merge(
    # A check is tried again by itself, and counts its tries.
    ClientConfig(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 1})
)
_WATCH_SETTINGS = _SETTINGS.merge(
    # Alarms are read again and again, and a marker must not delay a release.
    ClientConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
)


class Aws:
    """The AWS account and region of a command.

    Credentials and endpoint come from the environment as for every AWS tool
    (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
    Raises AWS's errors as KanmonError.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self.fence = Fence()
        # A missing profile raises its error here.
        with aws_errors(phrase("reading the AWS configuration")):
            self._session = boto3.Session(region_name=region, botocore_session=_core())
            try:
                self._session.get_credentials()
            except (ValueError, OSError) as error:
                # A provider's own error, such as that of a container's address or of a missing token file.
                problem = phrase(
                    "The AWS credentials can't be read: {reason}.", reason=str(error).rstrip(".")
                )
                raise KanmonError(Code.CREDENTIALS_MISSING, problem) from error
        _log_calls(self._session)

    @cached_property
    def account(self) -> str:
        """The account's id. Raises KanmonError when credentials or AWS are missing."""
        with aws_errors(phrase("asking AWS for the account")):
            sts = self._session.client("sts", config=_SETTINGS)
            return sts.get_caller_identity()["Account"]

    @cached_property
    def partition(self) -> str:
        """The partition of the region, `aws` nearly everywhere."""
        return self._session.get_partition_for_region(self.region)

    @cached_property
    def s3(self) -> S3Client:
        """Amazon S3."""
        return self._fenced(self.ledger_s3())

    def ledger_s3(self) -> S3Client:
        """Amazon S3 for the ledger, which is not behind the fence."""
        # An emulator has only one host name, so a bucket's name cannot be part of it.
        emulated = "AWS_ENDPOINT_URL" in os.environ
        style = ClientConfig(s3={"addressing_style": "path" if emulated else "virtual"})
        client = self._session.client("s3", config=_POINTER_SETTINGS.merge(style))
        client.meta.events.register("provide-client-params.s3", self._name_owner)
        client.meta.events.register_last("before-call.s3", _send_at_once)
        repeat_throttled(client)
        return client

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """AWS CloudFormation."""
        return self._fenced(self._session.client("cloudformation", config=_SETTINGS))

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Amazon CloudWatch."""
        return self._session.client("cloudwatch", config=_WATCH_SETTINGS)

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """Amazon API Gateway, REST APIs."""
        return self._fenced(self._session.client("apigateway", config=_POINTER_SETTINGS))

    @cached_property
    def functions(self) -> LambdaClient:
        """AWS Lambda."""
        return self._fenced(_kept_alive(self._session.client("lambda", config=_HOOK_SETTINGS)))

    @cached_property
    def function_reads(self) -> LambdaClient:
        """AWS Lambda, for calls that may be repeated."""
        client = self._session.client("lambda", config=_SETTINGS)
        repeat_throttled(client)
        return client

    @cached_property
    def probed_functions(self) -> LambdaClient:
        """AWS Lambda, for checks: each call is sent once, and waits for a minute at most."""
        return self._session.client("lambda", config=_PROBE_SETTINGS)

    @cached_property
    def users(self) -> Any:  # noqa: ANN401 - one call needs no stubs
        """Amazon Cognito, for the sign-ins of checks."""
        return self._session.client("cognito-idp", config=_PROBE_SETTINGS)

    @cached_property
    def check_secrets(self) -> SecretsManagerClient:
        """AWS Secrets Manager, for checks: a read is repeated, because a release depends on it."""
        return self._session.client("secretsmanager", config=_SETTINGS)

    @cached_property
    def sns(self) -> SNSClient:
        """Amazon SNS."""
        return self._session.client("sns", config=_MESSAGE_SETTINGS)

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """AWS Secrets Manager."""
        return self._session.client("secretsmanager", config=_MESSAGE_SETTINGS)

    @cached_property
    def rds(self) -> RDSClient:
        """Amazon RDS and Aurora."""
        return self._fenced(self._session.client("rds", config=_SETTINGS))

    def reads(self, service: str, region: str = "") -> Any:  # noqa: ANN401 - a few calls of many services
        """A client for reading in this region, or in another one."""
        return self._session.client(cast("Any", service), region or self.region, config=_SETTINGS)

    def administration(self, service: str) -> Any:  # noqa: ANN401 - the clients of many services
        """A client for `kanmon destroy`: an administrator's work on resources that no stack keeps."""
        if service == "s3":
            return self.s3
        return self._fenced(self._session.client(cast("Any", service), config=_SETTINGS))

    def _name_owner(self, params: dict[str, Any], model: OperationModel, **_: object) -> None:
        """Name the account that must own the buckets of a call.

        Anybody can take the name of a deleted bucket. Otherwise Kanmon would write into a stranger's bucket,
        and read the ledger from it.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
        """
        known = model.input_shape.members if model.input_shape else {}
        params.update({name: self.account for name in _OWNERS if name in known})

    def _fenced(self, client: T) -> T:
        """The client behind the fence: each request, each repetition. Throttled requests repeat."""

        def check(event_name: str, **_: object) -> None:
            self.fence.pass_through(event_name.rpartition(".")[2])

        base = cast("BaseClient", client)
        base.meta.events.register_first("before-send", check)
        repeat_throttled(base)
        return client


def _core() -> botocore.session.Session:
    """A session of botocore with a fast reader of times.

    Each key of a listing has one, and botocore's reader needs two thirds of the time that a listing takes.
    """
    core = botocore.session.get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
    return core


def _time(value: Any) -> datetime:  # noqa: ANN401 - words or seconds
    """A time in any form of AWS's (https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait)."""
    if isinstance(value, str) and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return parse_timestamp(value)


def _send_at_once(params: dict[str, Any], **_: object) -> None:
    """Send a small object with its request.

    botocore sends the request, waits for S3's `100 Continue` and then sends the object: a round trip more.
    """
    if "Expect" in params["headers"]:
        size = determine_content_length(params["body"])
        if size is not None and size <= _SMALL:
            del params["headers"]["Expect"]


def _kept_alive(client: T) -> T:
    """The client, with a packet a minute on each connection that waits for an answer.

    Lambda sends nothing while a function runs. A NAT gateway drops a silent connection after 350 seconds,
    and GitHub's runners drop it after about four minutes. The release would not learn the hook's result.
    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-timeout
    """
    # botocore has no setting for it: its `tcp_keepalive` leaves the times to the system, on Linux two hours.
    session = cast("Any", client)._endpoint.http_session
    session._socket_options.extend(_KEEP_ALIVE)
    return client


def _log_calls(session: boto3.Session) -> None:
    """Log each call with its duration, retries included (`-v`). Parameters may be secret and are left out."""
    session.events.register("before-call", _begin)
    session.events.register("after-call", _end)
    session.events.register("after-call-error", _end)


def _begin(context: dict[str, Any], **_: object) -> None:
    context["kanmon_began"] = time.monotonic()


def _end(context: dict[str, Any], event_name: str, **rest: Any) -> None:  # noqa: ANN401 - botocore's own
    _, service, operation = event_name.split(".", 2)
    milliseconds = (time.monotonic() - context["kanmon_began"]) * 1000
    response, error = rest.get("http_response"), rest.get("exception")
    result = response.status_code if response is not None else type(error).__name__
    log.debug("%s.%s %s %.0f ms", service, operation, result, milliseconds)
