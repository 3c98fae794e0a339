"""What the slot's template is told of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.templates.ids import unique_id
from kanmon.config.values import variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.cloudformation.templates.workflows import Definition
    from kanmon.config import Config

# Seconds: API Gateway gives up on a function after 29
# (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html),
# a workflow waits for it as long as it may run.
ANSWERING, _STEP = 30, 900


def function_facts(
    config: Config, keys: Mapping[str, str], definitions: Mapping[str, Definition]
) -> list[dict[str, Any]]:
    """All functions, by name."""
    steps = workflow_steps(config, definitions)
    return [
        {
            "id": unique_id(name),
            "name": name,
            "key": keys[name],
            **function.model_dump(),
            "timeout": function.timeout or (_STEP if name in steps else ANSWERING),
            "secrets": [secret_facts(secret) for secret in sorted(function.secrets)],
            "starts": [
                {"name": workflow, "variable": variable(workflow, "WORKFLOW_ARN")}
                for workflow in sorted(function.starts)
            ],
            "sends": [
                {"id": unique_id(queue), "variable": variable(queue, "QUEUE_URL")}
                for queue in sorted(function.sends)
            ],
            "works_off": [
                {"id": unique_id(queue)}
                for queue, worked_off in sorted(config.queues.items())
                if worked_off.function == name
            ],
        }
        for name, function in sorted(config.functions.items())
    ]


def secret_facts(name: str) -> dict[str, str]:
    """A secret, and the variable that says where it is."""
    return {"id": unique_id(name), "variable": variable(name, "SECRET_ARN")}


def workflow_steps(config: Config, definitions: Mapping[str, Definition]) -> set[str]:
    """The functions that only workflows invoke."""
    invoked = {
        *(route.function for route in config.routes),
        *(hook.function for hook in config.hooks),
        *(queue.function for queue in config.queues.values()),
        *(schedule.function for schedule in config.schedules.values()),
    }
    return {name for definition in definitions.values() for name in definition.functions} - invoked
