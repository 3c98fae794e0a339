"""CloudFormation acts with the role of the change set: what the role may not make, the stack can't have.

A stack keeps the role of its last operation with one, as on AWS. Asked about are the types in `MADE`: those
by which somebody gets rights or runs code. For all other types the service role has every right here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded.server import decisions
from embedded.server.modules import (
    change_sets,
    cloudformation,
    evaluator,
    handlers,
    iam,
    responses,
    stacks,
    tagging,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_create_change_set, _execute = change_sets._create_change_set, change_sets._execute_change_set
_provision, _update, _delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource


@dataclass(frozen=True)
class Making:
    """The rights for one type. `passed` is the service that gets its roles."""

    arn: str
    create: tuple[str, ...]
    update: tuple[str, ...]
    delete: tuple[str, ...]
    passed: str = ""
    tagged: tuple[str, str] = ("", "")
    """The call for the tags, and its resource, where the creating call takes no tags."""


MADE = {
    "AWS::IAM::Role": Making(
        "arn:aws:iam::{account}:role{Path}{RoleName}",
        ("iam:CreateRole", "iam:PutRolePolicy"),
        ("iam:PutRolePolicy",),
        ("iam:DeleteRolePolicy", "iam:DeleteRole"),
    ),
    "AWS::IAM::ManagedPolicy": Making(
        "arn:aws:iam::{account}:policy{Path}{ManagedPolicyName}",
        ("iam:CreatePolicy",),
        ("iam:CreatePolicyVersion",),
        ("iam:DeletePolicy",),
    ),
    "AWS::Lambda::Function": Making(
        "arn:aws:lambda:{region}:{account}:function:{FunctionName}",
        ("lambda:CreateFunction",),
        ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
        ("lambda:DeleteFunction",),
        "lambda.amazonaws.com",
    ),
    # An import takes no tags. Its roles are those of the document's integrations.
    "AWS::ApiGateway::RestApi": Making(
        "arn:aws:apigateway:{region}::/restapis",
        ("apigateway:POST",),
        (),
        (),
        "apigateway.amazonaws.com",
        ("apigateway:PUT", "arn:aws:apigateway:{region}::/tags/arn%3Aaws%3Aapigateway%3A%2Frestapis%2Fnew"),
    ),
    "AWS::S3::Bucket": Making(
        "arn:aws:s3:::{BucketName}", ("s3:CreateBucket",), ("s3:PutBucketVersioning",), ("s3:DeleteBucket",)
    ),
    "AWS::S3::BucketPolicy": Making(
        "arn:aws:s3:::{Bucket}", ("s3:PutBucketPolicy",), ("s3:PutBucketPolicy",), ("s3:DeleteBucketPolicy",)
    ),
}


def apply() -> None:
    """Keep the role with its change set and its stack, and ask it before each change."""
    change_sets._create_change_set = create_change_set
    change_sets._execute_change_set = execute
    for name, function in (("CreateChangeSet", create_change_set), ("ExecuteChangeSet", execute)):
        handlers._ACTION_HANDLERS[name] = function
    stacks._provision_resource = provision
    stacks._update_resource = update
    stacks._delete_resource = delete


def create_change_set(params: Mapping[str, Any]) -> Any:
    """Remember the role."""
    answer = _create_change_set(params)
    made = _change_set(params)
    if made and answer[0] == 200:
        made["RoleARN"] = change_sets._p(params, "RoleARN")
    return answer


def execute(params: Mapping[str, Any]) -> Any:
    """The stack takes the role."""
    made = _change_set(params)
    stack = cloudformation._stacks.get(made["StackName"]) if made else None
    if made and stack and made.get("RoleARN"):
        stack["RoleARN"] = made["RoleARN"]
    return _execute(params)


def provision(kind: str, logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create a resource."""
    if making := MADE.get(kind):
        _ask(stack, making, making.create, logical_id, props)
    return _provision(kind, logical_id, props, stack)


