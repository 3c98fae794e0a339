"""Apps that are a web app alone, or an API alone: the same release, with one pointer less."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.ledger import Result, Slot
from kanmon.release.blueprint import parts
from kanmon.release.deploy import deploy
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, make_bundle, make_config
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud

PAGE, HEALTH = {"name": "page", "path": "/"}, {"name": "health", "path": "/api/health"}
BARE: dict[str, Any] = {"database": None, "hooks": [], "traffic": CANARY}
FUNCTION = {"handler": "shop.api", "artifact": "build/api"}
WEB_ONLY = make_config(api=None, functions={}, checks=[PAGE], **BARE)
API_ONLY = make_config(web=None, functions={"api": FUNCTION}, checks=[HEALTH], **BARE)
BOTH = make_config(functions={"api": FUNCTION}, checks=[PAGE, HEALTH], **BARE)
HALVES = pytest.mark.parametrize("config", [WEB_ONLY, API_ONLY], ids=["web only", "API only"])


def _users(config: Config, release_id: str | None) -> tuple[str | None, str | None]:
    """What users of such an app have: a page, an API, or both."""
    return (release_id if config.web else None, release_id if config.api else None)


def _go_back(cloud: Cloud, config: Config, wanted: str | None = None) -> Outcome:
    world = cloud.world()
    target = rollback_target(world.ledger, wanted)
    return rollback(world, config, target, FakeApproval(), ignore, reason="it hurts")


@HALVES
def test_releases_take_turns_and_a_rollback_goes_back(cloud: Cloud, config: Config) -> None:
    """CD-8, CD-9: to a release in its slot, and to one in neither."""
    for number, version in enumerate(("one", "two", "three"), 1):
        done = release(cloud, version, config=config, pages={"sw.js": "same"})
        assert (done.result, cloud.users) == (Result.STABLE, _users(config, f"r{number}"))
    head = cloud.ledger.head()
    assert (head.pointer.slot, head.slots) == (Slot.BLUE, {Slot.GREEN: "r2", Slot.BLUE: "r3"})
    outcome = _go_back(cloud, config)
    assert (outcome.result, cloud.users) == (Result.ROLLED_BACK, _users(config, "r2"))
    assert outcome.attempt
    assert outcome.attempt.traffic_calls == 1
    assert _go_back(cloud, config, "r1").result is Result.ROLLED_BACK
    assert cloud.users == _users(config, "r1")


@HALVES
def test_there_is_no_stack_for_the_half_that_is_missing(cloud: Cloud, config: Config) -> None:
    release(cloud, "one", config=config)
    made = {name.removeprefix("shop-test-") for name in cloud.stacks.stacks}
    assert made == {"foundation", "slot-blue", "edge", "observability"} | ({"api"} if config.api else set())
    assert ("AWS::S3::Bucket" in cloud.stacks.bodies["shop-test-edge"]) is bool(config.web)
    assert len(parts(config)) == len(made)


@HALVES
@pytest.mark.parametrize("target", ["candidate", "live"])
def test_a_bad_release_leaves_users_where_they_were(cloud: Cloud, config: Config, target: str) -> None:
    """CD-7"""
    assert release(cloud, "one", config=config).result is Result.STABLE
    cloud.faulty.add(("r2", target))
    expected = Result.ABORTED if target == "candidate" else Result.ROLLED_BACK
    assert release(cloud, "two", config=config).result is expected
    assert cloud.users == _users(config, "r1")
    assert not cloud.trials


@HALVES
def test_a_bad_first_release_leaves_nothing(cloud: Cloud, config: Config) -> None:
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", config=config).result is Result.ROLLED_BACK
    assert cloud.users == (None, None)


@HALVES
def test_the_same_release_again_changes_nothing(cloud: Cloud, config: Config) -> None:
    """CD-6"""
    release(cloud, "one", config=config)
    assert release(cloud, "one", config=config).result is Result.UNCHANGED


@HALVES
def test_a_run_that_dies_anywhere_is_finished_or_undone(clock: Clock, config: Config, cloud: Cloud) -> None:
    """CD-13"""
    release(cloud, "one", config=config)
    plan = plan_of(cloud, make_bundle(cloud, "two", config=config))
    counted = Process()
    deploy(cloud.copy().world(counted), plan, FakeApproval(), ignore)
    for at in range(1, len(counted.calls) + 1):
        struck = cloud.copy()
        with contextlib.suppress(ProcessDied):
            deploy(struck.world(Process(at=at, blow=Blow.DEATH_AFTER)), plan, FakeApproval(), ignore)
        clock.advance(minutes=2)
        recover(struck.world(), config, ignore)
        head = struck.ledger.head()
        assert head.live in {"r1", "r2"}
        assert (head.attempt, struck.users, struck.trials) == (None, _users(config, head.live), set())


def test_without_requests_to_share_there_is_no_canary(cloud: Cloud) -> None:
    release(cloud, "one", config=WEB_ONLY)
    outcome = release(cloud, "two", config=WEB_ONLY)
    assert outcome.attempt
    assert "shifting" not in [step.state.value for step in outcome.attempt.transitions]
    release(cloud, "three", config=BOTH)
    assert cloud.gateway.updates


@pytest.mark.parametrize("half", [WEB_ONLY, API_ONLY], ids=["an API", "a web app"])
def test_the_other_half_can_come_later_and_be_taken_back(cloud: Cloud, half: Config) -> None:
    """A pointer without a deployment and a release without pages say where that half was before: nowhere."""
    assert release(cloud, "one", config=half).result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    outcome = release(cloud, "two", config=BOTH)
    if half.api:
        # Its page can't be on the stable release either, so a person decides.
        assert outcome.result is Result.HELD
        recover(cloud.world(), BOTH, ignore, keep=False)
    else:
        assert outcome.result is Result.ROLLED_BACK
    assert cloud.users == _users(half, "r1")
    cloud.faulty.clear()
    assert release(cloud, "three", config=BOTH, lift_freeze="mended").result is Result.STABLE
    assert cloud.users == ("r3", "r3")


def test_an_app_that_nobody_could_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="neither an `api` nor a `web`"):
        make_config(api=None, web=None)


def test_an_api_without_functions_is_refused() -> None:
    with pytest.raises(ValueError, match="names the function api"):
        make_config(functions={}, hooks=[], database=None)
