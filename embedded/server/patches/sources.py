"""A stack can disable an event source mapping, and the API shows it.

ministack's AWS::Lambda::EventSourceMapping calls every one `Enabled`, and takes a template's "false"
(a text) for true.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, lambda_service

_KIND = "AWS::Lambda::EventSourceMapping"
_handler = HANDLERS[_KIND]
_create, _update = _handler["create"], _handler["update"]


def apply() -> None:
    """Set the state when a mapping is created and updated."""
    # Without this, a change set marks every change as a possible replacement:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
    start = ("StartingPosition", "StartingPositionTimestamp")
    REPLACING[_KIND] = ("EventSourceArn", "SelfManagedEventSource", *start)
    _handler.update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create, in the wanted state."""
    return _switched(_create(logical_id, props, stack), props)


def update(physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], *rest: Any) -> Any:
    """Update, to the wanted state."""
    return _switched(_update(physical_id, old_props, new_props, *rest), new_props)


def _switched(made: Any, props: dict[str, Any]) -> Any:
    enabled = str(props.get("Enabled", True)).lower() == "true"
    mapping = lambda_service._esms[made[0]]
    mapping.update({"Enabled": enabled, "State": "Enabled" if enabled else "Disabled"})
    return made
