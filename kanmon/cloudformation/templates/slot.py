"""One complete copy of the app's compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.templates.ids import unique_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config import Config


def slot_template(config: Config, keys: Mapping[str, str]) -> Template:
    """One slot; `keys` has the object key of each function's package in the artifact bucket."""
    functions = [
        {
            "id": unique_id(name),
            "name": name,
            "key": keys[name],
            **function.model_dump(),
            "secrets": [_secret(secret) for secret in sorted(function.secrets)],
        }
        for name, function in sorted(config.functions.items())
    ]
    return Template(
        render(
            "slot.yml",
            prefix=config.prefix,
            app=config.app,
            environment=config.environment,
            functions=functions,
            bounded=config.github is not None,
            database=config.database if uses_database(config) else None,
            secrets=[_secret(name) for name in used_secrets(config)],
        )
    )


def uses_database(config: Config) -> bool:
    """Some function may reach the database."""
    return any(function.database for function in config.functions.values())


def used_secrets(config: Config) -> list[str]:
    """The secrets that some function may read."""
    return sorted({secret for function in config.functions.values() for secret in function.secrets})


def _secret(name: str) -> dict[str, str]:
    return {"id": unique_id(name), "variable": name.upper().replace("-", "_") + "_SECRET_ARN"}
