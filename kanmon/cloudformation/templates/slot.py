"""One complete copy of the app's compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.gates import slot_gate
from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.templates.ids import unique_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanmon.config import Config, Function

# An alarm takes ten metrics, and a function's error rate is made of two
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html).
_FUNCTIONS_AN_ALARM = 5
_SECONDS = 30


def slot_template(config: Config, keys: Mapping[str, str]) -> Template:
    """One slot; `keys` has the object key of each function's package in the artifact bucket."""
    functions = [
        {"id": unique_id(name), "name": name, "key": keys[name], **_function(function)}
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
            logs=config.logs,
            gate=slot_gate(config.prefix, "${Slot}"),
            error_alarms=_groups(functions, _FUNCTIONS_AN_ALARM),
            error_percent=f"{config.thresholds.function_error_percent:g}",
        )
    )


def uses_database(config: Config) -> bool:
    """Some function may reach the database."""
    return any(function.database for function in config.functions.values())


def used_secrets(config: Config) -> list[str]:
    """The secrets that some function may read."""
    return sorted({secret for function in config.functions.values() for secret in function.secrets})


def _function(function: Function) -> dict[str, Any]:
    return {
        **function.model_dump(),
        "timeout": function.timeout or _SECONDS,
        "secrets": [_secret(secret) for secret in sorted(function.secrets)],
    }


def _secret(name: str) -> dict[str, str]:
    return {"id": unique_id(name), "variable": name.upper().replace("-", "_") + "_SECRET_ARN"}


def _groups(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
