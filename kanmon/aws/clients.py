"""AWS's clients, each made once, when it is first used.

They are botocore's own: boto3 adds a layer of resources to the same clients, and loads it at every start.
"""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, TypeVar, cast

from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import get_session

from kanmon.aws.calls import explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sts import STSClient

T = TypeVar("T")

_SETTINGS = ClientConfig(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent_extra="kanmon",
    max_pool_connections=32,
)
_HOOK_SETTINGS = _SETTINGS.merge(
    # A hook runs up to Lambda's own 15 minutes, and running it twice must not be our doing.
    ClientConfig(read_timeout=910, retries={"mode": "standard", "total_max_attempts": 1})
)
_MESSAGE_SETTINGS = _SETTINGS.merge(
    # Nobody waits long for a message.
    ClientConfig(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
)
_WATCH_SETTINGS = _SETTINGS.merge(
    # A look at the alarms is repeated anyway, and nobody waits long for a mark.
    ClientConfig(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
)


class _Models(Loader):
    """botocore's models of the services."""

    def list_available_services(self, type_name: str) -> list[str]:
        # Each has a folder. botocore would look into all of the 400 for what kinds of model there are.
        del type_name
        return [folder.name for folder in Path(self.BUILTIN_DATA_PATH).iterdir()]


class Aws:
    """The AWS account and region that a command works on.

    Credentials and endpoint come from the environment as for every AWS tool
    (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._asked: Future[str] | None = None
        self._session = get_session()
        self._session.set_config_variable("region", region)
        self._session.register_component("data_loader", _Models())

    @cached_property
    def account(self) -> str:
        """The account's id. Raises KanmonError when credentials or AWS are missing."""
        with explained("asking AWS who we are"):
            return self._asked.result() if self._asked else self._sts.get_caller_identity()["Account"]

    @cached_property
    def partition(self) -> str:
        """The partition that the region lies in, `aws` nearly everywhere."""
        return self._session.get_partition_for_region(self.region)

    def ask_account(self) -> None:
        """Ask for the account's id in the background; `account` then waits for that answer.

        Only where nobody can be asked for a code: credentials that want one want the terminal for themselves.
        """
        with suppress(BotoCoreError):  # `account` meets it again
            ask = self._sts.get_caller_identity
            self._asked = _in_background(lambda: ask()["Account"])

    @cached_property
    def _sts(self) -> STSClient:
        return cast("STSClient", self._session.create_client("sts", config=_SETTINGS))

    @cached_property
    def s3(self) -> S3Client:
        """Amazon S3."""
        # An emulator answers under one host name, where buckets can't be host names.
        emulated = "AWS_ENDPOINT_URL" in os.environ
        style = ClientConfig(s3={"addressing_style": "path" if emulated else "virtual"})
        return cast("S3Client", self._session.create_client("s3", config=_SETTINGS.merge(style)))

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """AWS CloudFormation."""
        return cast("CloudFormationClient", self._session.create_client("cloudformation", config=_SETTINGS))

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Amazon CloudWatch."""
        return cast("CloudWatchClient", self._session.create_client("cloudwatch", config=_WATCH_SETTINGS))

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """Amazon API Gateway, REST APIs."""
        return cast("APIGatewayClient", self._session.create_client("apigateway", config=_SETTINGS))

    @cached_property
    def functions(self) -> LambdaClient:
        """AWS Lambda."""
        return cast("LambdaClient", self._session.create_client("lambda", config=_HOOK_SETTINGS))

    @cached_property
    def sns(self) -> SNSClient:
        """Amazon SNS."""
        return cast("SNSClient", self._session.create_client("sns", config=_MESSAGE_SETTINGS))

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """AWS Secrets Manager."""
        return cast(
            "SecretsManagerClient", self._session.create_client("secretsmanager", config=_MESSAGE_SETTINGS)
        )

    @cached_property
    def rds(self) -> RDSClient:
        """Amazon RDS and Aurora."""
        return cast("RDSClient", self._session.create_client("rds", config=_SETTINGS))


def upload(s3: S3Client, path: Path, bucket: str, key: str) -> None:
    """Write a file to S3, a large one in parts."""
    # It takes its time to import, and most commands upload nothing.
    from s3transfer.manager import TransferManager

    with TransferManager(s3) as transfers:
        transfers.upload(str(path), bucket, key).result()


def _in_background(work: Callable[[], T]) -> Future[T]:
    """The outcome of work in a thread, for which the end of the process does not wait."""
    outcome: Future[T] = Future()

    def do() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome gets it
            outcome.set_exception(error)

    Thread(target=do, daemon=True).start()
    return outcome
