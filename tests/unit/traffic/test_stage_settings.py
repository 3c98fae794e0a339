"""The settings of the API's stages: limits, access log, metrics, traces (INF-6)."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.config.api import Throttle
from kanmon.model import Pointer, Slot
from kanmon.traffic.stage_settings import ACCESS_LOG, StageSettings
from kanmon.traffic.stages import ApiStages
from tests.fakes.stages import MemoryApiGateway

if TYPE_CHECKING:
    from collections.abc import Mapping

BLUE, GREEN = Pointer(deployment="d1", slot=Slot.BLUE), Pointer(deployment="d2", slot=Slot.GREEN)


@pytest.fixture
def gateway() -> MemoryApiGateway:
    return MemoryApiGateway(deployments={"d1", "d2"})


@pytest.fixture
def stages(gateway: MemoryApiGateway) -> ApiStages:
    return ApiStages(cast("Any", gateway), "api-1", StageSettings(Throttle(), "arn:logs"))


def _fields() -> Mapping[str, str]:
    fields: dict[str, str] = json.loads(ACCESS_LOG)
    return fields


@pytest.mark.parametrize("stage", ["live", "r2-token"])
def test_every_stage_has_limits_traces_and_a_log(
    stages: ApiStages, gateway: MemoryApiGateway, stage: str
) -> None:
    """INF-6, MON-3: a preview's stage has them, too. No log holds headers or bodies.

    Metrics of each method cost extra, and nothing reads them.
    """
    stages.move(BLUE, allowed=frozenset({Pointer()}))
    stages.open_preview("r2-token", GREEN)
    made = gateway.stages[stage]
    assert made["methodSettings"] == {
        "*/*": {
            "throttlingRateLimit": 100,
            "throttlingBurstLimit": 200,
            "metricsEnabled": False,
            "loggingLevel": "OFF",
            "dataTraceEnabled": False,
        }
    }
    assert made["tracingEnabled"] is True
    assert made["accessLogSettings"] == {"destinationArn": "arn:logs", "format": ACCESS_LOG}


def test_an_entry_of_the_access_log_is_one_line() -> None:
    """INF-6"""
    assert "\n" not in ACCESS_LOG


def test_the_access_log_has_the_requests_id() -> None:
    """INF-6: API Gateway requires it."""
    assert _fields()["requestId"] == "$context.requestId"


def test_the_access_log_has_the_fields_for_an_analysis() -> None:
    """INF-6"""
    wanted = {"ip", "time", "method", "path", "status", "latency", "integrationError", "userAgent"}
    assert wanted <= _fields().keys()


def test_the_access_log_has_variables_of_api_gateway_only() -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    assert all(re.fullmatch(r"\$context(\.[A-Za-z]+)+", value) for value in _fields().values())


def test_differing_settings_are_changed_in_one_call(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    stages.move(BLUE, allowed=frozenset())
    gateway.updates.clear()
    assert stages.apply_settings(Throttle(rate=5.5))
    assert gateway.updates == [
        ("live", [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5.5"}])
    ]


def test_already_applied_settings_make_no_call(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    stages.move(BLUE, allowed=frozenset())
    stages.apply_settings(Throttle(rate=5.5))
    gateway.updates.clear()
    assert not stages.apply_settings(Throttle(rate=5.5))
    assert gateway.updates == []


@pytest.mark.parametrize("key", ["deploymentId", "variables", "canarySettings", "accessLogSettings"])
def test_settings_change_neither_pointer_nor_canary(
    stages: ApiStages, gateway: MemoryApiGateway, key: str
) -> None:
    """CD-10"""
    stages.move(BLUE, allowed=frozenset())
    stages.shift(GREEN, 10)
    before = gateway.stages["live"]
    stages.apply_settings(Throttle(rate=5.5))
    assert gateway.stages["live"][key] == before[key]


def test_settings_changed_by_hand_are_restored(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    stages.move(BLUE, allowed=frozenset())
    made = copy.deepcopy(gateway.stages["live"])
    del gateway.stages["live"]["accessLogSettings"]
    gateway.stages["live"]["tracingEnabled"] = False
    gateway.stages["live"]["methodSettings"]["*/*"]["loggingLevel"] = "INFO"
    assert stages.apply_settings(Throttle())
    assert gateway.stages["live"] == made


def test_without_a_live_stage_nothing_is_set(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    assert not stages.apply_settings(Throttle())
    assert gateway.stages == {}
