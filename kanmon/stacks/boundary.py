"""The ceiling of the config's permissions: the permission boundary that an administrator applied (ADP-1).

A role has no right that its boundary lacks, whatever its policies grant
(https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html). A release would go live,
and its first call would fail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.config.placeholders import substitute
from kanmon.config.substitution import PSEUDO, constants, slot_values
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import Parameter, boundary
from kanmon.stacks.template import resources_of
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

_LARGEST = 6144
"""Characters of a managed policy, without blanks.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_SHOWN = 5
_LINE = 200
_UNKNOWN = "${?}"
"""In place of a value that no stack has yet."""


@dataclass(frozen=True)
class Need:
    """One action on one resource, for the function or the state machine of a name."""

    user: str
    action: str
    resource: str
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def text(self) -> str:
        """In words: `function api: ses:SendEmail on *`."""
        return phrase(
            "{user}: {action} on {resource}", user=self.user, action=self.action, resource=self.resource
        )


def has_permissions(config: Config) -> bool:
    """Whether the config gives any function or state machine permissions of its own."""
    return any(user.permissions for user in _users(config))


def refuse_above(
    config: Config, applied: Iterable[Mapping[str, Any]], stacks: Mapping[str, Mapping[str, str]], key: str
) -> None:
    """Raise ABOVE_BOUNDARY when the config's permissions need more than the boundary allows.

    CONFIG_INVALID for a resource whose value is known, and no ARN.

    `applied` has the boundary's statements, `stacks` the outputs of the stacks by their kinds, `key` is the
    ARN of the environment's key. Of a resource that a stack will make, only the actions are compared.
    """
    values = _values(config, stacks, key)
    _refuse_other_values(config, values)
    needs = list(_needs(config, values))
    lacking = [need for need in needs if not _allows(need, list(applied))]
    if not lacking:
        return
    shown = "; ".join(cut(need.text, _LINE) for need in lacking[:_SHOWN])
    if len(lacking) > _SHOWN:
        shown = phrase("{shown} and {number} more", shown=shown, number=len(lacking) - _SHOWN)
    where = boundary(config.prefix)
    problem = phrase("The boundary of the app's roles does not allow: {needs}.", needs=shown)
    raise KanmonError(Code.ABOVE_BOUNDARY, problem, where=where, fix=_fix(config, lacking, key))


def refuse_long(body: str) -> None:
    """Raise TEMPLATE_TOO_BIG when a managed policy of a template is longer than IAM takes.

    Found by CloudFormation, it would take the whole change back.
    """
    for name, resource in (resources_of(body) or {}).items():
        if resource.type != "AWS::IAM::ManagedPolicy":
            continue
        size = _size(resource.content["Properties"]["PolicyDocument"])
        if size > _LARGEST:
            problem = phrase(
                "The policy has about {size} characters where IAM takes {limit}.", size=size, limit=_LARGEST
            )
            fix = phrase(
                "Shorten `boundary.allow`: `dynamodb:*Item` in place of several actions, "
                "`table/${kanmon.Prefix}-*` in place of several resources."
            )
            raise KanmonError(Code.TEMPLATE_TOO_BIG, problem, where=name, fix=fix)


def _refuse_other_values(config: Config, values: Mapping[str, str]) -> None:
    for user in _users(config):
        for index, statement in enumerate(user.permissions):
            found = _as_policy(statement, values)["Resource"]
            for number, (text, value) in enumerate(zip(statement.resources, found, strict=True)):
                if not value.startswith(("arn:", "*", _UNKNOWN)):
                    raise _no_arn(f"{user.place}.permissions[{index}].resources[{number}]", text, value)


def _no_arn(where: str, text: str, value: str) -> KanmonError:
    problem = phrase(
        "`{text}` is {value}, and IAM takes ARNs here.", text=cut(text, _LINE), value=cut(value, _LINE)
    )
    fix = phrase("Name an output with an ARN, or write the ARN of the resource with this value in it.")
    return KanmonError(Code.CONFIG_INVALID, problem, where=where, fix=fix)


def _size(value: Any) -> int:  # noqa: ANN401 - any part of a template
    """The length in JSON without blanks. CloudFormation's functions count as their text."""
    match value:
        case {"!Sub": text} | {"!GetAtt": text} | {"!Ref": text}:
            return len(str(text)) + 2
        case dict():
            return 1 + sum(len(key) + 4 + _size(one) for key, one in value.items())
        case list():
            return 1 + sum(1 + _size(one) for one in value)
    return len(str(value)) + 2


