"""IAM policies of a rendered template, and whether they let a request through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded.authorisation.evaluation import (
    Effect,
    Principal,
    Request,
    Statement,
    decide,
    effect,
    statements_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": "",
}


class Document:
    """A parsed template with references resolved to ARNs, as AWS does it."""

    def __init__(self, parsed: Any, parameters: Mapping[str, str] | None = None) -> None:
        self.resources: dict[str, Any] = parsed["Resources"]
        self.parameters = parameters or {}

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of every resource of a type, resolved, by logical id."""
        found = {name: item for name, item in self.resources.items() if item["Type"] == kind}
        return {name: self.resolve(item["Properties"]) for name, item in found.items()}

    def statements(self, role: str) -> list[Statement]:
        """All statements of a role: of its inline policies and of this template's managed ones."""
        properties = self.of_type("AWS::IAM::Role")[role]
        managed = self.of_type("AWS::IAM::ManagedPolicy")
        documents = [one["PolicyDocument"] for one in properties.get("Policies", ())]
        for arn in properties.get("ManagedPolicyArns", ()):
            documents += [
                one["PolicyDocument"]
                for one in managed.values()
                if arn == f"arn:aws:iam::{ACCOUNT}:policy/{one['ManagedPolicyName']}"
            ]
        return [one for document in documents for one in statements_of(document)]

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
        if name in self.parameters:
            return self.parameters[name]
        resource = self.resources[name.split(".", maxsplit=1)[0]]
        form = _FORMS.get(resource["Type"], "arn:aws:any:{region}:{account}:{name}")
        given = {key: self.resolve(value) for key, value in resource.get("Properties", {}).items()}
        return form.format_map(
            {"RoleName": name} | given | {"name": name, "region": REGION, "account": ACCOUNT}
        )


_FORMS = {
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{ManagedPolicyName}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{RoleName}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{FunctionName}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{LogGroupName}",
    "AWS::S3::Bucket": "arn:aws:s3:::{BucketName}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{TopicName}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{QueueName}",
}
"""The ARNs of resources, by their types."""


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
