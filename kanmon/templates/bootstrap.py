"""The template of the bootstrap stack. An administrator applies it to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import SLOTS
from kanmon.naming import STACK_KINDS, logical_id, stack_name, trace_group
from kanmon.stacks.grants import ceilings
from kanmon.templates.rendering import render
from kanmon.templates.stack_set import PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.config.schema import Config


def bootstrap_template(config: Config, *, api_logs: bool = True) -> str:
    """Render the bootstrap stack.

    With `api_logs` the stack sets API Gateway's role for writing logs. An account has one such role in each
    region.
    """
    return render(
        "bootstrap.yml",
        app=config.app,
        environments=[_environment(name, f"{config.app}-{name}") for name in config.environments],
        github=config.github,
        costs=config.costs,
        api_logs=api_logs,
        granted=ceilings(),
        channel_secrets=list(config.notifications.channels.values()),
    )


def _environment(name: str, prefix: str) -> dict[str, object]:
    return {
        "id": logical_id(name),
        "name": name,
        "prefix": prefix,
        "traces": trace_group(prefix),
        "stacks": _stack_names(prefix, STACK_KINDS),
        "protected_stacks": _stack_names(prefix, (kind for kind in STACK_KINDS if kind in PROTECTED)),
    }


def _stack_names(prefix: str, kinds: Iterable[str]) -> list[str]:
    """Each name once, and both of a slot's."""
    return list(dict.fromkeys(stack_name(prefix, kind, slot) for kind in kinds for slot in SLOTS))
