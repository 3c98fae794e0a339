"""The live stage has the settings of the release that users are on, after every kind of operation (CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.model import Result
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.process import Process
from tests.fakes.runs import ignore, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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


# The previews.


def _files(cloud: Cloud) -> dict[str, set[str]]:
    """The files of each open preview, by the release in its token."""
    found: dict[str, set[str]] = {}
    for name in cloud.s3.objects("web"):
        if name.startswith(".previews/"):
            _, token, file = name.split("/", 2)
            found.setdefault(token.partition("-")[0], set()).add(file)
    return found


def _looking(cloud: Cloud, seen: list[dict[str, set[str]]]) -> Process:
    """A process; each run of its checks notes the open previews."""

    def around(name: str, action: Callable[[], Any]) -> Any:
        if name == "checks.run" and (found := _files(cloud)):
            seen.append(found)
        return action()

    return Process(around=around)


ALL = {"index.html", "robots.txt", "sw.js"}


def test_a_previews_token_is_in_the_ledger_before_any_file(cloud: Cloud) -> None:
    """TRU-2, CD-13: otherwise nobody could close it after the run's death."""

    def around(_: str, action: Callable[[], Any]) -> Any:
        answer = action()
        operation = cloud.ledger.open_operation(cloud.ledger.head())
        assert cloud.previews <= set(operation.previews if operation else ())
        return answer

    cloud.faulty.add(("r2", "live"))
    for version in ("one", "two"):
        release(cloud, version, config=_config(7), process=Process(around=around))
    assert not cloud.previews


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        ({"health": "/api/health"}, set()),
        ({"page": "/"}, {"index.html"}),
        ({"page": "/goals/7", "health": "/api/health"}, {"index.html"}),
        ({"robots": "/robots.txt?x=1"}, {"robots.txt"}),
    ],
)
def test_the_stable_release_gets_no_more_than_its_checks_need(
    cloud: Cloud, paths: dict[str, str], files: set[str]
) -> None:
    """NFR-3: users wait for the rollback meanwhile."""
    seen: list[dict[str, set[str]]] = []
    config = make_config(checks=[{"name": name, "path": path} for name, path in paths.items()])
    assert release(cloud, "one", config=config).result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two", config=config, process=_looking(cloud, seen))
    assert seen[-2].get("r1", set()) == files


def test_a_failing_page_needs_no_stage_of_the_stable_release(cloud: Cloud) -> None:
    config = make_config(checks=[{"name": "page", "path": "/"}])
    assert release(cloud, "one", config=config).result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    process = Process()
    assert release(cloud, "two", config=config, process=process).result is Result.ROLLED_BACK
    assert process.calls.count("apigateway.create_stage") == 1


def test_the_candidates_preview_stays_during_the_comparison(cloud: Cloud) -> None:
    """Its deletion would keep users waiting; both end with the rollback."""
    seen: list[dict[str, set[str]]] = []
    assert release(cloud, "one").result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "two", process=_looking(cloud, seen)).result is Result.ROLLED_BACK
    assert seen[-2] == {"r1": {"index.html"}, "r2": ALL}
    assert not cloud.previews


def test_a_rollback_needs_no_file_but_those_of_the_bundle(stable: Cloud) -> None:
    """CD-10: nothing in the web bucket is taken for a copy of an old release."""
    assert release(stable, "two", config=_config(7)).result is Result.STABLE
    web = stable.s3.objects("web")
    for name in [name for name in web if not name.startswith("assets/") and name != "index.html"]:
        del web[name]
    assert roll_back(stable).result is Result.ROLLED_BACK
    assert web["index.html"].body == stable.pages_of("r1")["index.html"]
