"""CloudFormation acts with the role of the change set: what the role may not make, the stack can't have.

A stack keeps the role of its last operation with one, as on AWS. Asked about are the types and rights of
`embedded/authorisation/making.py`, and by `handlers.py` there all other types with a schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded.authorisation.handlers import needed
from embedded.authorisation.making import MADE, Making, arn_of, besides_of, tags_in
from embedded.server import decisions, schemas
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
    from collections.abc import Iterable, Iterator, Mapping

_create_change_set, _execute = change_sets._create_change_set, change_sets._execute_change_set
_describe = handlers._ACTION_HANDLERS["DescribeStacks"]
_provision, _update, _delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource
_REFUSAL = (
    "User: {user} is not authorized to perform: {action} on resource: {resource} "
    "because no identity-based policy allows the {action} action (Status Code: 403)"
)


@dataclass(frozen=True)
class _Right:
    """What the role must be allowed: an action on a resource, with condition keys."""

    action: str
    resource: str
    keys: Mapping[str, Any]
    exists: bool = True
    """The resource has the stack's tags already."""


def apply() -> None:
    """Keep the role with its change set and its stack, and ask it before each change."""
    change_sets._create_change_set = create_change_set
    change_sets._execute_change_set = execute
    for name, function in (("CreateChangeSet", create_change_set), ("ExecuteChangeSet", execute)):
        handlers._ACTION_HANDLERS[name] = function
    handlers._ACTION_HANDLERS["DescribeStacks"] = describe
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


def describe(params: Mapping[str, Any]) -> Any:
    """Show each stack's role (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html)."""
    status, headers, body = _describe(params)
    for stack in cloudformation._stacks.values():
        if role := stack.get("RoleARN"):
            shown = f"<StackId>{stack['StackId']}</StackId>".encode()
            body = body.replace(shown, shown + f"<RoleARN>{role}</RoleARN>".encode())
    return status, headers, body


