"""Facts about state machines, for the slot's template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanmon.naming import unique_id
from kanmon.templates.expressions import expression, statement_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config


@dataclass(frozen=True)
class Definition:
    """A state machine's definition in the artifact bucket."""

    key: str
    """Its object key."""
    functions: tuple[str, ...]
    """The functions named in it."""
    values: tuple[str, ...] = ()
    """The other names in it, such as `foundation.MailQueueUrl`."""


def state_machine_facts(config: Config, definitions: Mapping[str, Definition]) -> list[dict[str, Any]]:
    """The facts of all state machines, by name."""
    return [
        {
            "id": unique_id(name),
            "name": name,
            "type": machine.type,
            "key": definitions[name].key,
            "statements": statement_facts(config, machine.permissions),
            "substitutions": {one: expression(config, f"${{{one}}}") for one in definitions[name].values},
            "functions": [
                {"id": unique_id(function), "name": function} for function in definitions[name].functions
            ],
        }
        for name, machine in sorted(config.state_machines.items())
    ]
