"""The template of the bootstrap stack. An administrator applies it to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.naming import logical_id, trace_group
from kanmon.stacks.grants import ceilings
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def bootstrap_template(config: Config, *, api_logs: bool = True) -> str:
    """Render the bootstrap stack.

    With `api_logs` the stack sets API Gateway's role for writing logs. An account has one such role in each
    region.
    """
    return render(
        "bootstrap.yml",
        app=config.app,
        environments=[
            {
                "id": logical_id(name),
                "name": name,
                "prefix": f"{config.app}-{name}",
                "traces": trace_group(f"{config.app}-{name}"),
            }
            for name in config.environments
        ],
        github=config.github,
        costs=config.costs,
        api_logs=api_logs,
        granted=ceilings(),
        channel_secrets=list(config.notifications.channels.values()),
    )