def provision(kind: str, logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create a resource."""
    if making := MADE.get(kind):
        _ask(stack, _creation(making, props, f"{stack}-{logical_id}"))
    else:
        _ask_by_schema(stack, kind, "create", props, f"{stack}-{logical_id}")
    return _provision(kind, logical_id, props, stack)


def update(
    kind: str, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *rest: Any
) -> Any:
    """Change a resource."""
    making = MADE.get(kind)
    if making and old != new:
        _ask(stack, _change(making, old, new, physical_id))
    elif old != new:
        _ask_by_schema(stack, kind, "update", new, physical_id)
    return _update(kind, physical_id, old, new, stack, *rest)


def delete(kind: str, physical_id: str, props: dict[str, Any], stack: str | None = None, *rest: Any) -> Any:
    """Delete a resource."""
    making = MADE.get(kind)
    if making and stack:
        arn = arn_of(making.arn, props, **_known(physical_id))
        _ask(stack, [_Right(action, arn, _keys(props)) for action in making.delete])
    elif stack:
        _ask_by_schema(stack, kind, "delete", props, physical_id)
    return _delete(kind, physical_id, props, stack, *rest)


def _change_set(params: Mapping[str, Any]) -> dict[str, Any] | None:
    names = (change_sets._p(params, name) for name in ("ChangeSetName", "StackName"))
    found: dict[str, Any] | None = change_sets._find_change_set(*names)[1]
    return found


def _known(name: str) -> dict[str, str]:
    return {"id": name, "account": responses.get_account_id(), "region": responses.get_region()}


def _creation(making: Making, props: Mapping[str, Any], name: str) -> Iterator[_Right]:
    arn, keys, tags = arn_of(making.arn, props, **_known(name)), _keys(props), tags_in(props)
    # A part without tags of its own belongs to a resource that is there.
    part = not making.tag
    for action in making.create:
        if making.imported:
            yield _Right(action, arn.rpartition("/")[0], {}, exists=False)
        else:
            yield _Right(action, arn, {**keys, **_requested(tags)}, exists=part)
    for other in besides_of(making, props, **_known(name)):
        yield _Right(making.create[0], other, {})
    if making.tag and tags:
        created = {"ec2:createaction": making.create[0].partition(":")[2]}
        place = arn_of(making.tagged or making.arn, props, **_known(name))
        yield _Right(making.tag, place, {**keys, **_requested(tags), **created}, exists=False)
    yield from _further(making, props, arn, keys)


def _change(making: Making, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[_Right]:
    arn, keys, before, after = arn_of(making.arn, new, **_known(name)), _keys(new), tags_in(old), tags_in(new)
    place = arn_of(making.tagged or making.arn, new, **_known(name))
    for action in making.update:
        yield _Right(action, arn, keys)
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if making.tag and changed:
        yield _Right(making.tag, place, {**keys, **_requested(changed)})
    if making.untag and (left := sorted(before.keys() - after.keys())):
        yield _Right(making.untag, place, {**keys, "aws:tagkeys": left})
    yield from _further(making, new, arn, keys)


def _further(making: Making, props: Mapping[str, Any], arn: str, keys: Mapping[str, Any]) -> Iterator[_Right]:
    """Policies and roles that the resource gets, its code, layers and reservation."""
    for policy in props.get("ManagedPolicyArns") or ():
        yield _Right("iam:AttachRolePolicy", arn, {**keys, "iam:policyarn": policy})
    for role in sorted(_roles(props)) if making.passed else ():
        yield _Right("iam:PassRole", role, {"iam:passedtoservice": making.passed})
    code = props.get("Code") or {}
    if isinstance(code, dict) and code.get("S3Bucket"):
        yield _Right("s3:GetObject", f"arn:aws:s3:::{code['S3Bucket']}/{code['S3Key']}", {})
    for layer in props.get("Layers") or ():
        yield _Right("lambda:GetLayerVersion", layer, {})
    if "ReservedConcurrentExecutions" in props:
        yield _Right("lambda:PutFunctionConcurrency", arn, keys)


def _roles(props: Mapping[str, Any]) -> set[str]:
    """The roles that a resource gives to its service."""
    body, target = props.get("Body"), props.get("Target") or {}
    paths = body.get("paths", {}) if isinstance(body, dict) else {}
    operations = [operation for item in paths.values() for operation in item.values()]
    given = [
        operation.get("x-amazon-apigateway-integration", {}).get("credentials") for operation in operations
    ]
    schemes = body.get("components", {}).get("securitySchemes", {}) if isinstance(body, dict) else {}
    given += [
        one.get("x-amazon-apigateway-authorizer", {}).get("authorizerCredentials") for one in schemes.values()
    ]
    return {role for role in (props.get("Role"), props.get("RoleArn"), target.get("RoleArn"), *given) if role}


def _keys(props: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys from properties."""
    keys: dict[str, Any] = {}
    if boundary := props.get("PermissionsBoundary"):
        keys["iam:permissionsboundary"] = boundary
    if "EventSourceArn" in props:
        keys["lambda:functionarn"] = arn_of(MADE["AWS::Lambda::Permission"].arn, props, **_known(""))
    return keys


def _requested(tags: Mapping[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
    return keys | ({"aws:tagkeys": sorted(tags)} if tags else {})


def _ask(stack: str, rights: Iterable[_Right]) -> None:
    """Raise ValueError, as a handler fails, if the stack's role may not do one of the actions."""
    role, stack_tags = _held_by(stack)
    if not role:
        return  # the caller's own rights, and the caller is an administrator: see the README
    for right in rights:
        _check(role, right, _tags(right, stack_tags))


def _ask_by_schema(stack: str, kind: str, operation: str, props: Mapping[str, Any], name: str) -> None:
    """The same for a type of a team's own: one of each right's resources must be allowed."""
    role, stack_tags = _held_by(stack)
    schema = schemas.of_type(kind) if role else None
    if not schema:
        return
    exists = operation != "create"
    for right in needed(schema, schemas.reference(), operation, props, **_known(name)):
        asked = [_Right(right.action, one, {}, exists) for one in right.resources]
        allowed = (one for one in asked if _decides(role, _context(role, one, _tags(one, stack_tags), "")))
        chosen = next(allowed, asked[0])
        _check(role, chosen, _tags(chosen, stack_tags))


def _held_by(stack: str) -> tuple[str, dict[str, str]]:
    """The stack's role, and its tags."""
    found = cloudformation._stacks.get(stack) or {}
    return found.get("RoleARN") or "", {tag["Key"]: tag["Value"] for tag in found.get("Tags") or ()}


def _tags(right: _Right, stack_tags: Mapping[str, str]) -> dict[str, str]:
    return {**stack_tags, **(tagging.resource_tags(right.resource) or {})} if right.exists else {}


def may(role: str, action: str, resource: str) -> bool:
    """Whether a function's role allows an action."""
    context = _context(role, _Right(action, resource, {}), {}, "function")
    allowed = _decides(role, context)
    decisions.record(role, action, resource, allowed=allowed)
    return allowed


def _check(role: str, right: _Right, tags: Mapping[str, str]) -> None:
    context = _context(role, right, tags, "AWSCloudFormation")
    allowed = _decides(role, context)
    decisions.record(role, right.action, right.resource, allowed=allowed)
    if not allowed:
        raise ValueError(
            _REFUSAL.format(user=context.principal_arn, action=right.action, resource=right.resource)
        )


def _decides(role: str, context: Any) -> bool:
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    policies = evaluator._gather_role_policies(name, account)
    found = evaluator.evaluate(context, policies, *evaluator._permissions_boundary(iam._roles, name, account))
    return bool(found.decision == "Allow")


def _context(role: str, right: _Right, tags: Mapping[str, str], holder: str) -> Any:
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    return evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{holder}",
        principal_type="AssumedRole",
        principal_account=account,
        action=right.action,
        resource_arn=right.resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context={
            **{f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()},
            **right.keys,
        },
    )
