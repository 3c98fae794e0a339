"""Callers with limits: roles, and the sessions of their holders."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from embedded.github.identities import unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded.aws import EmbeddedAws

ONCE = Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class Caller:
    """Somebody with keys."""

    aws: EmbeddedAws
    keys: Mapping[str, str]

    @classmethod
    def administrator(cls, aws: EmbeddedAws) -> Caller:
        """The keys that every client has by itself."""
        environment = aws.environment
        return cls(
            aws,
            {
                "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            },
        )

    @classmethod
    def with_credentials(cls, aws: EmbeddedAws, credentials: Mapping[str, str]) -> Caller:
        """The holder of what STS gave."""
        return cls(
            aws,
            {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            },
        )

    def client(self, service: str, config: Config = ONCE) -> Any:
        """An SDK client; by itself it does not repeat a call."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name=self.aws.environment["AWS_REGION"],
            config=config,
            **self.keys,
        )

    def assume(self, role_arn: str, **more: Any) -> Caller:
        """The same caller with a role's rights."""
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test", **more)
        return Caller.with_credentials(self.aws, answer["Credentials"])


def token(issuer: str, **claims: Any) -> str:
    """A web identity's token; `exp` is in five minutes."""
    return unsigned({"iss": issuer, "exp": int(time.time()) + 300, **claims})
