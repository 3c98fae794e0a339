"""The API pointer: one call moves routes and functions, and only from where it was expected (CD-8)."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.config import Throttle
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Pointer, Slot
from kanmon.traffic import ApiStages, StageSettings
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.stages import MemoryApiGateway

if TYPE_CHECKING:
    from kanmon.bundle import Manifest

BLUE, GREEN = Pointer(deployment="d1", slot=Slot.BLUE), Pointer(deployment="d2", slot=Slot.GREEN)
SAME_ROUTES = Pointer(deployment="d1", slot=Slot.GREEN)


@pytest.fixture
def gateway() -> MemoryApiGateway:
    return MemoryApiGateway(deployments={"d1", "d2"})


@pytest.fixture
def stages(gateway: MemoryApiGateway) -> ApiStages:
    return ApiStages(cast("Any", gateway), "api-1", StageSettings(Throttle(), "arn:logs"))


def _live_in_blue(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    assert stages.move(BLUE, allowed=frozenset())
    gateway.updates.clear()


def test_first_move_makes_the_stage(stages: ApiStages) -> None:
    assert stages.live() is None
    assert stages.move(BLUE, allowed=frozenset({Pointer()}))
    assert stages.live() == BLUE


@pytest.mark.parametrize("stage", ["live", "r2-token"])
def test_every_stage_has_limits_metrics_traces_and_an_access_log(
    stages: ApiStages, gateway: MemoryApiGateway, stage: str
) -> None:
    """INF-6, MON-3: the trial's as well, and no log that would hold headers or bodies."""
    stages.move(BLUE, allowed=frozenset({Pointer()}))
    stages.open_trial("r2-token", GREEN)
    made = gateway.stages[stage]
    assert made["methodSettings"] == {
        "*/*": {
            "throttlingRateLimit": 100,
            "throttlingBurstLimit": 200,
            "metricsEnabled": True,
            "loggingLevel": "OFF",
            "dataTraceEnabled": False,
        }
    }
    assert made["tracingEnabled"] is True
    assert made["accessLogSettings"]["destinationArn"] == "arn:logs"


def test_a_line_of_the_access_log_is_json(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    """INF-6: one line of JSON with the request's id, which API Gateway asks for."""
    stages.move(BLUE, allowed=frozenset({Pointer()}))
    line = gateway.stages["live"]["accessLogSettings"]["format"]
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["requestId"] == "$context.requestId"
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    assert all(re.fullmatch(r"\$context(\.[A-Za-z]+)+", value) for value in fields.values())
    assert {"ip", "time", "method", "path", "status", "latency", "integrationError", "userAgent"} <= set(
        fields
    )


def _release(**throttle: float) -> Manifest:
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": throttle}
    return make_bundle(Cloud(), "one", config=make_config(api=api))


def test_only_settings_that_differ_are_changed_and_in_one_call(
    stages: ApiStages, gateway: MemoryApiGateway
) -> None:
    """CD-10: where the stage points, and its canary, stay as they are."""
    _live_in_blue(stages, gateway)
    stages.shift(GREEN, 10)
    before = gateway.stages["live"]
    gateway.updates.clear()
    assert stages.settle(_release(rate=5.5))
    assert gateway.updates == [
        ("live", [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5.5"}])
    ]
    after = gateway.stages["live"]
    for key in ("deploymentId", "variables", "canarySettings", "accessLogSettings"):
        assert after[key] == before[key]
    assert not stages.settle(_release(rate=5.5))
    assert len(gateway.updates) == 1


def test_what_somebody_changed_by_hand_is_put_right(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    _live_in_blue(stages, gateway)
    made = copy.deepcopy(gateway.stages["live"])
    del gateway.stages["live"]["accessLogSettings"]
    gateway.stages["live"]["tracingEnabled"] = False
    gateway.stages["live"]["methodSettings"]["*/*"]["loggingLevel"] = "INFO"
    assert stages.settle(_release())
    assert gateway.stages["live"] == made


def test_without_a_live_stage_nothing_is_set(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    assert not stages.settle(_release())
    assert gateway.stages == {}


def test_a_move_is_one_call(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    """NFR-3"""
    _live_in_blue(stages, gateway)
    assert stages.move(GREEN, allowed=frozenset({BLUE}))
    assert stages.live() == GREEN
    assert gateway.updates == [
        (
            "live",
            [
                {"op": "replace", "path": "/variables/slot", "value": "green"},
                {"op": "replace", "path": "/deploymentId", "value": "d2"},
            ],
        )
    ]


def test_same_routes_change_the_slot_alone(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    _live_in_blue(stages, gateway)
    stages.move(SAME_ROUTES, allowed=frozenset({BLUE}))
    assert [operation["path"] for operation in gateway.updates[0][1]] == ["/variables/slot"]


def test_a_move_that_was_made_is_not_made_again(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    """NFR-2"""
    _live_in_blue(stages, gateway)
    assert not stages.move(BLUE, allowed=frozenset())
    assert gateway.updates == []


def test_a_pointer_that_somebody_else_moved_is_left_alone(
    stages: ApiStages, gateway: MemoryApiGateway
) -> None:
    _live_in_blue(stages, gateway)
    with pytest.raises(KanmonError) as caught:
        stages.move(GREEN, allowed=frozenset({SAME_ROUTES}))
    assert caught.value.code is Code.POINTER_MOVED
    assert (stages.live(), gateway.updates) == (BLUE, [])


def test_canary_begins_rises_and_ends_with_the_move(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    _live_in_blue(stages, gateway)
    stages.shift(GREEN, 10)
    assert (stages.canary(), stages.live()) == (10, BLUE)
    assert gateway.stages["live"]["canarySettings"] == {
        "percentTraffic": "10", "deploymentId": "d2", "stageVariableOverrides": {"slot": "green"},
    }  # fmt: skip
    stages.shift(GREEN, 50)
    assert (stages.canary(), stages.live(), len(gateway.updates)) == (50, BLUE, 2)
    assert stages.move(GREEN, allowed=frozenset({BLUE}))
    assert (stages.canary(), stages.live(), len(gateway.updates)) == (0, GREEN, 3)


def test_going_back_ends_a_canary_in_one_call(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    _live_in_blue(stages, gateway)
    stages.shift(GREEN, 10)
    gateway.updates.clear()
    assert stages.move(BLUE, allowed=frozenset({BLUE}))
    assert (stages.canary(), stages.live(), len(gateway.updates)) == (0, BLUE, 1)


def test_back_to_nothing_takes_the_stage_away(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    """CD-10: before the first release there was no stage."""
    _live_in_blue(stages, gateway)
    assert stages.move(Pointer(), allowed=frozenset({BLUE}))
    assert stages.live() is None
    assert not stages.move(Pointer(), allowed=frozenset())


def test_trials_come_and_go_any_number_of_times(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    for _ in range(2):
        stages.open_trial("r2-token", GREEN)
    assert gateway.stages["r2-token"]["variables"] == {"slot": "green"}
    for _ in range(2):
        stages.close_trial("r2-token")
    assert gateway.stages == {}


def test_errors_do_not_tell_a_trials_token(stages: ApiStages) -> None:
    """SEC-5: the stage's name is the preview's secret."""
    with pytest.raises(KanmonError) as caught:
        stages.open_trial("r2-secret", Pointer(deployment="gone", slot=Slot.GREEN))
    assert "r2" in caught.value.message
    assert "secret" not in caught.value.message
