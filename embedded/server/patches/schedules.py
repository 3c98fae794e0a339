"""A schedule keeps its time zone, and another name alone makes it anew.

ministack's AWS::Scheduler::Schedule hands on the expression only; GetSchedule then answers UTC.
Schedules are still due by UTC: ministack's runner reads no time zone.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, scheduler

_KIND = "AWS::Scheduler::Schedule"
_handler = HANDLERS[_KIND]
_create, _update = _handler["create"], _handler["update"]


def apply() -> None:
    """Keep it when a schedule is created and updated."""
    # Without this, a change set marks every change as a possible replacement:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
    REPLACING[_KIND] = ("Name",)
    _handler.update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create, with its time zone."""
    return _zoned(_create(logical_id, props, stack), props)


def update(physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], *rest: Any) -> Any:
    """Update, with its time zone."""
    return _zoned(_update(physical_id, old_props, new_props, *rest), new_props)


def _zoned(made: Any, props: dict[str, Any]) -> Any:
    schedule = scheduler._schedules[f"{props.get('GroupName', 'default')}/{made[0]}"]
    schedule["ScheduleExpressionTimezone"] = props.get("ScheduleExpressionTimezone", "UTC")
    return made
