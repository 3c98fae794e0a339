"""IAM policies of a rendered template, and whether they let a request through."""

from __future__ import annotations

import re
from typing import Any

from embedded.authorisation.evaluation import (
    Effect,
    Principal,
    Request,
    Statement,
    decide,
    effect,
    statements_of,
)

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


class Document:
    """A parsed template with references resolved to ARNs, as AWS does it."""

    def __init__(self, parsed: Any) -> None:
        self.resources: dict[str, Any] = parsed["Resources"]

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of every resource of a type, resolved, by logical id."""
        found = {name: item for name, item in self.resources.items() if item["Type"] == kind}
        return {name: self.resolve(item["Properties"]) for name, item in found.items()}

    def resolve(self, value: Any) -> Any:
        """A value without functions."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self._named(value["Ref"])
        if set(value) == {"GetAtt"}:
            return self._named(value["GetAtt"].removesuffix(".Arn"))
        if set(value) == {"Sub"} and isinstance(value["Sub"], str):
            return re.sub(
                r"\$\{([^}!]+)\}", lambda match: self._named(match[1].removesuffix(".Arn")), value["Sub"]
            )
        return {key: self.resolve(item) for key, item in value.items()}

    def _named(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        resource = self.resources[name.split(".", maxsplit=1)[0]]
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{self.resolve(properties['BucketName'])}"
            case "AWS::SNS::Topic":
                return f"arn:aws:sns:{REGION}:{ACCOUNT}:{properties['TopicName']}"
            case "AWS::IAM::Role":
                return f"arn:aws:iam::{ACCOUNT}:role/{properties.get('RoleName', name)}"
            case "AWS::IAM::ManagedPolicy":
                return f"arn:aws:iam::{ACCOUNT}:policy/{properties['ManagedPolicyName']}"
            case _:
                return f"arn:aws:any:{REGION}:{ACCOUNT}:{name}"


def statements(role: dict[str, Any]) -> list[Statement]:
    """All statements of a role's own policies."""
    return [one for policy in role.get("Policies", ()) for one in statements_of(policy["PolicyDocument"])]


def allows(policy: list[Statement], request: Request) -> bool:
    """Whether a policy lets a request through: something allows it and nothing denies it."""
    return effect(policy, request) is Effect.ALLOW


def assumable(trust: dict[str, Any], claims: dict[str, str]) -> bool:
    """Whether a trust policy admits a GitHub job with these claims in its token."""
    issuer = "token.actions.githubusercontent.com"
    provider = Principal(f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}", "Federated")
    context = {f"{issuer}:{key}": value for key, value in claims.items()}
    request = Request("sts:AssumeRoleWithWebIdentity", "the role", context, provider)
    return decide(request, [], resource=statements_of(trust), resource_decides=True) is Effect.ALLOW


def listed(value: Any) -> list[Any]:
    """One or several as several."""
    return value if isinstance(value, list) else [value]
