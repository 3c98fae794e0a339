"""The deploy: from an approved plan to a stable release, or back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import ReleaseState, Result
from kanmon.release.deploy import deploy
from kanmon.stacks.changes import Change
from kanmon.stacks.policy import stack_policy
from tests.fakes.app import CANARY, make_bundle, make_config
from tests.fakes.ledger import operation, write_head
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, ignore, operation_of, plan_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.approval.prompt import Approvable
    from kanmon.model import Approval
    from tests.fakes.cloud import Cloud


def _state(cloud: Cloud, release_id: str) -> ReleaseState:
    record = cloud.ledger.release(release_id)
    assert record
    return record.state


def test_the_first_release_becomes_stable(cloud: Cloud) -> None:
    outcome = release(cloud, "one")
    assert outcome.result is Result.STABLE
    assert cloud.users == ("r1", "r1")
    assert not cloud.previews


def test_a_stable_release_leaves_nothing_open_in_the_ledger(cloud: Cloud) -> None:
    release(cloud, "one")
    head = cloud.ledger.head()
    assert head.live == "r1"
    assert head.operation is None
    assert head.lease is None


def test_the_next_release_does_not_touch_the_live_slot(cloud: Cloud) -> None:
    """CD-8"""
    release(cloud, "one")
    blue = cloud.stacks.stacks["shop-test-slot-blue"]
    release(cloud, "two")
    assert cloud.stacks.stacks["shop-test-slot-blue"] == blue
    assert cloud.stacks.executed[-1:] == ["shop-test-slot-green"]


def test_the_first_release_protects_the_stacks_with_state(cloud: Cloud) -> None:
    """INF-3, INF-8"""
    release(cloud, "one")
    assert cloud.stacks.stacks["shop-test-foundation"].protected
    assert cloud.stacks.stacks["shop-test-edge"].protected
    assert not cloud.stacks.stacks["shop-test-slot-blue"].protected
    assert cloud.stacks.policies == dict.fromkeys(
        ["shop-test-foundation", "shop-test-edge"], stack_policy([])
    )


def test_allow_destroy_reaches_the_policy_before_the_change(cloud: Cloud) -> None:
    """INF-3, INF-8"""
    release(cloud, "one")
    process = Process()
    release(cloud, "two", process=process, config=make_config(allow_destroy=["Key"]))
    assert cloud.stacks.policies["shop-test-foundation"] == stack_policy(["Key"])
    assert process.calls.index("stacks.protect") < process.calls.index("stacks.execute")


def test_a_release_failing_after_its_canary_is_rolled_back(cloud: Cloud) -> None:
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


def test_a_refused_approval_changes_nothing(cloud: Cloud) -> None:
    """CD-3"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(approves=False), ignore)
    assert caught.value.code is Code.NOT_APPROVED
    assert cloud.stacks.executed == []
    assert cloud.ledger.head().operations == 0


