"""The user pool calls the functions of the live release, and moves with it (CD-8, CD-10, CD-13).

In this cloud a user meets the pool's triggers after every change: each must be a whole release's function.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.model import Result
from kanmon.naming import FOUNDATION
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, GREETING, make_bundle, make_config
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import ignore, operation_of, plan_of, release, roll_back
from tests.fakes.services import FakeApproval
from tests.fakes.whole import expect_one_release

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud

STACK = "shop-test-foundation"
CONFIG = make_config(traffic=CANARY, user_pool=GREETING)
OTHER = make_config(traffic=CANARY, user_pool={"triggers": {"pre_sign_up": "migrate"}})
WITHOUT = make_config(traffic=CANARY, user_pool={})
NO_POOL = make_config(traffic=CANARY)
BAKED = CANARY | {"steps": [{"percent": 10, "bake": "5s"}]}
GREETS, REFUSES = {"post_confirmation": "api"}, {"pre_sign_up": "migrate"}
LOGIN: dict[str, Any] = {
    "name": "login",
    "sign_in": {"username": "a@b.example", "password": "${secrets.member}"},
    "capture": {"json": {"token": "IdToken"}},
}
MINE = {"name": "mine", "path": "/api/mine", "headers": {"authorization": "Bearer ${login.token}"}}


def _seen(cloud: Cloud, version: str, config: Config) -> list[tuple[str | None, str | None]]:
    """What users had during a release: the release of the page, and that of the pool."""
    seen: list[tuple[str | None, str | None]] = []

    def look(event: Event) -> None:
        del event
        if (now := (cloud.page_release(), cloud.pool_calls[0])) not in seen:
            seen.append(now)

    assert release(cloud, version, config=config, observer=look).result is Result.STABLE
    return seen


def test_the_pool_moves_before_the_page_and_not_before_the_canary_ends(cloud: Cloud) -> None:
    assert _seen(cloud, "one", CONFIG) == [(None, None), (None, "r1"), ("r1", "r1")]
    assert _seen(cloud, "two", CONFIG) == [("r1", "r1"), ("r1", "r2"), ("r2", "r2")]
    assert cloud.pool_calls == ("r2", GREETS)


@pytest.mark.parametrize(
    ("before", "after", "calls"),
    [
        (CONFIG, OTHER, REFUSES),
        (WITHOUT, CONFIG, GREETS),
        (CONFIG, WITHOUT, {}),
        (NO_POOL, CONFIG, GREETS),
    ],
    ids=["another one", "the first one", "the last one", "the pool, too"],
)
def test_a_rollback_brings_the_triggers_of_before_back(
    cloud: Cloud, before: Config, after: Config, calls: dict[str, str]
) -> None:
    """CD-10"""
    release(cloud, "one", config=before)
    former = cloud.pool_calls
    assert release(cloud, "two", config=after).result is Result.STABLE
    assert cloud.pool_calls == ("r2" if calls else None, calls)
    expect_one_release(cloud)
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.pool_calls == former
    expect_one_release(cloud)


@pytest.mark.parametrize(("target", "result"), [("candidate", Result.ABORTED), ("live", Result.ROLLED_BACK)])
def test_a_failed_release_leaves_the_triggers_of_the_old_one(
    cloud: Cloud, target: str, result: Result
) -> None:
    release(cloud, "one", config=CONFIG)
    executed = len(cloud.stacks.executed)
    cloud.faulty.add(("r2", target))
    assert release(cloud, "two", config=OTHER).result is result
    assert cloud.pool_calls == ("r1", GREETS)
    changes = cloud.stacks.executed[executed:].count(STACK)
    assert changes == (0 if result is Result.ABORTED else 2), "only the triggers change the foundation"


def test_a_failed_first_release_leaves_the_pool_without_triggers(cloud: Cloud) -> None:
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", config=CONFIG).result is Result.ROLLED_BACK
    assert cloud.pool_calls == (None, {})


@pytest.mark.parametrize("to", ["r2", "r1"], ids=["in its slot", "put into a slot again"])
def test_a_rollback_by_hand_moves_the_pool(cloud: Cloud, to: str) -> None:
    """CD-10: also into another slot than that of its deploy."""
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    assert roll_back(cloud, to).result is Result.ROLLED_BACK
    assert cloud.pool_calls == (to, GREETS)
    expect_one_release(cloud)


def test_users_return_before_the_pool(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-10: their seconds don't wait for CloudFormation."""
    for version in ("one", "two"):
        release(cloud, version, config=CONFIG)
    seen: list[tuple[str | None, str | None]] = []
    look = cloud.stacks.execute

    def executed(*given: Any) -> Any:
        seen.append(cloud.users)
        return look(*given)

    monkeypatch.setattr(cloud.stacks, "execute", executed)
    roll_back(cloud)
    assert seen[0] == ("r1", "r1")


