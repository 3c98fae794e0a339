"""IAM policies of a rendered template, and whether they let a request through.

What is played of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html:
identity policies of one role, wildcards, and the condition operators that the templates use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True)
class Request:
    """A call as IAM sees it."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


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


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """All statements of a role's own policies."""
    return [one for policy in role.get("Policies", ()) for one in policy["PolicyDocument"]["Statement"]]


def allows(policy: list[dict[str, Any]], request: Request) -> bool:
    """Whether a policy lets a request through: something allows it and nothing denies it."""
    effects = {one["Effect"] for one in policy if _applies(one, request)}
    return "Allow" in effects and "Deny" not in effects


def assumable(trust: dict[str, Any], claims: dict[str, str]) -> bool:
    """Whether a trust policy admits a GitHub job with these claims in its token."""
    issuer = "token.actions.githubusercontent.com"
    context = {f"{issuer}:{key}": value for key, value in claims.items()}
    return any(
        one["Action"] == "sts:AssumeRoleWithWebIdentity" and _conditions(one.get("Condition", {}), context)
        for one in trust["Statement"]
    )


def listed(value: Any) -> list[Any]:
    """One or several as several."""
    return value if isinstance(value, list) else [value]


def _applies(statement: dict[str, Any], request: Request) -> bool:
    action = any(_like(one.lower(), request.action.lower()) for one in listed(statement["Action"]))
    resource = any(_like(one, request.resource) for one in listed(statement["Resource"]))
    return action and resource and _conditions(statement.get("Condition", {}), request.context)


def _conditions(conditions: dict[str, Any], context: dict[str, str]) -> bool:
    return all(
        # A key that the request doesn't have matches nothing.
        key in context and any(_COMPARED[operator](one, context[key]) for one in listed(expected))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _like(pattern: str, text: str) -> bool:
    pieces = (
        ".*" if piece == "*" else "." if piece == "?" else re.escape(piece)
        for piece in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(pieces), text, re.DOTALL) is not None


_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, given: expected == given,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda expected, given: str(expected).lower() == given.lower(),
}