def test_an_approval_of_another_plan_is_refused(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(digest="f" * 64), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_the_approver_is_recorded(cloud: Cloud) -> None:
    """CD-3, CD-11"""
    operation = operation_of(release(cloud, "one"))
    assert operation.actor == "kim"
    assert operation.approval
    assert operation.approval.by == "aki"
    assert operation.approval.digest == operation.digest


def test_a_frozen_environment_refuses_a_deploy(cloud: Cloud) -> None:
    release(cloud, "one")
    release(cloud, "two")
    roll_back(cloud)
    with pytest.raises(KanmonError) as caught:
        release(cloud, "three")
    assert caught.value.code is Code.FROZEN


def test_a_reason_lifts_a_freeze(cloud: Cloud) -> None:
    release(cloud, "one")
    release(cloud, "two")
    roll_back(cloud)
    outcome = release(cloud, "three", lift_freeze="fixed the query")
    assert outcome.result is Result.STABLE
    assert operation_of(outcome).reason == "fixed the query"
    assert cloud.ledger.head().freeze is None


def test_a_plan_is_stale_when_somebody_else_released(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    release(cloud, "three")
    executed = list(cloud.stacks.executed)
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.stacks.executed == executed
    assert cloud.users == ("r3", "r3")


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_approved_plans_the_first_to_run_counts(cloud: Cloud, first: int) -> None:
    """CD-4, CD-14: GitHub may begin the job that was approved first, or the one that waited longest."""
    release(cloud, "one")
    plans = [plan_of(cloud, make_bundle(cloud, name)) for name in ("two", "three")]
    assert deploy(cloud.services(), plans[first], FakeApproval(), ignore).result is Result.STABLE
    users = cloud.users
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plans[1 - first], FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.users == users


def test_the_same_plan_is_not_deployed_twice(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert deploy(cloud.services(), plan, FakeApproval(), ignore).result is Result.STABLE
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE


def test_with_one_stale_change_set_nothing_is_executed(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    config = make_config(tags={"team": "b"})
    plan = plan_of(cloud, make_bundle(cloud, "two", config=config))
    cloud.stacks.touch("shop-test-edge")
    executed = list(cloud.stacks.executed)
    outcome = deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.PLAN_STALE
    assert cloud.stacks.executed == executed
    assert cloud.users == ("r1", "r1")


def test_an_approved_plan_switches_no_deletion_protection_off(cloud: Cloud) -> None:
    """AWS-1, INF-3: the plan's role writes the plan, and so it can leave the check out."""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two", config=make_config(tags={"team": "b"})))
    foundation = plan.stacks[0]
    assert foundation.change_set
    kind = "AWS::RDS::DBCluster"
    change = Change(action="Modify", logical_id="Cluster", type=kind, properties=("DeletionProtection",))
    exposing = foundation.change_set.model_copy(update={"changes": (change,), "unprotected": (kind,)})
    stacks = (foundation.model_copy(update={"change_set": exposing}), *plan.stacks[1:])
    forged, executed = plan.model_copy(update={"stacks": stacks}), list(cloud.stacks.executed)
    outcome = deploy(cloud.services(), forged, FakeApproval(), ignore)
    assert failure_of(outcome).code is Code.PLAN_DESTROYS
    assert cloud.stacks.executed == executed


@pytest.mark.parametrize("stack", ["slot-green", "api", "edge", "foundation"])
def test_a_failed_stack_aborts_the_release(cloud: Cloud, stack: str) -> None:
    release(cloud, "one")
    cloud.stacks.failing.add(f"shop-test-{stack}")
    outcome = release(cloud, "two", config=make_config(tags={"team": "b"}))
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.STACK_FAILED
    assert cloud.users == ("r1", "r1")
    assert cloud.ledger.head().live == "r1"
    assert _state(cloud, "r2") is ReleaseState.ABORTED


@pytest.mark.parametrize("stack", ["slot-green", "api", "edge", "foundation"])
def test_a_failed_stack_can_be_released_again(cloud: Cloud, stack: str) -> None:
    release(cloud, "one")
    cloud.stacks.failing.add(f"shop-test-{stack}")
    release(cloud, "two", config=make_config(tags={"team": "b"}))
    cloud.stacks.failing.clear()
    assert release(cloud, "three").result is Result.STABLE


@pytest.mark.parametrize("stack", ["foundation", "slot-blue", "api", "edge", "observability"])
def test_a_failed_first_stack_can_be_released_again(cloud: Cloud, stack: str) -> None:
    """AWS-1"""
    cloud.stacks.failing.add(f"shop-test-{stack}")
    assert release(cloud, "one").result is Result.ABORTED
    cloud.stacks.failing.clear()
    assert release(cloud, "two").result is Result.STABLE


def test_a_failed_hook_aborts_the_release(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.functions.failing.add("migrate")
    outcome = release(cloud, "two")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.HOOK_FAILED
    assert cloud.functions.ran[-1] == ("migrate", "green", "r2")
    assert cloud.users == ("r1", "r1")


def test_a_failed_candidate_never_takes_traffic(cloud: Cloud) -> None:
    """CD-7"""
    release(cloud, "one")
    cloud.faulty.add(("r2", "candidate"))
    outcome = release(cloud, "two")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CHECK_FAILED
    assert all("r2" not in pair for pair in cloud.seen)
    assert not cloud.previews


def test_a_release_failing_live_is_rolled_back(cloud: Cloud) -> None:
    """CD-7, CD-10"""
    release(cloud, "one")
    pages, stage, pointer = cloud.pages(), cloud.gateway.stages["live"], cloud.ledger.head().pointer
    cloud.faulty.add(("r2", "live"))
    outcome = release(cloud, "two", pages={"new.html": "only in two"})
    assert outcome.result is Result.ROLLED_BACK
    assert failure_of(outcome).code is Code.CHECK_FAILED
    assert cloud.pages() == pages
    assert cloud.gateway.stages["live"] == stage
    assert cloud.ledger.head().pointer == pointer
    assert not cloud.previews


def test_a_rollback_is_two_calls_when_only_the_entry_differs(cloud: Cloud) -> None:
    """CD-10"""
    release(cloud, "one", pages={"sw.js": "same"})
    cloud.faulty.add(("r2", "live"))
    operation = operation_of(release(cloud, "two", pages={"sw.js": "same", "new.html": "only in two"}))
    assert operation.traffic_calls == 2
    assert operation.rollback_seconds is not None


def test_an_automatic_rollback_is_recorded(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two")
    assert cloud.ledger.head().freeze
    assert _state(cloud, "r1") is ReleaseState.STABLE
    assert _state(cloud, "r2") is ReleaseState.ROLLED_BACK


def test_a_held_environment_refuses_a_deploy(cloud: Cloud) -> None:
    """CD-7"""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    release(cloud, "two")
    with pytest.raises(KanmonError) as caught:
        release(cloud, "three")
    assert caught.value.code is Code.HELD


def test_an_unfinished_operation_refuses_a_deploy(cloud: Cloud) -> None:
    """CD-13"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    LedgerWriter.take(cloud.ledger, lambda head: head).begin_operation(operation(1))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.UNFINISHED


def test_the_approved_bundle_is_recorded(cloud: Cloud) -> None:
    """TRU-1: somebody with the plan's role writes its record of the release again while reviewers look."""
    services, key = cloud.services(), "releases/r1.json"
    plan = plan_of(cloud, make_bundle(cloud, "one"))

    class Tampering(FakeApproval):
        def approve(self, what: Approvable) -> Approval:
            cloud.store.objects[key] = cloud.store.objects[key].replace(plan.bundle.encode(), b"other")
            return super().approve(what)

    assert deploy(services, plan, Tampering(), ignore).result is Result.STABLE
    recorded = services.ledger.release("r1")
    assert recorded
    assert recorded.bundle == plan.bundle


def test_a_moved_pointer_makes_a_plan_stale(cloud: Cloud) -> None:
    """CD-4: the same release is live, but in the slot that the plan would change."""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    pointer = cloud.ledger.head().pointer
    write_head(cloud.ledger, pointer=pointer.model_copy(update={"slot": pointer.slot.other}))
    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.users == ("r1", "r1")


def test_a_freeze_during_the_review_counts(cloud: Cloud) -> None:
    """CD-9: the head is otherwise as it was planned."""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))

    class Meanwhile(FakeApproval):
        def approve(self, what: Approvable) -> Approval:
            cloud.faulty.add(("r3", "live"))
            release(cloud, "three")
            return super().approve(what)

    with pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, Meanwhile(), ignore)
    assert caught.value.code is Code.FROZEN
    assert cloud.ledger.head().operations == 2
