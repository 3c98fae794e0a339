"""Firing alarms, and their reasons."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import CompositeAlarmTypeDef, MetricAlarmTypeDef


@dataclass(frozen=True)
class FiringAlarm:
    """An alarm in the state ALARM."""

    name: str
    reason: str


@dataclass(frozen=True)
class Alarms:
    """The alarms of one account and region.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """

    cloudwatch: CloudWatchClient

    def firing(self, names: Sequence[str]) -> list[FiringAlarm]:
        """The firing ones among at most 100 alarms, by name. A missing alarm does not fire.

        A composite alarm has the reasons of the alarms below it. Raises AWS's errors as KanmonError.
        """
        found = self._in_alarm(names)
        return [FiringAlarm(alarm["AlarmName"], self._reason(alarm)) for alarm in found]

    def _in_alarm(self, names: Sequence[str]) -> list[CompositeAlarmTypeDef | MetricAlarmTypeDef]:
        with aws_errors(phrase("reading the alarms {names}", names=", ".join(names))):
            answer = self.cloudwatch.describe_alarms(
                AlarmNames=names,
                # Without this the answer has metric alarms only.
                AlarmTypes=["CompositeAlarm", "MetricAlarm"],
                StateValue="ALARM",
                MaxRecords=100,
            )
        return sorted(
            [*answer.get("CompositeAlarms", []), *answer.get("MetricAlarms", [])],
            key=lambda alarm: alarm["AlarmName"],
        )

    def _reason(self, alarm: CompositeAlarmTypeDef | MetricAlarmTypeDef) -> str:
        below = _alarms_below(alarm.get("StateReasonData", ""))
        if below:
            # If this fails, only the reasons are lost: the alarm still counts as firing.
            with suppress(KanmonError):
                firing = self._in_alarm(below)
                if firing:
                    return "; ".join(f"{one['AlarmName']}: {one.get('StateReason', '')}" for one in firing)
        return alarm.get("StateReason", "") or phrase("no reason given")


def _alarms_below(reason_data: str) -> list[str]:
    """The names of the alarms behind a firing composite alarm. Empty for a metric alarm.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    try:
        triggers: Iterable[dict[str, str]] = json.loads(reason_data)["triggeringAlarms"]
        return sorted({one["arn"].partition(":alarm:")[2] for one in triggers} - {""})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
