"""What outlives every release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.templates.ids import logical_id, unique_id
from kanmon.cloudformation.templates.triggers import queue_facts

if TYPE_CHECKING:
    from kanmon.config import Config


def foundation_template(config: Config) -> Template:
    """What outlives every release: network, keys, database, secrets, queues, users, audit trail."""
    return Template(
        render(
            "foundation.yml",
            prefix=config.prefix,
            app=config.app,
            database=config.database,
            endpoints=[
                {"id": logical_id(service), "service": service} for service in config.network.endpoints
            ],
            secrets=[
                {"id": unique_id(name), "name": name, **secret.model_dump()}
                for name, secret in sorted(config.secrets.items())
            ],
            trail=config.trail,
            logs=config.logs,
            queues=queue_facts(config),
            users=config.users,
        )
    )
