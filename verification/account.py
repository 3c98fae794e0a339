"""The AWS account: who calls, with which rights, and what is there of the app."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GITHUB_PROVIDER = "token.actions.githubusercontent.com"
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_PATIENCE = 120.0
"""Seconds for a new trust policy to be everywhere in IAM."""
_PAUSE = 2.0


class AccountError(RuntimeError):
    """The account can't be used. The text has the reason and the fix."""


@dataclass(frozen=True)
class Account:
    """The account of the environment's credentials, with an administrator's rights."""

    region: str
    number: str
    caller: str
    """The caller's ARN."""
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of_environment(cls) -> Account:
        """The account, as every AWS tool finds it. Raises AccountError."""
        try:
            # boto3 does not read AWS_REGION, unlike all other SDKs.
            session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
            if not session.region_name:
                raise AccountError("There is no region. Set one: export AWS_REGION=ap-northeast-1")
            identity = session.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise AccountError(
                f"AWS does not know you: {error}\nSign in as an administrator, for example with "
                "`aws sso login`, and try `aws sts get-caller-identity`."
            ) from None
        # The embedded AWS has no other administrator, and lets root take a role.
        if identity["Arn"].endswith(":root") and "AWS_ENDPOINT_URL" not in os.environ:
            raise AccountError(
                "These are the keys of the account's root user, and root can't take a role. Sign in as a "
                "user or a role with AdministratorAccess."
            )
        return cls(session.region_name, identity["Account"], identity["Arn"])

    @property
    def partition(self) -> str:
        """`aws` nearly everywhere."""
        return self.caller.split(":")[1]

    def client(self, service: str) -> Any:
        """An SDK client with the caller's rights."""
        if service not in self._made:
            self._made[service] = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]
        return self._made[service]

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """All items of a list."""
        client = self.client(service)
        if client.can_paginate(operation):
            answers = iter(client.get_paginator(operation).paginate(**arguments))
        else:
            answers = iter([getattr(client, operation)(**arguments)])
        for answer in answers:
            found = answer.get(key) or ()
            # CloudFront's lists are one level deeper.
            yield from (found.get("Items") or ()) if isinstance(found, dict) else found

    def stack(self, name: str) -> Mapping[str, Any] | None:
        """A stack, if it is there."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else dict(found)

    def outputs(self, name: str) -> dict[str, str]:
        """The outputs of a stack."""
        stack = self.stack(name) or {}
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    @cached_property
    def has_provider(self) -> bool:
        """Whether GitHub's identity provider is there."""
        found = self.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        return any(one["Arn"].endswith(GITHUB_PROVIDER) for one in found)

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a command with the caller's rights."""
        mine = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("AWS_") or name == "KANMON_EDGE_ENDPOINT_URL"
        }
        return {**mine, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}

    def trust_caller(self, role: str) -> None:
        """Let the account's own users take a role that trusts GitHub only; its rights stay as they are."""
        iam = self.client("iam")
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        mine = {
            "Sid": "VerifyAws",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{self.number}:root"},
            "Action": "sts:AssumeRole",
        }
        others = [one for one in trust["Statement"] if one.get("Sid") != mine["Sid"]]
        iam.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps({**trust, "Statement": [*others, mine]})
        )

    def as_role(self, role: str) -> dict[str, str]:
        """The variables for a command with a role's rights, for an hour. Raises AccountError."""
        arn = f"arn:{self.partition}:iam::{self.number}:role/{role}"
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="verify-aws")
                break
            except ClientError as error:
                if time.monotonic() > end:
                    raise AccountError(f"The role {role} can't be taken: {error}") from None
                time.sleep(_PAUSE)
        keys = given["Credentials"]
        kept = {name: value for name, value in self.environment.items() if name not in _PROFILES}
        values = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return {**kept, **dict(zip(_KEYS, values, strict=True))}

    def client_as(self, role: str, service: str) -> Any:
        """An SDK client with a role's rights."""
        given = self.as_role(role)
        keys = {key.lower(): given[key] for key in _KEYS}
        return boto3.client(service, region_name=self.region, **keys)  # type: ignore[call-overload]


def is_denied(error: ClientError) -> bool:
    """Whether AWS refused a call for lack of rights."""
    return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "403"}