def update(
    kind: str, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *rest: Any
) -> Any:
    """Change a resource."""
    making = MADE.get(kind)
    if making and old != new:
        _ask(stack, making, making.update, physical_id, new)
    return _update(kind, physical_id, old, new, stack, *rest)


def delete(kind: str, physical_id: str, props: dict[str, Any], stack: str | None = None, *rest: Any) -> Any:
    """Delete a resource."""
    making = MADE.get(kind)
    if making and stack:
        _ask(stack, making, making.delete, physical_id, props)
    return _delete(kind, physical_id, props, stack, *rest)


def _change_set(params: Mapping[str, Any]) -> dict[str, Any] | None:
    names = (change_sets._p(params, name) for name in ("ChangeSetName", "StackName"))
    found: dict[str, Any] | None = change_sets._find_change_set(*names)[1]
    return found


def _ask(stack: str, making: Making, actions: Sequence[str], name: str, props: Mapping[str, Any]) -> None:
    """Raise ValueError, as a handler fails, if the stack's role may not do one of the actions."""
    role = (cloudformation._stacks.get(stack) or {}).get("RoleARN")
    if not role:
        return  # the caller's own rights, and the caller is an administrator: see the README
    for action, resource, keys in _requests(making, actions, name, props):
        _check(role, action, resource, keys)


def _requests(
    making: Making, actions: Sequence[str], name: str, props: Mapping[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    arn = _arn(making.arn, name, props)
    keys = _keys(props)
    tag, place = making.tagged
    for action in actions:
        yield action, arn, {} if tag else keys
    if tag and actions:
        yield tag, _arn(place, name, props), keys
    for policy in props.get("ManagedPolicyArns") or ():
        yield "iam:AttachRolePolicy", arn, {**keys, "iam:policyarn": policy}
    for role in sorted(_roles(props)) if making.passed else ():
        yield "iam:PassRole", role, {"iam:passedtoservice": making.passed}
    code = props.get("Code") or {}
    if isinstance(code, dict) and code.get("S3Bucket"):
        yield "s3:GetObject", f"arn:aws:s3:::{code['S3Bucket']}/{code['S3Key']}", {}


def _roles(props: Mapping[str, Any]) -> set[str]:
    """The roles that a resource gives to its service."""
    body = props.get("Body")
    paths = body.get("paths", {}) if isinstance(body, dict) else {}
    operations = [operation for item in paths.values() for operation in item.values()]
    given = [
        operation.get("x-amazon-apigateway-integration", {}).get("credentials") for operation in operations
    ]
    return {role for role in (props.get("Role"), *given) if role}


def _arn(pattern: str, name: str, props: Mapping[str, Any]) -> str:
    """The ARN. CloudFormation names a resource without a name after its stack; `name` then stands for it."""
    known = {"account": responses.get_account_id(), "region": responses.get_region()}
    given = {"Path": "/", **{key: value for key, value in props.items() if isinstance(value, str)}, **known}
    return re.sub(r"\{(\w+)\}", lambda found: given.get(found[1], name), pattern)


def _keys(props: Mapping[str, Any]) -> dict[str, Any]:
    tags = [tag for tag in props.get("Tags") or () if isinstance(tag, dict)]
    keys: dict[str, Any] = {f"aws:requesttag/{tag['Key']}".lower(): tag["Value"] for tag in tags}
    if tags:
        keys["aws:tagkeys"] = [tag["Key"] for tag in tags]
    if boundary := props.get("PermissionsBoundary"):
        keys["iam:permissionsboundary"] = boundary
    return keys


def _check(role: str, action: str, resource: str, keys: Mapping[str, Any]) -> None:
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    tags = tagging.resource_tags(resource) or {}
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/AWSCloudFormation",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context={**{f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()}, **keys},
    )
    policies = evaluator._gather_role_policies(name, account)
    found = evaluator.evaluate(context, policies, *evaluator._permissions_boundary(iam._roles, name, account))
    allowed = found.decision == "Allow"
    decisions.record(role, action, resource, allowed=allowed)
    if not allowed:
        raise ValueError(
            f"User: {context.principal_arn} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action (Status Code: 403)"
        )
