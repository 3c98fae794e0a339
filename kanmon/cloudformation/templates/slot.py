"""One complete copy of the app's compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.gates import alarm_topic, slot_gate
from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.templates.functions import function_facts, secret_facts
from kanmon.cloudformation.templates.triggers import queue_facts, schedule_facts
from kanmon.cloudformation.templates.workflows import workflow_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanmon.cloudformation.templates.workflows import Definition
    from kanmon.config import Config

# An alarm takes ten metrics; a function's error rate is made of two, a workflow's failure rate of four
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html).
_FUNCTIONS_AN_ALARM, _WORKFLOWS_AN_ALARM = 5, 2


def slot_template(
    config: Config, keys: Mapping[str, str], definitions: Mapping[str, Definition] | None = None
) -> Template:
    """One slot; `keys` has the object key of each function's package in the artifact bucket.

    `definitions` has every workflow's.
    """
    functions = function_facts(config, keys, definitions or {})
    workflows = workflow_facts(config, definitions or {})
    errors = _groups(functions, _FUNCTIONS_AN_ALARM)
    failures = _groups(workflows, _WORKFLOWS_AN_ALARM)
    return Template(
        render(
            "slot.yml",
            prefix=config.prefix,
            app=config.app,
            environment=config.environment,
            functions=functions,
            workflows=workflows,
            queues=queue_facts(config),
            schedules=schedule_facts(config),
            bounded=config.github is not None,
            database=config.database if uses_database(config) else None,
            secrets=[secret_facts(name) for name in used_secrets(config)],
            users=uses_users(config),
            logs=config.logs,
            gate=slot_gate(config.prefix, "${Slot}"),
            topic=alarm_topic(config.prefix),
            error_alarms=errors,
            error_percent=f"{config.thresholds.function_error_percent:g}",
            failure_alarms=failures,
            failure_percent=f"{config.thresholds.workflow_failure_percent:g}",
            alarms=[
                *(f"Errors{number + 1}" for number in range(len(errors))),
                *(f"Failures{number + 1}" for number in range(len(failures))),
            ],
        )
    )


def uses_database(config: Config) -> bool:
    """Some function may reach the database."""
    return any(function.database for function in config.functions.values())


def uses_users(config: Config) -> bool:
    """Some function is told of the users."""
    return any(function.users for function in config.functions.values())


def used_secrets(config: Config) -> list[str]:
    """The secrets that some function may read."""
    return sorted({secret for function in config.functions.values() for secret in function.secrets})


def _groups(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
