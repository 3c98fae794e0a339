"""A plan's stacks change as approved: each after those it needs, all verified before the first (CD-4)."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Slot
from kanmon.naming import Parameter
from kanmon.release.lease import lease
from kanmon.release.provision import Outputs, provision, verify_change_sets
from kanmon.release.stack_outputs import outputs_of
from kanmon.stacks.spec import StackOutput
from tests.fakes.app import make_bundle, make_config
from tests.fakes.process import Process, ProcessDied
from tests.fakes.runs import journal_of, plan_of, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.release.plan import Plan
    from kanmon.stacks.changes import ChangeSet
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

OTHER_TAGS = make_config(tags={"team": "b"})
"""With them every stack changes."""
SLOT, API = "shop-test-slot-green", "shop-test-api"
"""Both need the foundation, and neither needs the other."""


def _provision(
    cloud: Cloud, plan: Plan, config: Config, outputs: Outputs | None = None, process: Process | None = None
) -> Outputs:
    services = cloud.services(process)
    if outputs is None:
        outputs = outputs_of(services, config, plan.slot)
    verify_change_sets(services, plan.stacks)
    return provision(services, journal_of(cloud), config, plan.stacks, outputs)


@pytest.fixture
def plan(cloud: Cloud) -> Plan:
    """The plan of a second release. Every stack has a change set."""
    release(cloud, "one")
    cloud.stacks.executed.clear()
    return plan_of(cloud, make_bundle(cloud, "two", config=OTHER_TAGS))


def _refused(cloud: Cloud, plan: Plan, outputs: Outputs | None = None) -> Code:
    with pytest.raises(KanmonError) as caught:
        _provision(cloud, plan, OTHER_TAGS, outputs)
    return caught.value.code


def test_each_stack_comes_after_the_stacks_it_needs(cloud: Cloud) -> None:
    """CD-4: the first release knows the outputs of no stack yet."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    _provision(cloud, plan, make_config())
    done: set[str] = set()
    by_name = {stack.name: stack for stack in plan.stacks}
    for name in cloud.stacks.executed:
        values = by_name[name].parameters.values()
        assert {value.stack for value in values if isinstance(value, StackOutput)} <= done
        done.add(by_name[name].kind)
    assert len(done) == len(plan.stacks)


FOUNDATION = "shop-test-foundation"


def _protection(cloud: Cloud) -> str:
    return cloud.stacks.stacks[FOUNDATION].parameters[Parameter.PROTECT_DATABASE]


def test_deletion_protection_comes_right_after_the_creation(cloud: Cloud) -> None:
    """AWS-1, INF-3: and later releases leave it on, without another update."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    _provision(cloud, plan, make_config())
    assert cloud.stacks.executed[:2] == [FOUNDATION, FOUNDATION]
    assert _protection(cloud) == "true"
    assert not plan_of(cloud, make_bundle(cloud, "two")).stacks[0].touched


def test_the_next_run_switches_a_forgotten_protection_on(cloud: Cloud) -> None:
    """AWS-1, CD-13: a run died between the creation and the protection."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    process = Process(at=0)

    def die(call: str) -> None:
        if call == "stacks.execute" and FOUNDATION in cloud.stacks.executed:
            raise ProcessDied

    process.turn = die
    with pytest.raises(ProcessDied):
        _provision(cloud, plan, make_config(), process=process)
    assert _protection(cloud) == "false"
    _provision(cloud, plan_of(cloud, make_bundle(cloud, "one")), make_config())
    assert _protection(cloud) == "true"


