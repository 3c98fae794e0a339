"""The permission boundary of a role in a template: ministack's CloudFormation leaves it out."""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, iam

KIND = "AWS::IAM::Role"
_create, _update = HANDLERS[KIND]["create"], HANDLERS[KIND]["update"]


def apply() -> None:
    """Replace the handlers."""
    HANDLERS[KIND].update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """A role with its boundary."""
    made = _create(logical_id, props, stack)
    iam._roles[made[0]]["PermissionsBoundary"] = props.get("PermissionsBoundary")
    return made


def update(physical_id: str, old: Any, props: dict[str, Any], *rest: Any) -> Any:
    """The same for a change."""
    changed = _update(physical_id, old, props, *rest)
    iam._roles[changed[0]]["PermissionsBoundary"] = props.get("PermissionsBoundary")
    return changed
