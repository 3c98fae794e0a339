"""What an administrator applies to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.templates.ids import logical_id
from kanmon.cloudformation.templates.observability import trace_group

if TYPE_CHECKING:
    from kanmon.config import Config


def bootstrap_template(config: Config, *, api_logs: bool = True) -> Template:
    """What an administrator applies to an account.

    `api_logs` says that API Gateway is given the role by which it writes logs, of which an account has one
    in a region.
    """
    return Template(
        render(
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
            slack_secret=config.notifications.slack_secret,
        )
    )


def bootstrap_stack(app: str) -> str:
    """The name of the stack that an administrator applies."""
    return f"{app}-bootstrap"


def service_role(prefix: str) -> str:
    """The name of the role by which CloudFormation acts on an environment's stacks."""
    return f"{prefix}-cloudformation"