def test_the_outputs_of_all_stacks_are_returned(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    outputs = _provision(cloud, plan, make_config())
    assert outputs == outputs_of(cloud.services(), make_config(), Slot.BLUE)
    assert outputs["slot"] == {"Release": "r1"}


def _together(cloud: Cloud, *names: str) -> None:
    """Each of these stacks changes only while all of them do."""
    barrier = threading.Barrier(len(names), timeout=5)
    execute = cloud.stacks.execute

    def wait(change_set: ChangeSet, *given: Any) -> Any:
        if change_set.stack in names:
            barrier.wait()
        return execute(change_set, *given)

    cloud.stacks.execute = wait  # type: ignore[method-assign, assignment]


def test_independent_stacks_change_at_the_same_time(cloud: Cloud, plan: Plan) -> None:
    """NFR-1"""
    _together(cloud, SLOT, API)
    _provision(cloud, plan, OTHER_TAGS)
    assert {SLOT, API} <= set(cloud.stacks.executed)


def test_a_running_stack_ends_before_a_failure_is_raised(cloud: Cloud, plan: Plan) -> None:
    """Otherwise the abort would begin while CloudFormation still works."""
    _together(cloud, SLOT, API)
    cloud.stacks.failing.add(SLOT)
    assert _refused(cloud, plan) is Code.STACK_FAILED
    assert cloud.stacks.stacks[API].status == "UPDATE_COMPLETE"


def test_nothing_changes_after_a_failed_stack(cloud: Cloud, plan: Plan) -> None:
    cloud.stacks.failing.add("shop-test-foundation")
    assert _refused(cloud, plan) is Code.STACK_FAILED
    assert cloud.stacks.executed == ["shop-test-foundation"]


def test_an_interrupt_stops_the_wait_for_other_stacks(cloud: Cloud, plan: Plan) -> None:
    """CD-13: a cancelled job has seconds, and CloudFormation takes minutes."""
    stopped: list[bool] = []

    def execute(
        other: Callable[..., Any], change_set: ChangeSet, on_event: Any, stop: threading.Event
    ) -> Any:
        if change_set.stack == SLOT:
            raise KeyboardInterrupt
        if change_set.stack == API:
            stopped.append(stop.wait(5))
        return other(change_set, on_event, stop)

    cloud.stacks.execute = partial(execute, cloud.stacks.execute)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        _provision(cloud, plan, OTHER_TAGS)
    assert stopped == [True]


def test_all_change_sets_are_verified_before_the_first_runs(cloud: Cloud, plan: Plan) -> None:
    """CD-4"""
    process = Process()
    _provision(cloud, plan, OTHER_TAGS, process=process)
    first = process.calls.index("stacks.execute")
    assert process.calls[:first].count("stacks.verify") == len(plan.stacks)


def test_one_stale_change_set_stops_all(cloud: Cloud, plan: Plan) -> None:
    """CD-4: somebody changed a stack after the approval."""
    cloud.stacks.touch("shop-test-observability")
    assert _refused(cloud, plan) is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_other_values_than_the_approved_ones_are_refused(cloud: Cloud, plan: Plan) -> None:
    """CD-4: the change set was made with the old value."""
    outputs = outputs_of(cloud.services(), OTHER_TAGS, plan.slot)
    outputs["api"]["ApiId"] = "api-2"
    plan = plan.model_copy(update={"stacks": plan.stacks[3:4]})
    assert _refused(cloud, plan, outputs) is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_a_missing_output_is_refused(cloud: Cloud, plan: Plan) -> None:
    plan = plan.model_copy(update={"stacks": plan.stacks[3:4]})
    with pytest.raises(KanmonError, match="shop-test-api has no output ApiId"):
        _provision(cloud, plan, OTHER_TAGS, {})


def test_an_untouched_stack_is_left_alone(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.stacks.executed.clear()
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    _provision(cloud, plan, make_config())
    assert cloud.stacks.executed == [SLOT]


def test_no_stack_changes_without_the_lease(cloud: Cloud, clock: Clock, plan: Plan) -> None:
    """CD-14"""
    services = cloud.services()
    outputs = outputs_of(services, OTHER_TAGS, plan.slot)
    with lease(cloud.ledger, clock, services.fence, "kim"):
        clock.outlast_lease()
        with pytest.raises(KanmonError) as caught:
            provision(services, journal_of(cloud), OTHER_TAGS, plan.stacks, outputs)
    assert caught.value.code is Code.LEASE_LOST
    assert cloud.stacks.executed == []


@pytest.fixture
def deferred(cloud: Cloud) -> Plan:
    """A plan with a deferred change of the edge: somebody deleted the API's stack."""
    release(cloud, "one")
    edge = cloud.stacks.stacks["shop-test-edge"]
    api = cloud.stacks.stacks.pop(API)
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    cloud.stacks.stacks |= {API: api, "shop-test-edge": edge}
    stacks = tuple(stack for stack in plan.stacks if stack.kind == "edge")
    assert stacks[0].deferred
    cloud.stacks.executed.clear()
    return plan.model_copy(update={"stacks": stacks})


def test_a_deferred_stack_may_have_nothing_to_change(cloud: Cloud, deferred: Plan) -> None:
    outputs = _provision(cloud, deferred, make_config())
    assert cloud.stacks.executed == []
    assert outputs["edge"]["WebBucket"] == "web"


def test_a_deferred_stack_may_not_destroy_state(cloud: Cloud, deferred: Plan) -> None:
    """CD-4, INF-3: nobody saw this change before it was approved."""
    cloud.stacks.replacing.add("WebBucket")
    assert _refused(cloud, deferred) is Code.PLAN_DESTROYS
    assert cloud.stacks.executed == []


def test_a_deferred_stack_changed_since_the_plan_is_refused(cloud: Cloud, deferred: Plan) -> None:
    """TRU-1: its changes were read from the template of that time."""
    cloud.stacks.bodies["shop-test-edge"] += "  Other:\n    Type: AWS::IAM::Role\n"
    assert _refused(cloud, deferred) is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_a_stack_made_since_the_plan_is_refused(cloud: Cloud) -> None:
    """TRU-1: people approved a new stack."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    (edge,) = (stack for stack in plan.stacks if stack.kind == "edge")
    release(cloud, "two")
    cloud.stacks.executed.clear()
    assert _refused(cloud, plan.model_copy(update={"stacks": (edge,)})) is Code.PLAN_STALE
    assert cloud.stacks.executed == []


def test_a_new_stack_with_state_is_protected(cloud: Cloud) -> None:
    """INF-3"""
    _provision(cloud, plan_of(cloud, make_bundle(cloud, "one")), make_config())
    assert cloud.stacks.policies.keys() == {"shop-test-foundation", "shop-test-edge"}


def test_protection_comes_before_a_change(cloud: Cloud, plan: Plan) -> None:
    """INF-3: otherwise the change itself could replace a database."""
    process = Process()
    _provision(cloud, plan, OTHER_TAGS, process=process)
    first = process.calls.index("stacks.execute")
    assert process.calls[:first].count("stacks.protect") == 2
