"""Facts about functions, for the slot's template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.config.composed import START_FILE, composed
from kanmon.config.waiting import ANSWERING
from kanmon.naming import unique_id
from kanmon.stacks.granted import granted
from kanmon.templates.expressions import expression, statement_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.functions import Function
    from kanmon.config.schema import Config
    from kanmon.templates.state_machines import Definition

_STEP = 900
"""Seconds. A state machine waits as long as the function may run."""


def function_facts(
    config: Config, keys: Mapping[str, str], definitions: Mapping[str, Definition]
) -> list[dict[str, Any]]:
    """The facts of all functions, by name."""
    steps = state_machine_steps(config, definitions)
    return [
        {
            "id": unique_id(name),
            "name": name,
            "key": keys[name],
            **function.model_dump(),
            "timeout": function.timeout or (_STEP if name in steps else ANSWERING),
            "granted": granted(config, name),
            "statements": statement_facts(config, function.permissions),
            "start_file": START_FILE if composed(function.environment) else "",
            "settings": {key: expression(config, text) for key, text in function.environment.items()},
            "asynchronous": _asynchronous(function),
        }
        for name, function in sorted(config.functions.items())
    ]


def _asynchronous(function: Function) -> dict[str, str]:
    """The properties of asynchronous invocations that the config sets, as YAML."""
    retries, age = function.maximum_retries, function.maximum_event_age
    # A destination, not the function's dead-letter queue: its message has the error and the number of tries
    # beside the event, and one resource has all settings of asynchronous invocations
    # (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
    queue = f"{{OnFailure: {{Destination: !Ref {unique_id(function.dead_letters or '')}QueueArn}}}}"
    given = {
        "MaximumRetryAttempts": None if retries is None else str(retries),
        "MaximumEventAgeInSeconds": None if age is None else f"{age:.0f}",
        "DestinationConfig": queue if function.dead_letters else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def state_machine_steps(config: Config, definitions: Mapping[str, Definition]) -> set[str]:
    """The functions with no other callers than state machines."""
    invoked = {
        *(route.function for route in config.routes),
        *(one.function for one in (config.api.authorizers.values() if config.api else ())),
        *(hook.function for hook in config.hooks),
        *(queue.function for queue in config.queues.values()),
        *(schedule.function for schedule in config.schedules.values()),
        *(config.user_pool.triggers.named.values() if config.user_pool else ()),
    }
    return {name for definition in definitions.values() for name in definition.functions} - invoked
