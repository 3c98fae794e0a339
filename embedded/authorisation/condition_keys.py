"""The condition keys of a request beyond ministack's own, in lower case as IAM compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = (
    "if-none-match",
    "if-match",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
)
_UPLOADING = ("uploads", "partnumber")
"""The query parameters of CreateMultipartUpload, and of UploadPart and UploadPartCopy."""


def of_object(action: str, query: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The keys of a request for an object. A write that makes an object is one "object creation operation".

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    keys = {f"s3:{name}": headers[name] for name in _HEADERS if headers.get(name)}
    if version := first(query, "versionId"):
        keys["s3:versionid"] = version
    if action == "s3:PutObject":
        given = {name.lower() for name in query}
        keys["s3:objectcreationoperation"] = str(not given.intersection(_UPLOADING)).lower()
    return keys


def of_change_set(query: Mapping[str, Any]) -> dict[str, str]:
    """The keys of CloudFormation's operations on a stack or a change set.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    """
    names = {
        "RoleARN": "rolearn",
        "ChangeSetName": "changesetname",
        "TemplateURL": "templateurl",
        "StackPolicyURL": "stackpolicyurl",
    }
    found = {f"cloudformation:{key}": first(query, name) for name, key in names.items()}
    return {key: value for key, value in found.items() if value}


def of_metrics(namespace: str) -> dict[str, str]:
    """The key of CloudWatch's PutMetricData."""
    return {"cloudwatch:namespace": namespace} if namespace else {}


def of_new_resource(action: str) -> dict[str, str]:
    """EC2's key for tags that come with a new resource.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    return {"ec2:createaction": action.removeprefix("ec2:")}


def of_token(issuer: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a web identity's token: each claim, below the issuer's host.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    host = issuer.split("://", 1)[-1].rstrip("/")
    return {f"{host}:{claim}".lower(): value for claim, value in claims.items()}


def first(query: Mapping[str, Any], name: str) -> str:
    """The first value of a query parameter; else empty."""
    value = query.get(name) or ""
    return str(value[0] if isinstance(value, list) else value)
