"""Composite alarms, and metric alarms made of metric math.

AWS::CloudWatch::CompositeAlarm goes to ministack's own PutCompositeAlarm, so its state is made of its
children's. AWS::CloudWatch::Alarm with `Metrics` becomes a record with the expressions
(DescribeAlarms' `Metrics`); nothing computes them, its state is set by SetAlarmState.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, cloudwatch, provisioners

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_record = provisioners._cw_metric_alarm_record


def apply() -> None:
    """Register the type, and let metric math through."""
    create, update, delete = _composite_create, _composite_update, _composite_delete
    HANDLERS[COMPOSITE] = {"create": create, "update": update, "delete": delete}
    HANDLERS[COMPOSITE]["update_with_logical_id"] = True
    REPLACING[COMPOSITE] = ("AlarmName",)
    provisioners._cw_metric_alarm_record = _metric_record


def _metric_record(name: str, props: dict[str, Any]) -> Any:
    metrics = props.get("Metrics")
    if not metrics:
        return _record(name, props)
    if props.get("MetricName") or props.get("Namespace"):
        raise ValueError("Metrics cannot be given together with MetricName or Namespace")
    named = {"MetricName": "-", "Namespace": "-"}
    rest = {key: value for key, value in props.items() if key != "Metrics"}
    alarm = _record(name, {**rest, **named})
    alarm.update({"MetricName": None, "Namespace": None, "Statistic": None, "Metrics": metrics})
    return alarm


def _composite_create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    name = props.get("AlarmName")
    return _put(name or provisioners._physical_name(stack, logical_id, max_len=255), props)


def _composite_update(physical_id: str, _old: Any, new: dict[str, Any], *_rest: Any) -> Any:
    return _put(physical_id, new)


def _put(name: str, props: dict[str, Any]) -> Any:
    keys = ("AlarmRule", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions")
    given = {key: props[key] for key in (*keys, "InsufficientDataActions") if key in props}
    answer = cloudwatch._put_composite_alarm({}, {"AlarmName": name, **given}, False, True)
    if answer[0] >= 400:
        raise ValueError(f"{COMPOSITE} failed: {answer[2]!r}")
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _composite_delete(physical_id: str, _props: dict[str, Any]) -> None:
    cloudwatch._composite_alarms.pop(physical_id, None)
