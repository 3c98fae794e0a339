"""The deploy: from an approved plan to a stable release, or back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.cloudformation import stack_policy
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Result, State
from kanmon.release.deploy import deploy
from kanmon.release.events import Event, Kind
from tests.fakes.app import CANARY, make_bundle, make_config
from tests.fakes.process import Process
from tests.fakes.runs import go_back, ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud


def _code(outcome: Outcome) -> Code:
    assert outcome.failure
    return outcome.failure.code


def _state(cloud: Cloud, release_id: str) -> State:
    record = cloud.ledger.release(release_id)
    assert record
    return record.state


def test_first_release_becomes_stable(cloud: Cloud) -> None:
    outcome = release(cloud, "one")
    head = cloud.ledger.head()
    assert (outcome.result, cloud.users) == (Result.STABLE, ("r1", "r1"))
    assert (head.live, head.stable, head.attempt, head.lease) == ("r1", ("r1",), None, None)
    assert not cloud.trials


def test_next_release_takes_over_without_touching_the_live_slot(cloud: Cloud) -> None:
    """CD-8"""
    release(cloud, "one")
    blue = cloud.stacks.stacks["shop-test-slot-blue"]
    release(cloud, "two")
    assert cloud.users == ("r2", "r2")
    assert cloud.stacks.stacks["shop-test-slot-blue"] == blue
    assert cloud.stacks.executed[-1:] == ["shop-test-slot-green"]
    # API first, page second; nothing in between that isn't whole.
    assert cloud.seen[-3:] == [("r1", "r1"), ("r1", "r2"), ("r2", "r2")]


def test_what_holds_state_is_protected_when_it_is_there_and_before_it_changes(cloud: Cloud) -> None:
    """INF-3, INF-8: the first release protects what it made; what the config gives up is let go in time."""
    process = Process()
    release(cloud, "one", process=process)
    assert cloud.stacks.stacks["shop-test-foundation"].protected
    assert cloud.stacks.stacks["shop-test-edge"].protected
    assert not cloud.stacks.stacks["shop-test-slot-blue"].protected
    assert cloud.stacks.policies == dict.fromkeys(
        ["shop-test-foundation", "shop-test-edge"], stack_policy([])
    )
    process = Process()
    release(cloud, "two", process=process, config=make_config(allow_destroy=["Key"]))
    assert cloud.stacks.policies["shop-test-foundation"] == stack_policy(["Key"])
    assert process.calls.index("stacks.protect") < process.calls.index("stacks.execute")


def test_steps_come_in_order(cloud: Cloud) -> None:
    """CD-5, CD-7: snapshot, stacks, hooks, web files, candidate's checks, API, page, checks again."""
    release(cloud, "one")
    process = Process()
    release(cloud, "two", process=process)
    marks = {
        "database.begin_snapshot", "database.await_snapshot", "stacks.execute", "hooks.run",
        "checks.run", "apigateway.create_stage", "apigateway.delete_stage", "s3.put_object",
    }  # fmt: skip
    told = [call for call in process.calls if call in marks or call == "apigateway.update_stage"]
    assert told == [
        "database.begin_snapshot",
        "database.await_snapshot",
        "stacks.execute",
        "hooks.run",
        "apigateway.create_stage",
        "apigateway.update_stage",  # the trial's settings
        "checks.run",
        "apigateway.update_stage",  # the API pointer
        "s3.put_object",  # the web pointer
        "checks.run",
        "apigateway.delete_stage",
    ]
    assert cloud.database.done == ["shop-test-r1-1", "shop-test-r2-2"][1:]


def test_canary_gives_rising_shares_before_everyone(cloud: Cloud, clock: Clock) -> None:
    """CD-8"""
    config = make_config(traffic={"strategy": "canary", "steps": [
        {"percent": 10, "bake": "12s"}, {"percent": 50, "bake": 0},
    ]})  # fmt: skip
    release(cloud, "one", config=config)
    shares: list[float] = []

    def observe(event: Event) -> None:
        if event.kind is Kind.TRAFFIC and "percent" in event.facts:
            shares.append(float(event.facts["percent"]))
            assert cloud.canary_release() == "r2"
            assert cloud.users == ("r1", "r1")

    assert release(cloud, "two", config=config, clock=clock, observer=observe).result is Result.STABLE
    assert shares == [10, 50]
    assert clock.pauses == [5, 5, 2]
    assert cloud.canary_release() is None


