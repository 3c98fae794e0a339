"""Apps with a web app alone or an API alone: the same release, with one pointer less."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.model import Result, Slot, Step
from kanmon.release.deploy import deploy
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from kanmon.templates.stack_set import stack_kinds
from tests.fakes.app import CANARY, make_bundle, make_config
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import ignore, operation_of, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.release.walk import Outcome
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

PAGE, HEALTH = {"name": "page", "path": "/"}, {"name": "health", "path": "/api/health"}
BARE: dict[str, Any] = {"database": None, "hooks": [], "traffic": CANARY}
FUNCTION = {"handler": "shop.api", "artifact": "build/api"}
WEB_ONLY = make_config(api=None, functions={}, checks=[PAGE], **BARE)
API_ONLY = make_config(web=None, functions={"api": FUNCTION}, checks=[HEALTH], **BARE)
BOTH = make_config(functions={"api": FUNCTION}, checks=[PAGE, HEALTH], **BARE)
HALVES = pytest.mark.parametrize("config", [WEB_ONLY, API_ONLY], ids=["web only", "API only"])


def _users(config: Config, release_id: str | None) -> tuple[str | None, str | None]:
    """The users' side of such an app: a page, an API, or both."""
    return (release_id if config.web else None, release_id if config.api else None)


def _release_three(cloud: Cloud, config: Config) -> None:
    for version in ("one", "two", "three"):
        done = release(cloud, version, config=config, pages={"sw.js": "same"})
        assert done.result is Result.STABLE


def _roll_back(cloud: Cloud, config: Config, wanted: str | None = None) -> Outcome:
    services = cloud.services()
    target = rollback_target(services.ledger, wanted)
    return rollback(services, config, target, FakeApproval(), ignore, reason="it hurts")


@HALVES
def test_releases_take_turns_in_the_slots(cloud: Cloud, config: Config) -> None:
    """CD-8"""
    _release_three(cloud, config)
    head = cloud.ledger.head()
    assert head.pointer.slot is Slot.BLUE
    assert head.slots == {Slot.GREEN: "r2", Slot.BLUE: "r3"}
    assert cloud.users == _users(config, "r3")


@HALVES
def test_a_rollback_to_a_release_in_its_slot_is_one_call(cloud: Cloud, config: Config) -> None:
    """CD-8, CD-9"""
    _release_three(cloud, config)
    outcome = _roll_back(cloud, config)
    assert outcome.result is Result.ROLLED_BACK
    assert operation_of(outcome).traffic_calls == 1
    assert cloud.users == _users(config, "r2")


@HALVES
def test_a_rollback_can_go_to_a_release_in_no_slot(cloud: Cloud, config: Config) -> None:
    """CD-8, CD-9"""
    _release_three(cloud, config)
    assert _roll_back(cloud, config, "r1").result is Result.ROLLED_BACK
    assert cloud.users == _users(config, "r1")


@HALVES
def test_there_is_no_stack_for_the_missing_half(cloud: Cloud, config: Config) -> None:
    release(cloud, "one", config=config)
    made = {name.removeprefix("shop-test-") for name in cloud.stacks.stacks}
    assert made == {"foundation", "slot-blue", "edge", "observability"} | ({"api"} if config.api else set())
    assert len(stack_kinds(config)) == len(made)


@HALVES
def test_there_is_no_web_bucket_without_a_web_app(cloud: Cloud, config: Config) -> None:
    release(cloud, "one", config=config)
    assert ("AWS::S3::Bucket" in cloud.stacks.bodies["shop-test-edge"]) is bool(config.web)


@HALVES
@pytest.mark.parametrize(("target", "result"), [("candidate", Result.ABORTED), ("live", Result.ROLLED_BACK)])
def test_a_bad_release_leaves_users_where_they_were(
    cloud: Cloud, config: Config, target: str, result: Result
) -> None:
    """CD-7"""
    assert release(cloud, "one", config=config).result is Result.STABLE
    cloud.faulty.add(("r2", target))
    assert release(cloud, "two", config=config).result is result
    assert cloud.users == _users(config, "r1")
    assert not cloud.previews


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
def test_a_run_dead_at_any_call_is_finished_or_undone(clock: Clock, config: Config, cloud: Cloud) -> None:
    """CD-13"""
    release(cloud, "one", config=config)
    plan = plan_of(cloud, make_bundle(cloud, "two", config=config))
    counted = Process()
    deploy(cloud.copy().services(counted), plan, FakeApproval(), ignore)
    for at in range(1, len(counted.calls) + 1):
        struck = cloud.copy()
        with contextlib.suppress(ProcessDied):
            deploy(struck.services(Process(at=at, blow=Blow.DEATH_AFTER)), plan, FakeApproval(), ignore)
        clock.outlast_lease()
        recover(struck.services(), ignore, FakeApproval())
        head = struck.ledger.head()
        assert head.live in {"r1", "r2"}
        assert head.operation is None
        assert struck.users == _users(config, head.live)
        assert struck.previews == set()


def test_without_requests_to_share_there_is_no_canary(cloud: Cloud) -> None:
    release(cloud, "one", config=WEB_ONLY)
    operation = operation_of(release(cloud, "two", config=WEB_ONLY))
    assert Step.SHIFT not in [one.step for one in operation.steps]
    assert not cloud.gateway.updates


def test_a_later_api_is_set_up(cloud: Cloud) -> None:
    release(cloud, "one", config=WEB_ONLY)
    release(cloud, "two", config=BOTH)
    assert cloud.gateway.updates


def test_a_later_api_can_be_rolled_back(cloud: Cloud) -> None:
    """A pointer without a deployment means: there was no API."""
    assert release(cloud, "one", config=WEB_ONLY).result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "two", config=BOTH).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", None)


def test_a_later_web_app_can_be_undone(cloud: Cloud) -> None:
    """A release without pages means: there was no web app. Its new checks can't be compared."""
    assert release(cloud, "one", config=API_ONLY).result is Result.STABLE
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "two", config=BOTH).result is Result.ROLLED_BACK
    assert cloud.users == (None, "r1")


@pytest.mark.parametrize("half", [WEB_ONLY, API_ONLY], ids=["an API", "a web app"])
def test_the_other_half_can_come_after_a_failed_try(cloud: Cloud, half: Config) -> None:
    release(cloud, "one", config=half)
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two", config=BOTH)
    cloud.faulty.clear()
    assert release(cloud, "three", config=BOTH, lift_freeze="fixed").result is Result.STABLE
    assert cloud.users == ("r3", "r3")
