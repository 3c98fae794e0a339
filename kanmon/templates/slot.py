"""The template of a slot: one complete copy of the app's compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.naming import Output, alarm_topic, slot_rollback_alarm, unique_id
from kanmon.stacks.grants import slot_parameters
from kanmon.templates.app_alarms import alarm_facts
from kanmon.templates.expressions import slot_sources
from kanmon.templates.functions import function_facts
from kanmon.templates.rendering import render
from kanmon.templates.slot_triggers import queue_facts, schedule_facts
from kanmon.templates.state_machines import state_machine_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanmon.config.schema import Config
    from kanmon.templates.state_machines import Definition

# An alarm takes ten metrics. A function's error rate needs two of them, a state machine's failure rate four
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html).
_FUNCTIONS_AN_ALARM, _STATE_MACHINES_AN_ALARM = 5, 2


def slot_template(
    config: Config, keys: Mapping[str, str], definitions: Mapping[str, Definition] | None = None
) -> str:
    """Render one slot.

    `keys` has the object key of each function's package in the artifact bucket. `definitions` has the
    definition of each state machine.
    """
    functions = function_facts(config, keys, definitions or {})
    state_machines = state_machine_facts(config, definitions or {})
    named = [name for definition in (definitions or {}).values() for name in definition.values]
    errors = _groups(functions, _FUNCTIONS_AN_ALARM)
    failures = _groups(state_machines, _STATE_MACHINES_AN_ALARM)
    own = alarm_facts(config, per_slot=True)
    return render(
        "slot.yml",
        prefix=config.prefix,
        app=config.app,
        environment=config.environment,
        functions=functions,
        database_key=config.existing.database and config.existing.database.secret_key,
        state_machines=state_machines,
        queues=queue_facts(config),
        schedules=schedule_facts(config),
        bounded=config.github is not None,
        parameters=_parameters(config, named),
        pool_functions=_pool_functions(config),
        logs=config.logs,
        rollback_alarm=slot_rollback_alarm(config.prefix, "${Slot}"),
        topic=alarm_topic(config.prefix),
        error_alarms=errors,
        error_percent=f"{config.thresholds.function_error_percent:g}",
        failure_alarms=failures,
        failure_percent=f"{config.thresholds.state_machine_failure_percent:g}",
        alarms=[
            *(f"Errors{number + 1}" for number in range(len(errors))),
            *(f"Failures{number + 1}" for number in range(len(failures))),
            *(f"{alarm['id']}AppAlarm" for alarm in own if alarm["rollback"]),
        ],
        app_alarms=own,
    )


def _parameters(config: Config, named: Iterable[str]) -> dict[str, str]:
    """The slot's parameters with outputs, and their types. The key's stands in the template itself."""
    referenced = dict.fromkeys(slot_sources(config, named), "String")
    referenced.pop(Output.KEY_ARN, None)
    return referenced | slot_parameters(config)


def _pool_functions(config: Config) -> list[str]:
    """The logical ids' beginnings of the functions that the user pool calls."""
    triggers = config.user_pool.triggers.named if config.user_pool else {}
    return [unique_id(name) for name in sorted({*triggers.values()})]


def _groups(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
