"""boto3 clients, each made once, when it is first used."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig

from kanmon.aws.calls import explained

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sts import STSClient

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


class Aws:
    """The AWS account and region that a command works on.

    Credentials and endpoint come from the environment as for every AWS tool
    (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._session = boto3.Session(region_name=region)

    @cached_property
    def account(self) -> str:
        """The account's id. Raises KanmonError when credentials or AWS are missing."""
        sts: STSClient = self._session.client("sts", config=_SETTINGS)
        with explained("asking AWS who we are"):
            return sts.get_caller_identity()["Account"]

    @cached_property
    def s3(self) -> S3Client:
        """Amazon S3."""
        # An emulator answers under one host name, where buckets can't be host names.
        emulated = "AWS_ENDPOINT_URL" in os.environ
        style = ClientConfig(s3={"addressing_style": "path" if emulated else "virtual"})
        return self._session.client("s3", config=_SETTINGS.merge(style))

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """AWS CloudFormation."""
        return self._session.client("cloudformation", config=_SETTINGS)

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """Amazon API Gateway, REST APIs."""
        return self._session.client("apigateway", config=_SETTINGS)

    @cached_property
    def functions(self) -> LambdaClient:
        """AWS Lambda."""
        return self._session.client("lambda", config=_HOOK_SETTINGS)

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
        return self._session.client("rds", config=_SETTINGS)
