"""The alarms that fire, and why, by DescribeAlarms (MON-2)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.aws.alarms import Alarms, FiringAlarm
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLLBACK, ERRORS = "shop-test-rollback", "shop-test-errors"
ARN = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:"


@dataclass
class CloudWatch:
    """As much of DescribeAlarms as Kanmon uses. Without types, it answers with metric alarms only."""

    alarms: dict[str, dict[str, str]] = field(default_factory=dict)

    def describe_alarms(
        self,
        *,
        AlarmNames: Sequence[str],  # noqa: N803 - boto3's names
        AlarmTypes: Sequence[str] = ("MetricAlarm",),  # noqa: N803
        StateValue: str = "",  # noqa: N803
        MaxRecords: int = 50,  # noqa: N803
    ) -> dict[str, list[dict[str, str]]]:
        asked = [self.alarms[name] for name in AlarmNames if name in self.alarms][:MaxRecords]
        found = [alarm for alarm in asked if StateValue in {"", alarm["StateValue"]}]
        return {
            f"{kind}s": [alarm for alarm in found if ("AlarmRule" in alarm) is (kind == "CompositeAlarm")]
            for kind in AlarmTypes
        }


@pytest.fixture
def cloudwatch() -> Any:
    quiet = {"StateValue": "OK", "StateReason": "quiet"}
    names = {
        ERRORS: {"AlarmName": ERRORS} | quiet,
        ROLLBACK: {"AlarmName": ROLLBACK, "AlarmRule": "-"} | quiet,
    }
    return CloudWatch(names)


def _fire(cloudwatch: Any, name: str, reason: str, *triggers: str) -> None:
    data = {"triggeringAlarms": [{"arn": ARN + one, "state": {"value": "ALARM"}} for one in triggers]}
    cloudwatch.alarms[name] |= {
        "StateValue": "ALARM", "StateReason": reason, "StateReasonData": json.dumps(data),
    }  # fmt: skip


def test_quiet_and_missing_alarms_do_not_fire(cloudwatch: Any) -> None:
    assert Alarms(cloudwatch).firing([ROLLBACK, ERRORS, "none"]) == []


def test_only_the_named_alarms_are_read(cloudwatch: Any) -> None:
    _fire(cloudwatch, ROLLBACK, "by hand")
    _fire(cloudwatch, ERRORS, "9 is greater than 5")
    assert Alarms(cloudwatch).firing([ERRORS]) == [FiringAlarm(ERRORS, "9 is greater than 5")]


def test_metric_and_composite_alarms_are_read(cloudwatch: Any) -> None:
    _fire(cloudwatch, ROLLBACK, "by hand")
    _fire(cloudwatch, ERRORS, "9 is greater than 5")
    assert [alarm.name for alarm in Alarms(cloudwatch).firing([ROLLBACK, ERRORS])] == [ERRORS, ROLLBACK]


def test_a_composite_alarm_has_the_reason_of_the_alarm_below(cloudwatch: Any) -> None:
    _fire(cloudwatch, ERRORS, "9 is greater than 5")
    _fire(cloudwatch, ROLLBACK, f"{ARN}{ERRORS} transitioned to ALARM", ERRORS)
    assert Alarms(cloudwatch).firing([ROLLBACK]) == [FiringAlarm(ROLLBACK, f"{ERRORS}: 9 is greater than 5")]


def test_a_composite_alarm_has_its_own_reason_otherwise(cloudwatch: Any) -> None:
    _fire(cloudwatch, ROLLBACK, f"{ARN}{ERRORS} transitioned to ALARM", ERRORS)
    assert Alarms(cloudwatch).firing([ROLLBACK]) == [
        FiringAlarm(ROLLBACK, f"{ARN}{ERRORS} transitioned to ALARM")
    ]


@pytest.mark.parametrize("data", ["", "{", "[]", "7", "{}", '{"triggeringAlarms": [7]}', "[" * 4000])
def test_an_alarm_with_unknown_reason_data_fires(data: str) -> None:
    alarm = {
        "AlarmName": ROLLBACK, "AlarmRule": "-", "StateValue": "ALARM", "StateReason": "why",
        "StateReasonData": data,
    }  # fmt: skip
    client: Any = CloudWatch({ROLLBACK: alarm})
    assert Alarms(client).firing([ROLLBACK]) == [FiringAlarm(ROLLBACK, "why")]


def test_a_refused_call_is_an_error() -> None:
    def deny(_: object, **__: Any) -> None:
        raise refusal("AccessDenied", "DescribeAlarms")

    client: Any = type("Client", (), {"describe_alarms": deny})()
    with pytest.raises(KanmonError) as caught:
        Alarms(client).firing([ROLLBACK])
    assert caught.value.code is Code.AWS_DENIED
