"""What the slot's template is told of workflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.templates.ids import unique_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config import Config


@dataclass(frozen=True)
class Definition:
    """A workflow's definition in the artifact bucket."""

    key: str
    """Its object key."""
    functions: tuple[str, ...]
    """The functions that it names."""


def workflow_facts(config: Config, definitions: Mapping[str, Definition]) -> list[dict[str, Any]]:
    """All workflows, by name."""
    return [
        {
            "id": unique_id(name),
            "name": name,
            "type": workflow.type,
            "key": definitions[name].key,
            "functions": [
                {"id": unique_id(function), "name": function} for function in definitions[name].functions
            ],
        }
        for name, workflow in sorted(config.workflows.items())
    ]
