"""Which alarms are firing, and why."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws import explained
from kanmon.errors import KanmonError

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
        """Those of at most 100 alarms that fire, by name; one that doesn't exist does not fire.

        A composite alarm's reason is that of the alarms below it. Raises what AWS's errors become.
        """
        found = self._in_alarm(names)
        return [FiringAlarm(alarm["AlarmName"], self._reason(alarm)) for alarm in found]

    def _in_alarm(self, names: Sequence[str]) -> list[CompositeAlarmTypeDef | MetricAlarmTypeDef]:
        with explained(f"reading the alarms {', '.join(names)}"):
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
        below = _triggers(alarm.get("StateReasonData", ""))
        if below:
            # Only words are lost when this fails: that the alarm fires is known.
            with suppress(KanmonError):
                told = [f"{one['AlarmName']}: {one.get('StateReason', '')}" for one in self._in_alarm(below)]
                if told:
                    return "; ".join(told)
        return alarm.get("StateReason", "") or "no reason given"


def _triggers(reason_data: str) -> list[str]:
    """The names of the alarms that made a composite one fire, none for a metric alarm.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    try:
        triggers: Iterable[dict[str, str]] = json.loads(reason_data)["triggeringAlarms"]
        return sorted({one["arn"].partition(":alarm:")[2] for one in triggers} - {""})
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
