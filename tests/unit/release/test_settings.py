"""The live stage has the settings of the release that users are on, whichever way they came to it (CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.ledger import Result
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.process import Process
from tests.fakes.runs import go_back, ignore, release

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.release.events import Event
    from tests.fakes.cloud import Clock, Cloud


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


def test_a_changed_setting_reaches_the_live_stage_and_a_rollback_takes_it_back(stable: Cloud) -> None:
    """INF-6, CD-10"""
    assert release(stable, "two", config=_config(7)).result is Result.STABLE
    assert _rate(stable) == 7
    assert go_back(stable).result is Result.ROLLED_BACK
    assert _rate(stable) == 100


def test_a_release_with_the_same_settings_makes_no_call_for_them(stable: Cloud) -> None:
    """CD-6"""
    stable.gateway.updates.clear()
    assert release(stable, "two", config=_config(100)).result is Result.STABLE
    paths = {op["path"] for stage, ops in stable.gateway.updates if stage == "live" for op in ops}
    assert paths
    assert not [path for path in paths if not path.startswith(("/variables", "/deploymentId", "/canary"))]


def test_a_candidate_that_fails_has_its_settings_on_its_own_stage_only(stable: Cloud) -> None:
    stable.faulty.add(("r2", "candidate"))
    process = Process()
    assert release(stable, "two", config=_config(7), process=process).result is Result.ABORTED
    changed = [stage for stage, ops in stable.gateway.updates if any(op["value"] == "7.0" for op in ops)]
    assert _rate(stable) == 100
    assert changed
    assert "live" not in changed


def test_a_release_that_fails_live_leaves_none_of_its_settings(stable: Cloud) -> None:
    """CD-7"""
    stable.faulty.add(("r2", "live"))
    assert release(stable, "two", config=_config(7)).result is Result.ROLLED_BACK
    assert _rate(stable) == 100


@pytest.mark.parametrize(("keep", "rate"), [(True, 7), (False, 100)])
def test_what_is_held_has_the_settings_that_are_decided_for(stable: Cloud, keep: bool, rate: float) -> None:
    stable.faulty |= {("r2", "live"), ("r1", "stable")}
    assert release(stable, "two", config=_config(7)).result is Result.HELD
    stable.faulty.clear()
    recover(stable.world(), _config(7), ignore, keep=keep)
    assert _rate(stable) == rate


@pytest.mark.parametrize(("keep", "rate"), [(True, 7), (False, 100)])
def test_a_canary_that_is_held_has_not_brought_its_settings_yet(
    stable: Cloud, clock: Clock, keep: bool, rate: float
) -> None:
    """Most users are on the stable release: its settings stay until it is decided."""

    def breaks(event: Event) -> None:
        if "10 %" in event.text:
            stable.faulty |= {("r2", "candidate"), ("r1", "stable")}

    held = release(stable, "two", config=_config(7, bake=60), clock=clock, observer=breaks)
    assert (held.result, _rate(stable)) == (Result.HELD, 100)
    stable.faulty.clear()
    recover(stable.world(clock=clock), _config(7), ignore, keep=keep)
    assert (stable.users, _rate(stable)) == (("r2", "r2") if keep else ("r1", "r1"), rate)
