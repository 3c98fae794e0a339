"""Which alarms fire, and why: as DescribeAlarms tells it (MON-2)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.checks import Alarms, FiringAlarm
from kanmon.errors import Code, KanmonError
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

GATE, ERRORS = "shop-test-gate", "shop-test-errors"
ARN = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:"


@dataclass
class CloudWatch:
    """As much of DescribeAlarms as Kanmon uses: without types it answers with metric alarms only."""

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
    names = {ERRORS: {"AlarmName": ERRORS} | quiet, GATE: {"AlarmName": GATE, "AlarmRule": "-"} | quiet}
    return CloudWatch(names)


def _fire(cloudwatch: Any, name: str, reason: str, *triggers: str) -> None:
    data = {"triggeringAlarms": [{"arn": ARN + one, "state": {"value": "ALARM"}} for one in triggers]}
    cloudwatch.alarms[name] |= {
        "StateValue": "ALARM", "StateReason": reason, "StateReasonData": json.dumps(data),
    }  # fmt: skip


def test_quiet_alarms_and_those_that_do_not_exist_do_not_fire(cloudwatch: Any) -> None:
    assert Alarms(cloudwatch).firing([GATE, ERRORS, "none"]) == []


def test_both_kinds_of_alarm_are_found_and_no_other_than_asked_for(cloudwatch: Any) -> None:
    _fire(cloudwatch, GATE, "by hand")
    _fire(cloudwatch, ERRORS, "9 is greater than 5")
    assert Alarms(cloudwatch).firing([ERRORS]) == [FiringAlarm(ERRORS, "9 is greater than 5")]
    assert [alarm.name for alarm in Alarms(cloudwatch).firing([GATE, ERRORS])] == [ERRORS, GATE]


def test_a_composite_alarm_says_which_alarm_below_it_fires_and_why(cloudwatch: Any) -> None:
    _fire(cloudwatch, ERRORS, "9 is greater than 5")
    _fire(cloudwatch, GATE, f"{ARN}{ERRORS} transitioned to ALARM", ERRORS)
    assert Alarms(cloudwatch).firing([GATE]) == [FiringAlarm(GATE, f"{ERRORS}: 9 is greater than 5")]


def test_without_an_answer_about_those_below_its_own_reason_is_told(cloudwatch: Any) -> None:
    _fire(cloudwatch, GATE, f"{ARN}{ERRORS} transitioned to ALARM", ERRORS)
    assert Alarms(cloudwatch).firing([GATE]) == [FiringAlarm(GATE, f"{ARN}{ERRORS} transitioned to ALARM")]


@pytest.mark.parametrize("data", ["", "{", "[]", "7", "{}", '{"triggeringAlarms": [7]}'])
def test_whatever_the_reasons_data_is_the_alarm_fires(data: str) -> None:
    alarm = {
        "AlarmName": GATE, "AlarmRule": "-", "StateValue": "ALARM", "StateReason": "why",
        "StateReasonData": data,
    }  # fmt: skip
    client: Any = CloudWatch({GATE: alarm})
    assert Alarms(client).firing([GATE]) == [FiringAlarm(GATE, "why")]


def test_a_refusal_is_not_silence() -> None:
    def deny(_: object, **__: Any) -> None:
        raise refusal("AccessDenied", "DescribeAlarms")

    client: Any = type("Client", (), {"describe_alarms": deny})()
    with pytest.raises(KanmonError) as caught:
        Alarms(client).firing([GATE])
    assert caught.value.code is Code.AWS_DENIED
