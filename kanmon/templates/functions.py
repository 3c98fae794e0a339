"""Facts about functions, for the slot's template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.config.waiting import ANSWERING
from kanmon.naming import unique_id
from kanmon.stacks.grants import granted
from kanmon.templates.expressions import expression, statement_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            "settings": {key: expression(config, text) for key, text in function.environment.items()},
        }
        for name, function in sorted(config.functions.items())
    ]


def state_machine_steps(config: Config, definitions: Mapping[str, Definition]) -> set[str]:
    """The functions with no other callers than state machines."""
    invoked = {
        *(route.function for route in config.routes),
        *(hook.function for hook in config.hooks),
        *(queue.function for queue in config.queues.values()),
        *(schedule.function for schedule in config.schedules.values()),
    }
    return {name for definition in definitions.values() for name in definition.functions} - invoked