def test_a_failed_move_of_the_pool_leaves_users_on_the_old_release(cloud: Cloud) -> None:
    """CD-13"""
    release(cloud, "one", config=CONFIG)

    def fail(event: Event) -> None:
        if "goes live" in event.text:
            cloud.stacks.failing.add(STACK)
        if "back to" in event.text:
            cloud.stacks.failing.clear()

    assert release(cloud, "two", config=OTHER, observer=fail).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert ("r2", "r2") not in cloud.seen
    expect_one_release(cloud)


@pytest.mark.parametrize("target", ["candidate", "live"], ids=["canary", "live"])
@pytest.mark.parametrize(("keep", "live", "calls"), [(True, "r2", REFUSES), (False, "r1", GREETS)])
def test_a_held_release_goes_with_its_triggers(
    cloud: Cloud, target: str, keep: bool, live: str, calls: dict[str, str]
) -> None:
    """CD-13: as a canary, the pool is still the old release's."""
    release(cloud, "one", config=CONFIG)

    def fail(event: Event) -> None:
        if "% of API requests go" in event.text:
            cloud.faulty.update({("r2", target), ("r1", "stable")})

    config = make_config(traffic=BAKED, user_pool=OTHER.user_pool)
    held = release(cloud, "two", config=config, observer=fail)
    assert held.result is Result.HELD
    assert cloud.pool_calls[0] == ("r1" if target == "candidate" else "r2")
    cloud.faulty.clear()
    assert recover(cloud.services(), ignore, FakeApproval(), keep=keep)
    assert cloud.pool_calls == (live, calls)
    expect_one_release(cloud)


@pytest.mark.parametrize("moved", [True, False])
def test_a_login_that_fails_everywhere_is_no_reason_to_hold(cloud: Cloud, moved: bool) -> None:
    """ADP-8: the pool calls the functions of the new release in the preview of the stable one, too."""
    config = make_config(
        traffic=CANARY,
        user_pool=GREETING if moved else {},
        secrets={"member": {}},
        checks=[LOGIN, MINE, {"name": "page", "path": "/"}],
    )
    release(cloud, "one", config=config)
    cloud.faulty.update({("r2", "live"), ("r1", "stable")})
    result = release(cloud, "two", config=config).result
    assert result is (Result.ROLLED_BACK if moved else Result.HELD)


def test_a_run_that_dies_at_the_pool_is_recovered(cloud: Cloud) -> None:
    """CD-13"""
    release(cloud, "one", config=CONFIG)
    counted = Process()
    release(cloud.copy(), "two", config=OTHER, process=counted)
    moves = [at for at, call in enumerate(counted.calls, 1) if call == "stacks.execute"]
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=OTHER, process=Process(at=moves[-1], blow=Blow.DEATH_AFTER))
    cloud.clock.outlast_lease()
    recover(cloud.services(), ignore, FakeApproval())
    assert cloud.pool_calls == ("r1", GREETS)
    expect_one_release(cloud)


def test_a_foundation_that_stays_newer_still_moves(cloud: Cloud) -> None:
    """CD-10: a rollback could not restore it, so its template is of no release that users are on."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG)
    more = GREETING | {"attributes": {"plan": {}}}

    def fail(event: Event) -> None:
        if "users are on" in event.text:
            cloud.stacks.failing.add(STACK)

    cloud.faulty.add(("r3", "live"))
    outcome = release(cloud, "three", config=make_config(traffic=CANARY, user_pool=more), observer=fail)
    assert [one.stack for one in operation_of(outcome).kept] == [STACK]
    cloud.stacks.failing.clear()
    assert cloud.pool_calls == ("r2", GREETS)
    roll_back(cloud, "r1")
    assert cloud.pool_calls == ("r1", GREETS)
    expect_one_release(cloud)


def test_the_live_release_again_is_nothing_to_do(cloud: Cloud) -> None:
    """CD-6, NFR-2: and triggers that somebody took away are a reason for a release."""
    release(cloud, "one", config=CONFIG)
    assert plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged
    stack = cloud.stacks.stacks[STACK]
    without = stack.parameters | {"UserTriggers": "none", "PostConfirmation": ""}
    cloud.stacks.stacks[STACK] = replace(stack, parameters=without)
    assert not plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged


def test_the_plan_shows_what_the_pool_will_call(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one", config=CONFIG))
    assert plan.user_triggers == ("post_confirmation: api, before: none",)
    release(cloud, "one", config=CONFIG)
    again = plan_of(cloud, make_bundle(cloud, "two", config=CONFIG))
    assert again.user_triggers == ("post_confirmation: api",)
    foundation = next(stack for stack in again.stacks if stack.kind == FOUNDATION)
    assert not foundation.touched
    other = plan_of(cloud, make_bundle(cloud, "two", config=OTHER))
    assert other.user_triggers == (
        "pre_sign_up: migrate, before: none",
        "post_confirmation: none, before: api",
    )
    gone = plan_of(cloud, make_bundle(cloud, "two", config=WITHOUT))
    assert gone.user_triggers == ("post_confirmation: none, before: api",)


def test_a_plan_without_triggers_is_as_it_was(cloud: Cloud) -> None:
    assert "trigger_changes" not in plan_of(cloud, make_bundle(cloud, "one", config=WITHOUT)).text()
