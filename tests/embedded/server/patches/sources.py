"""An event source mapping that a stack disables is disabled, and says so.

ministack's AWS::Lambda::EventSourceMapping calls every one `Enabled`, and takes a template's "false",
which is a text, for true.
"""

from __future__ import annotations

from typing import Any

from tests.embedded.server.modules import HANDLERS, REPLACING, lambda_service

_KIND = "AWS::Lambda::EventSourceMapping"
_handler = HANDLERS[_KIND]
_create, _update = _handler["create"], _handler["update"]


def apply() -> None:
    """Set the state when a mapping is created and updated."""
    # Unless this is known, a change set says of every change that it may replace:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
    start = ("StartingPosition", "StartingPositionTimestamp")
    REPLACING[_KIND] = ("EventSourceArn", "SelfManagedEventSource", *start)
    _handler.update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create, in the state that is asked for."""
    return _switched(_create(logical_id, props, stack), props)


def update(physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], *rest: Any) -> Any:
    """Update, to the state that is asked for."""
    return _switched(_update(physical_id, old_props, new_props, *rest), new_props)


def _switched(made: Any, props: dict[str, Any]) -> Any:
    enabled = str(props.get("Enabled", True)).lower() == "true"
    mapping = lambda_service._esms[made[0]]
    mapping.update({"Enabled": enabled, "State": "Enabled" if enabled else "Disabled"})
    return made
