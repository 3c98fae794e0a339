"""Facts about triggers, for the slot's template: queues and schedules start work without a request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanmon.naming import unique_id

if TYPE_CHECKING:
    from kanmon.config.schedules import Schedule
    from kanmon.config.schema import Config


def queue_facts(config: Config) -> list[dict[str, Any]]:
    """The facts of all queues with a function, by name."""
    return [
        {
            **queue.model_dump(),
            "id": unique_id(name),
            "name": name,
            "function_id": unique_id(queue.function),
        }
        for name, queue in sorted(config.queues.items())
        if queue.function
    ]


def schedule_facts(config: Config) -> list[dict[str, Any]]:
    """The facts of all schedules, by name. Each has its function or its state machine."""
    return [
        {
            **schedule.model_dump(),
            **_target(schedule),
            "id": unique_id(name),
            "name": name,
            "input": json.dumps(schedule.payload, sort_keys=True),
        }
        for name, schedule in sorted(config.schedules.items())
    ]


def _target(schedule: Schedule) -> dict[str, str]:
    if schedule.function:
        return {
            "action": "lambda:InvokeFunction",
            "target": f"!GetAtt {unique_id(schedule.function)}Function.Arn",
        }
    return {
        "action": "states:StartExecution",
        "target": f"!Ref {unique_id(str(schedule.state_machine))}StateMachine",
    }
