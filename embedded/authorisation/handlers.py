"""The rights that CloudFormation needs for a type of a team's own stack, by the type's schema.

The schema names the actions of each handler, and AWS's service authorization reference the resources of each
action: both are data of cfn-lint. A handler's list has rights for all properties of its type, so a role
needs a little more here than on AWS.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READS = re.compile(r"(?:BatchGet|Describe|Get|List|Query|Scan)")
# Tags are no part of a template without them. Other services' rights hang on single properties.
_TAGS = re.compile(r"(?:Un)?Tag[A-Z]|Add.*Tags|Remove.*Tags|(?:Put|Delete).*Tagging")
_ELSEWHERE = ("iam", "kms")
_ROLE = re.compile(r"arn:aws:iam::\d*:role/.+")
PASS_ROLE = "iam:PassRole"


@dataclass(frozen=True)
class Needed:
    """A right, and the resources of which one must be allowed: the reference names no single one."""

    action: str
    resources: tuple[str, ...]


def needed(
    schema: Mapping[str, Any],
    reference: Mapping[str, Any],
    operation: str,
    properties: Mapping[str, Any],
    **known: str,
) -> Iterator[Needed]:
    """The rights of a handler that make, change or remove, and those on the roles that it passes.

    `known` has the physical `id` or a name after the stack, the `account` and the `region`.
    """
    actions = schema.get("handlers", {}).get(operation, {}).get("permissions", ())
    service = _service(actions)
    name = _name(schema, properties) or known["id"]
    known = known | {"id": re.split(r"[:/]", name)[-1] if name.startswith("arn:") else name.lstrip("/")}
    for action in actions:
        own, _, call = action.partition(":")
        listed = reference.get(own.lower(), {})
        # A handler's list has calls, too, that IAM knows under another name: nobody is asked for those.
        asked = call.lower() in listed.get("Actions", {})
        if own == service and asked and not _READS.match(call) and not _TAGS.fullmatch(call):
            yield Needed(action, _resources(schema["typeName"], listed, call, known))
    if PASS_ROLE in actions:
        yield from (Needed(PASS_ROLE, (role,)) for role in sorted(set(_roles(properties))))


def _service(actions: tuple[str, ...]) -> str:
    """The type's own service: most of a handler's actions are its."""
    services = Counter(one.partition(":")[0] for one in actions)
    for other in _ELSEWHERE if len(services) > 1 else ():
        services.pop(other, None)
    return max(services, key=lambda one: services[one], default="")


def _name(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    """The name in the template: of the identifier, or of a property that AWS calls so by habit."""
    kind = schema["typeName"].rpartition("::")[2]
    identifiers = [one.rpartition("/")[2] for one in schema.get("primaryIdentifier", ())]
    found = (properties.get(one) for one in (*identifiers, "Name", f"{kind}Name"))
    return next((one for one in found if isinstance(one, str) and one), "")


def _resources(kind: str, listed: Mapping[str, Any], call: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The ARNs that an action is asked on: those of the type's own kind, else any; `*` without one."""
    kinds = listed["Actions"][call.lower()].get("Resources", ())
    formats = {key.lower(): one.get("ARNFormats", ()) for key, one in listed["Resources"].items()}
    noun = kind.rpartition("::")[2].lower()
    own = [one for one in kinds if one.replace("-", "").lower() == noun] or kinds
    found = (_filled(form, known) for one in own for form in formats.get(one.lower(), ()))
    return tuple(dict.fromkeys(found)) or ("*",)


def _filled(form: str, known: Mapping[str, str]) -> str:
    values = {"${Partition}": "aws", "${Region}": known["region"], "${Account}": known["account"]}
    values[".*"] = known["id"]
    for placeholder, value in values.items():
        form = form.replace(placeholder, value)
    return form


def _roles(value: Any, key: str = "") -> Iterator[str]:
    """The roles among properties that are named like one."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _roles(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _roles(one, key)
    elif isinstance(value, str) and key.lower().endswith(("role", "rolearn")) and _ROLE.fullmatch(value):
        yield value