def test_a_canary_that_fails_is_taken_back_and_no_page_moved(cloud: Cloud) -> None:
    """CD-8"""
    config = make_config(
        traffic=CANARY, checks=[{"name": "health", "path": "/api/health"}], hooks=[], database=None,
        functions={"api": {"handler": "shop.api", "artifact": "build/api"}},
    )  # fmt: skip
    release(cloud, "one", config=config)
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "two", config=config).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert cloud.canary_release() is None


def test_refused_approval_changes_nothing(cloud: Cloud) -> None:
    """CD-3"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(says=False), ignore)
    assert caught.value.code is Code.NOT_APPROVED
    assert (cloud.stacks.executed, cloud.ledger.head().attempts) == ([], 0)


def test_approval_of_another_plan_is_refused(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(digest="f" * 64), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_who_approved_is_recorded(cloud: Cloud) -> None:
    """CD-3, CD-11"""
    outcome = release(cloud, "one")
    assert outcome.attempt
    assert outcome.attempt.approval
    assert (outcome.attempt.approval.by, outcome.attempt.actor) == ("aki", "kim")
    assert outcome.attempt.approval.digest == outcome.attempt.digest


def test_a_freeze_needs_a_reason_to_be_lifted(cloud: Cloud) -> None:
    release(cloud, "one")
    release(cloud, "two")
    go_back(cloud)
    with pytest.raises(KanmonError) as caught:
        release(cloud, "three")
    assert caught.value.code is Code.FROZEN
    outcome = release(cloud, "four", lift_freeze="mended the query")
    assert (outcome.result, cloud.ledger.head().freeze) == (Result.STABLE, None)
    assert outcome.attempt
    assert outcome.attempt.reason == "mended the query"


def test_a_plan_is_stale_when_somebody_else_released(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    release(cloud, "three")
    executed = list(cloud.stacks.executed)
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert (cloud.stacks.executed, cloud.users) == (executed, ("r3", "r3"))


def test_the_same_plan_is_not_deployed_twice(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert deploy(cloud.world(), plan, FakeApproval(), ignore).result is Result.STABLE
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE


def test_one_stale_change_set_and_nothing_is_executed(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    config = make_config(tags={"team": "b"})
    plan = plan_of(cloud, make_bundle(cloud, "two", config=config))
    cloud.stacks.touch("shop-test-edge")
    executed = list(cloud.stacks.executed)
    outcome = deploy(cloud.world(), plan, FakeApproval(), ignore)
    assert (outcome.result, _code(outcome)) == (Result.ABORTED, Code.PLAN_STALE)
    assert (cloud.stacks.executed, cloud.users) == (executed, ("r1", "r1"))


@pytest.mark.parametrize("stack", ["slot-green", "api", "edge", "foundation"])
def test_a_stack_that_fails_is_given_up_and_users_stay(cloud: Cloud, stack: str) -> None:
    release(cloud, "one")
    cloud.stacks.failing.add(f"shop-test-{stack}")
    outcome = release(cloud, "two", config=make_config(tags={"team": "b"}))
    assert (outcome.result, _code(outcome)) == (Result.ABORTED, Code.STACK_FAILED)
    assert (cloud.users, cloud.ledger.head().live) == (("r1", "r1"), "r1")
    assert _state(cloud, "r2") is State.ABORTED
    cloud.stacks.failing.clear()
    assert release(cloud, "three").result is Result.STABLE


def test_a_first_stack_that_fails_leaves_nothing_in_the_way(cloud: Cloud) -> None:
    cloud.stacks.failing.add("shop-test-slot-blue")
    assert release(cloud, "one").result is Result.ABORTED
    cloud.stacks.failing.clear()
    assert release(cloud, "two").result is Result.STABLE


def test_a_hook_that_fails_is_given_up_before_any_traffic(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.hooks.failing.add("migrate")
    outcome = release(cloud, "two")
    assert (outcome.result, _code(outcome)) == (Result.ABORTED, Code.HOOK_FAILED)
    assert cloud.hooks.ran[-1] == ("migrate", "green", "r2")
    assert cloud.users == ("r1", "r1")


def test_without_a_snapshot_nothing_is_changed(cloud: Cloud) -> None:
    """CD-5"""
    release(cloud, "one")
    executed = list(cloud.stacks.executed)
    cloud.database.failing = True
    assert _code(release(cloud, "two")) is Code.SNAPSHOT_FAILED
    assert cloud.stacks.executed == executed


def test_a_candidate_that_fails_never_takes_traffic(cloud: Cloud) -> None:
    """CD-7"""
    release(cloud, "one")
    cloud.faulty.add(("r2", "candidate"))
    outcome = release(cloud, "two")
    assert (outcome.result, _code(outcome)) == (Result.ABORTED, Code.CHECK_FAILED)
    assert all("r2" not in pair for pair in cloud.seen)
    assert not cloud.trials


def test_a_release_that_fails_live_is_taken_back_by_itself(cloud: Cloud) -> None:
    """CD-7, CD-10: page first, then API; two calls when only the entry page differs."""
    release(cloud, "one", pages={"sw.js": "same"})
    before = cloud.pages(), cloud.gateway.stages["live"], cloud.ledger.head().pointer
    cloud.faulty.add(("r2", "live"))
    outcome = release(cloud, "two", pages={"sw.js": "same", "new.html": "only in two"})
    assert (outcome.result, _code(outcome)) == (Result.ROLLED_BACK, Code.CHECK_FAILED)
    assert (cloud.pages(), cloud.gateway.stages["live"], cloud.ledger.head().pointer) == before
    assert outcome.attempt
    assert outcome.attempt.traffic_calls == 2
    assert outcome.attempt.rollback_seconds is not None
    assert cloud.checked[-3:] == [("live", "r2"), ("stable", "r1"), ("live", "r1")]
    assert cloud.ledger.head().freeze
    assert not cloud.trials
    assert (_state(cloud, "r1"), _state(cloud, "r2")) == (State.STABLE, State.ROLLED_BACK)


def test_page_goes_back_before_the_api(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process = Process()
    release(cloud, "two", process=process)
    pointers = {"s3.put_object", "apigateway.update_stage"}
    assert [call for call in process.calls if call in pointers][-2:] == [
        "s3.put_object",
        "apigateway.update_stage",
    ]


def test_a_check_that_fails_on_stable_too_holds_the_release(cloud: Cloud) -> None:
    """CD-7: going back would not help."""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    outcome = release(cloud, "two")
    assert (outcome.result, _code(outcome)) == (Result.HELD, Code.CHECK_FAILS_EVERYWHERE)
    assert cloud.users == ("r2", "r2")
    assert cloud.ledger.head().held
    with pytest.raises(KanmonError) as caught:
        release(cloud, "three")
    assert caught.value.code is Code.HELD


def test_unfinished_attempt_refuses_the_next_deploy(cloud: Cloud) -> None:
    """CD-13"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    cloud.ledger.amend_head(lambda head: head.model_copy(update={"attempts": 1, "attempt": 1}))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.UNFINISHED


def test_a_failure_of_the_bookkeeping_leaves_a_good_release_live(cloud: Cloud) -> None:
    """CD-13: it passed everything, so nothing is taken back, and nothing is called aborted."""
    release(cloud, "one")
    process = Process()
    reached = cloud.copy()
    release(reached, "two", process=process)
    at = process.calls.index("apigateway.delete_stage") + 1
    outcome = release(cloud, "two", process=Process(at=at))
    assert (outcome.result, cloud.users) == (Result.FAILED, ("r2", "r2"))
    assert outcome.failure
    assert "recover" in outcome.failure.fix
    assert _state(cloud, "r2") is not State.ABORTED


def test_a_rollback_that_fails_says_so_and_stays_open(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process, whole = Process(), cloud.copy()
    release(whole, "two", process=process)
    last = len(process.calls) - process.calls[::-1].index("apigateway.update_stage")
    outcome = release(cloud, "two", process=Process(at=last))
    assert (outcome.result, _code(outcome)) == (Result.FAILED, Code.ROLLBACK_FAILED)
    assert cloud.ledger.head().attempt == 2
