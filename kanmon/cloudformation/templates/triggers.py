"""What the templates are told of what happens in the background: queues and schedules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.templates.functions import ANSWERING
from kanmon.cloudformation.templates.ids import unique_id

if TYPE_CHECKING:
    from kanmon.config import Config, Schedule


def queue_facts(config: Config) -> list[dict[str, Any]]:
    """All queues, by name, with the function that works each off and whether one sends to it."""
    sent = {queue for function in config.functions.values() for queue in function.sends}
    return [
        {
            **queue.model_dump(),
            "id": unique_id(name),
            "name": name,
            "function_id": unique_id(queue.function),
            "sent": name in sent,
            "timeout": config.functions[queue.function].timeout or ANSWERING,
        }
        for name, queue in sorted(config.queues.items())
    ]


def queue_parameters(config: Config) -> list[str]:
    """What the slot is given of the foundation's queues."""
    return [
        f"{queue['id']}Queue{value}"
        for queue in queue_facts(config)
        for value in (["Arn", "Url"] if queue["sent"] else ["Arn"])
    ]


def schedule_facts(config: Config) -> list[dict[str, Any]]:
    """All schedules, by name, with what each invokes or starts."""
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
        "target": f"!Ref {unique_id(str(schedule.workflow))}Workflow",
    }
