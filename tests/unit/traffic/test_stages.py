"""The API pointer: one call moves routes and functions, and only from an expected place (CD-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config as ClientConfig

from kanmon.codes import Code
from kanmon.config.api import Throttle
from kanmon.errors import KanmonError
from kanmon.model import Pointer, Slot
from kanmon.traffic.stage_settings import StageSettings
from kanmon.traffic.stages import ApiStages
from tests.fakes.objects import refusal
from tests.fakes.stages import MemoryApiGateway

if TYPE_CHECKING:
    from collections.abc import Callable

BLUE, GREEN = Pointer(deployment="d1", slot=Slot.BLUE), Pointer(deployment="d2", slot=Slot.GREEN)
SAME_ROUTES = Pointer(deployment="d1", slot=Slot.GREEN)
SECRET = "0123456789abcdef"
TOKEN = f"r2-{SECRET}"


def _stages(gateway: object) -> ApiStages:
    return ApiStages(cast("Any", gateway), "api-1", StageSettings(Throttle(), "arn:logs"))


@pytest.fixture
def gateway() -> MemoryApiGateway:
    return MemoryApiGateway(deployments={"d1", "d2"})


@pytest.fixture
def stages(gateway: MemoryApiGateway) -> ApiStages:
    """Without a live stage."""
    return _stages(gateway)


@pytest.fixture
def blue(stages: ApiStages, gateway: MemoryApiGateway) -> ApiStages:
    """The live stage is in the blue slot; no call was made since."""
    assert stages.move(BLUE, allowed=frozenset())
    gateway.updates.clear()
    return stages


def test_snapshots_that_nothing_needs_are_deleted(gateway: MemoryApiGateway, blue: ApiStages) -> None:
    """AWS-2: a stage or its canary may point at one, and people have deployments of their own."""
    gateway.deployments |= {"d3", "d4", "d5"}
    gateway.foreign.add("d5")
    blue.shift(GREEN, 10)
    assert blue.snapshots() == {"d1", "d2", "d3", "d4"}
    assert blue.delete_snapshots({"d1", "d2", "d3"}) == 1
    assert gateway.deployments == {"d1", "d2", "d4", "d5"}


def test_a_snapshot_that_is_gone_already_is_no_error(gateway: MemoryApiGateway, blue: ApiStages) -> None:
    """AWS-2: the answer to the first call was lost."""
    gateway.deployments.remove("d2")
    assert blue.delete_snapshots({"d2"}) == 1


def test_before_the_first_release_there_is_no_live_stage(stages: ApiStages) -> None:
    assert stages.live() is None


def test_the_first_move_makes_the_stage(stages: ApiStages) -> None:
    assert stages.move(BLUE, allowed=frozenset({Pointer()}))
    assert stages.live() == BLUE


def test_a_move_is_one_call(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    """NFR-3"""
    assert blue.move(GREEN, allowed=frozenset({BLUE}))
    assert blue.live() == GREEN
    assert gateway.updates == [
        (
            "live",
            [
                {"op": "replace", "path": "/variables/slot", "value": "green"},
                {"op": "replace", "path": "/deploymentId", "value": "d2"},
            ],
        )
    ]


def test_a_move_with_the_same_routes_changes_the_slot_only(
    blue: ApiStages, gateway: MemoryApiGateway
) -> None:
    blue.move(SAME_ROUTES, allowed=frozenset({BLUE}))
    assert [operation["path"] for operation in gateway.updates[0][1]] == ["/variables/slot"]


def test_a_repeated_move_makes_no_call(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    """NFR-2"""
    assert not blue.move(BLUE, allowed=frozenset())
    assert gateway.updates == []


def test_a_pointer_moved_by_somebody_else_is_left_alone(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    with pytest.raises(KanmonError) as caught:
        blue.move(GREEN, allowed=frozenset({SAME_ROUTES}))
    assert caught.value.code is Code.POINTER_MOVED
    assert blue.live() == BLUE
    assert gateway.updates == []


def test_an_unknown_slot_was_set_by_somebody_else(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    gateway.stages["live"]["variables"]["slot"] = "purple"
    with pytest.raises(KanmonError) as caught:
        blue.move(GREEN, allowed=frozenset({BLUE}))
    assert caught.value.code is Code.POINTER_MOVED


def _canary(gateway: MemoryApiGateway) -> object:
    return gateway.stages["live"].get("canarySettings")


def test_a_canary_gets_its_share_in_one_call(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    blue.shift(GREEN, 10)
    assert _canary(gateway) == {
        "percentTraffic": "10",
        "deploymentId": "d2",
        "stageVariableOverrides": {"slot": "green"},
    }
    assert blue.live() == BLUE
    assert len(gateway.updates) == 1


def test_a_canarys_share_rises_in_one_call(blue: ApiStages, gateway: MemoryApiGateway) -> None:
    blue.shift(GREEN, 10)
    blue.shift(GREEN, 50)
    assert gateway.stages["live"]["canarySettings"]["percentTraffic"] == "50"
    assert blue.live() == BLUE
    assert len(gateway.updates) == 2


@pytest.mark.parametrize("target", [GREEN, BLUE], ids=["promote", "roll back"])
def test_a_move_ends_the_canary_in_one_call(
    blue: ApiStages, gateway: MemoryApiGateway, target: Pointer
) -> None:
    blue.shift(GREEN, 10)
    gateway.updates.clear()
    assert blue.move(target, allowed=frozenset({BLUE}))
    assert _canary(gateway) is None
    assert blue.live() == target
    assert len(gateway.updates) == 1


def test_a_move_to_no_deployment_removes_the_stage(blue: ApiStages) -> None:
    """CD-10: before the first release there was no stage."""
    assert blue.move(Pointer(), allowed=frozenset({BLUE}))
    assert blue.live() is None


def test_without_a_stage_a_move_to_no_deployment_makes_no_call(stages: ApiStages) -> None:
    assert not stages.move(Pointer(), allowed=frozenset())


def test_a_preview_can_be_opened_twice(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    for _ in range(2):
        stages.open_preview(TOKEN, GREEN)
    assert gateway.stages[TOKEN]["variables"] == {"slot": "green"}


def test_a_preview_can_be_closed_twice(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    stages.open_preview(TOKEN, GREEN)
    for _ in range(2):
        stages.close_preview(TOKEN)
    assert gateway.stages == {}


def test_an_existing_stage_gets_its_settings(stages: ApiStages, gateway: MemoryApiGateway) -> None:
    """CD-13: the answer to CreateStage was lost and the call repeated."""
    for _ in range(2):
        stages.open_preview(TOKEN, GREEN)
    assert gateway.stages[TOKEN]["methodSettings"]["*/*"]["throttlingBurstLimit"] == 200


class _RefusingGateway:
    """Refuses everything, with one message."""

    def __init__(self, message: str) -> None:
        self.message = message

    def create_stage(self, **_: object) -> None:
        raise refusal("AccessDeniedException", "CreateStage", self.message)

    def delete_stage(self, **_: str) -> None:
        raise refusal("AccessDeniedException", "DeleteStage", self.message)


def _open(stages: ApiStages) -> None:
    stages.open_preview(TOKEN, GREEN)


def _close(stages: ApiStages) -> None:
    stages.close_preview(TOKEN)


def test_a_full_api_takes_no_preview(gateway: MemoryApiGateway) -> None:
    """INF-6: AWS takes ten stages for an API."""
    gateway.stages = {f"team-{number}": {} for number in range(10)}
    with pytest.raises(KanmonError) as caught:
        _open(_stages(gateway))
    assert caught.value.code is Code.API_FULL
    assert "--rest-api-id api-1`" in caught.value.fix
    assert SECRET not in str(caught.value)


PREVIEWS = pytest.mark.parametrize("act", [_open, _close], ids=["open", "close"])


def _preview_error(gateway: object, act: Callable[[ApiStages], None]) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        act(_stages(gateway))
    return caught.value


@PREVIEWS
def test_an_error_names_a_preview_by_its_release(act: Callable[[ApiStages], None]) -> None:
    """SEC-5: the stage's name is the preview's secret."""
    error = _preview_error(_RefusingGateway("Too many requests"), act)
    assert "the preview of r2" in error.message
    assert SECRET not in str(error)


def test_an_error_at_creation_does_not_show_the_token(stages: ApiStages) -> None:
    """SEC-5"""
    with pytest.raises(KanmonError, match="r2") as caught:
        stages.open_preview(TOKEN, Pointer(deployment="gone", slot=Slot.GREEN))
    assert SECRET not in str(caught.value)


@PREVIEWS
def test_a_denial_does_not_show_the_token(act: Callable[[ApiStages], None]) -> None:
    """SEC-5: AWS's AccessDenied names the resource: `on resource: arn:aws:apigateway:…/stages/<name>`."""
    arn = f"arn:aws:apigateway:ap-northeast-1::/restapis/api-1/stages/{TOKEN}"
    gateway = _RefusingGateway(f"not authorized to perform: apigateway:X on resource: {arn}")
    assert SECRET not in str(_preview_error(gateway, act))


@PREVIEWS
def test_an_unreachable_aws_does_not_show_the_token(act: Callable[[ApiStages], None]) -> None:
    """SEC-5"""
    client = boto3.client(
        "apigateway",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        config=ClientConfig(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    assert SECRET not in str(_preview_error(client, act))
