"""The live stage has the settings of the release that users are on, after every kind of operation (CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.model import Result
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.runs import ignore, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud


def _config(rate: float, bake: float = 0) -> Config:
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": rate}}
    return make_config(api=api, traffic=CANARY | {"steps": [{"percent": 10, "bake": bake}]})


def _rate(cloud: Cloud) -> float:
    rate: float = cloud.gateway.stages["live"]["methodSettings"]["*/*"]["throttlingRateLimit"]
    return rate


@pytest.fixture
def stable(cloud: Cloud) -> Cloud:
    """A first release with a limit of 100 requests a second."""
    assert release(cloud, "one", config=_config(100)).result is Result.STABLE
    return cloud


def test_a_release_brings_its_settings(stable: Cloud) -> None:
    """INF-6"""
    assert release(stable, "two", config=_config(7)).result is Result.STABLE
    assert _rate(stable) == 7


def test_a_rollback_restores_the_settings(stable: Cloud) -> None:
    """INF-6, CD-10"""
    assert release(stable, "two", config=_config(7)).result is Result.STABLE
    assert roll_back(stable).result is Result.ROLLED_BACK
    assert _rate(stable) == 100


def test_a_release_with_the_same_settings_makes_no_call_for_them(stable: Cloud) -> None:
    """CD-6"""
    stable.gateway.updates.clear()
    assert release(stable, "two", config=_config(100)).result is Result.STABLE
    paths = {op["path"] for stage, ops in stable.gateway.updates if stage == "live" for op in ops}
    assert paths
    assert not [path for path in paths if not path.startswith(("/variables", "/deploymentId", "/canary"))]


def test_a_failed_candidate_had_its_settings_on_its_preview_only(stable: Cloud) -> None:
    stable.faulty.add(("r2", "candidate"))
    assert release(stable, "two", config=_config(7)).result is Result.ABORTED
    changed = [stage for stage, ops in stable.gateway.updates if any(op["value"] == "7.0" for op in ops)]
    assert changed
    assert "live" not in changed
    assert _rate(stable) == 100


def test_an_automatic_rollback_restores_the_settings(stable: Cloud) -> None:
    """CD-7"""
    stable.faulty.add(("r2", "live"))
    assert release(stable, "two", config=_config(7)).result is Result.ROLLED_BACK
    assert _rate(stable) == 100


@pytest.mark.parametrize(("keep", "rate"), [(True, 7), (False, 100)])
def test_a_held_release_gets_the_settings_of_the_decision(stable: Cloud, keep: bool, rate: float) -> None:
    stable.faulty |= {("r2", "live"), ("r1", "stable")}
    assert release(stable, "two", config=_config(7)).result is Result.HELD
    stable.faulty.clear()
    recover(stable.services(), ignore, FakeApproval(), keep=keep)
    assert _rate(stable) == rate


@pytest.fixture
def held_canary(stable: Cloud) -> Cloud:
    """A release with a limit of 7, held at 10 % of the requests."""

    def breaks(event: Event) -> None:
        if "10 %" in event.text:
            stable.faulty |= {("r2", "candidate"), ("r1", "stable")}

    assert release(stable, "two", config=_config(7, bake=60), observer=breaks).result is Result.HELD
    stable.faulty.clear()
    return stable


def test_a_held_canary_has_not_brought_its_settings(held_canary: Cloud) -> None:
    """Most users are on the stable release."""
    assert _rate(held_canary) == 100


@pytest.mark.parametrize(("keep", "live", "rate"), [(True, "r2", 7), (False, "r1", 100)])
def test_a_held_canary_gets_the_settings_of_the_decision(
    held_canary: Cloud, keep: bool, live: str, rate: float
) -> None:
    recover(held_canary.services(), ignore, FakeApproval(), keep=keep)
    assert held_canary.users == (live, live)
    assert _rate(held_canary) == rate


def test_a_release_without_its_published_files_is_published_again(stable: Cloud) -> None:
    """CD-10: somebody deleted them; the blobs are all there."""
    assert release(stable, "two", config=_config(7)).result is Result.STABLE
    web = stable.s3.objects("web")
    for name in [name for name in web if name.startswith("releases/r1/")]:
        del web[name]
    assert roll_back(stable).result is Result.ROLLED_BACK
    assert stable.pages() == stable.pages_of("r1")
