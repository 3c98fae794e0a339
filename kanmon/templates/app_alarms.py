"""Facts about the team's own alarms, for the templates of slots and observability."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kanmon.documentation import OWN_ALARMS, with_runbook
from kanmon.naming import app_metrics, pattern_metric, queue_name, unique_id
from kanmon.notify.meanings import meaning_of
from kanmon.text import yaml_quoted

if TYPE_CHECKING:
    from kanmon.config.alarms import AppAlarm
    from kanmon.config.schema import Config


def alarm_facts(config: Config, *, per_slot: bool) -> list[dict[str, Any]]:
    """The alarms of a slot, or those of observability, by name."""
    return [
        {
            **alarm.model_dump(),
            **_metric(config, name, alarm),
            "id": unique_id(name),
            "name": name,
            "description": with_runbook(alarm.description or meaning_of(OWN_ALARMS, name=name), OWN_ALARMS),
            "period": f"{alarm.period:.0f}",
            # YAML takes an exponent for text.
            "threshold": f"{Decimal(repr(alarm.threshold)):f}".removesuffix(".0"),
        }
        for name, alarm in sorted(config.alarms.items())
        if alarm.per_slot is per_slot
    ]


def _metric(config: Config, name: str, alarm: AppAlarm) -> dict[str, Any]:
    """The namespace, and the metric and its dimensions as YAML."""
    namespace, dimensions = (
        alarm.namespace or "",
        {key: yaml_quoted(one) for key, one in alarm.dimensions.items()},
    )
    metric = yaml_quoted(alarm.metric or "")
    if alarm.function:
        namespace, dimensions = "AWS/Lambda", {"FunctionName": f"!Ref {unique_id(alarm.function)}Function"}
    elif alarm.state_machine:
        machine = f"!Ref {unique_id(alarm.state_machine)}StateMachine"
        namespace, dimensions = "AWS/States", {"StateMachineArn": machine}
    elif alarm.queue:
        namespace, dimensions = "AWS/SQS", {"QueueName": queue_name(config.prefix, alarm.queue)}
    elif alarm.database:
        namespace, dimensions = "AWS/RDS", {"DBClusterIdentifier": "!Ref DatabaseCluster"}
    elif alarm.log_pattern:
        namespace = app_metrics(config.prefix)
        metric = f'!Sub "{pattern_metric("${Slot}", name)}"'
    return {"namespace": namespace, "metric": metric, "dimensions": dimensions}