def _fix(config: Config, lacking: list[Need], key: str) -> str:
    known = _values(config, {}, key)
    declared = [_as_policy(one, known) for one in (config.boundary.allow if config.boundary else ())]
    missing = [need for need in lacking if not _allows(need, declared)]
    if not missing:
        return phrase("`boundary.allow` has it already. An administrator applies it with `kanmon bootstrap`.")
    by_resource: dict[str, list[str]] = {}
    for need in missing:
        by_resource.setdefault(_as_arn(need, key), []).append(need.action)
    lines = ", ".join(
        f"{{actions: [{', '.join(dict.fromkeys(actions))}], resources: ['{resource}']}}"
        for resource, actions in by_resource.items()
    )
    return phrase(
        "Add `boundary: {{allow: [{lines}]}}` to the config. Then an administrator runs `kanmon bootstrap`.",
        lines=lines,
    )


def _as_arn(need: Need, key: str) -> str:
    """A need's resource for `boundary.allow`, with `*` for the values of stacks that are not there yet.

    One that is nothing else becomes an ARN of the action's service.
    """
    if need.resource.startswith(_UNKNOWN):
        partition, service = key.split(":")[1], need.action.partition(":")[0]
        rest = need.resource.removeprefix(_UNKNOWN).replace(_UNKNOWN, "*")
        return f"arn:{partition}:{service}:*:*:*{rest}"
    return need.resource.replace(_UNKNOWN, "*")


def _needs(config: Config, values: Mapping[str, str]) -> Iterator[Need]:
    for user in _users(config):
        for statement in user.permissions:
            policy = _as_policy(statement, values)
            for action in policy["Action"]:
                for resource in policy["Resource"]:
                    yield Need(user.name, action, resource, policy["Condition"])


@dataclass(frozen=True)
class _User:
    """A function or a state machine."""

    name: str
    """For people."""
    place: str
    """Its key in the config."""
    permissions: tuple[Statement, ...]


def _users(config: Config) -> list[_User]:
    functions = [
        _User(phrase("function {name}", name=name), f"functions.{name}", one.permissions)
        for name, one in config.functions.items()
    ]
    machines = [
        _User(phrase("state machine {name}", name=name), f"state_machines.{name}", one.permissions)
        for name, one in config.state_machines.items()
    ]
    return functions + machines


def _as_policy(statement: Statement, values: Mapping[str, str]) -> dict[str, Any]:
    def filled(text: str) -> str:
        return substitute(text, lambda name: values.get(name, _UNKNOWN))

    conditions = {
        operator: {key: tuple(map(filled, found)) for key, found in keys.items()}
        for operator, keys in statement.conditions.items()
    }
    resources = [filled(one) for one in statement.resources]
    return {
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": resources,
        "Condition": conditions,
    }


def _values(config: Config, stacks: Mapping[str, Mapping[str, str]], key: str) -> dict[str, str]:
    """The known values of the names in texts. A slot's own things are those of both slots."""
    _, partition, _, _, account, _ = key.split(":", 5)
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    values = dict(zip(PSEUDO, (account, partition, suffix), strict=True)) | constants(config)
    here = values | {Parameter.SLOT: "*"}
    values |= {name: substitute(arn, here.__getitem__) for name, arn in slot_values(config).items()}
    values |= {f"{kind}.{key}": value for kind, found in stacks.items() for key, value in found.items()}
    return values


def _allows(need: Need, statements: Sequence[Mapping[str, Any]]) -> bool:
    found = [one for one in statements if _covers(one, need)]
    known = _UNKNOWN not in need.resource
    denied = known and any(one["Effect"] == "Deny" and not one.get("Condition") for one in found)
    return not denied and any(one["Effect"] == "Allow" and _under_conditions(one, need) for one in found)


def _covers(statement: Mapping[str, Any], need: Need) -> bool:
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    if "NotAction" in statement:
        acts = not any(_within(need.action, one, ignore_case=True) for one in _listed(statement["NotAction"]))
    else:
        acts = any(_within(need.action, one, ignore_case=True) for one in actions)
    return acts and (_UNKNOWN in need.resource or any(_within(need.resource, one) for one in resources))


def _under_conditions(statement: Mapping[str, Any], need: Need) -> bool:
    """The need has all conditions of the statement, with the same values."""
    return all(
        sorted(_listed(values)) == sorted(need.conditions.get(operator, {}).get(key, ()))
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    )


def _listed(value: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _within(inner: str, outer: str, *, ignore_case: bool = False) -> bool:
    """Whether all that fits the pattern `inner` fits `outer`, too.

    `*` in `outer` takes wildcards of `inner` as well, `?` takes one character.
    """
    pieces = (".*" if one == "*" else "[^*]" if one == "?" else re.escape(one) for one in outer)
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch("".join(pieces), inner, flags) is not None
