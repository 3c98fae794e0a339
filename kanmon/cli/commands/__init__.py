"""The commands. Each has a module with its options, its help and its `run`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanmon.cli.command import Command

NAMES = (
    "bootstrap",
    "build",
    "test",
    "comment",
    "plan",
    "render",
    "gate",
    "deploy",
    "smoke",
    "promote",
    "abort",
    "rollback",
    "recover",
    "record",
    "notify",
    "status",
    "outputs",
    "history",
    "destroy",
)
"""All commands, in the order of a release's life."""


def load(name: str) -> Command[Any]:
    """Import and return the command of this name."""
    command: Command[Any] = import_module(f"{__name__}.{name}").COMMAND
    return command
