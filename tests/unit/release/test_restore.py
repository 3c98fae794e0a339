"""Stacks outside of the slots are those of the release that users are on (CD-10)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.model import Result
from kanmon.release.recover import recover
from kanmon.stacks.cloudformation import DeployedStack
from tests.fakes.app import CANARY, make_config
from tests.fakes.existing import DATABASE, DOMAIN, NETWORK, USER_POOL, WEB_ACL
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import failure_of, ignore, operation_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from kanmon.release.walk import Outcome
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

OTHER = make_config(tags={"team": "b"}, traffic=CANARY)
"""With it every stack changes."""
SHARED = ("shop-test-foundation", "shop-test-api", "shop-test-edge", "shop-test-observability")


def _deployed(cloud: Cloud) -> dict[str, Any]:
    """Everything that AWS has outside of the ledger, the idle slot, and the files that nobody is served."""
    idle = f"shop-test-slot-{cloud.ledger.head().pointer.slot.other}"
    kept = (
        "s3://artifacts/",
        "releases/",
        "operations/",
        "deployed/",
        "head.json",
        "s3://web/assets/",
    )
    state = {name: item for name, item in cloud.state.items() if not name.startswith(kept) and name != idle}
    # An update leaves another status than the creation; no user can notice it.
    for name, item in state.items():
        if isinstance(item, DeployedStack):
            state[name] = replace(item, status="")
    stacks = cloud.stacks
    state |= {f"policy {name}": policy for name, policy in stacks.policies.items()}
    return state | {f"template {name}": body for name, body in stacks.bodies.items() if name != idle}


def _stacks(cloud: Cloud) -> dict[str, object]:
    return {name: (cloud.stacks.stacks[name].tags, cloud.stacks.bodies[name]) for name in SHARED}


def _failing(cloud: Cloud, target: str, config: Config = OTHER) -> Outcome:
    cloud.faulty.add(("r2", target))
    return release(cloud, "two", config=config, pages={"new.html": "new"})


@pytest.mark.parametrize(("target", "result"), [("candidate", Result.ABORTED), ("live", Result.ROLLED_BACK)])
def test_the_whole_deployed_state_is_as_before(cloud: Cloud, target: str, result: Result) -> None:
    """CD-7, CD-10, NFR-2: after an abort, and after an automatic rollback."""
    release(cloud, "one")
    before = _deployed(cloud)
    assert _failing(cloud, target).result is result
    assert _deployed(cloud) == before


@pytest.mark.parametrize("target", ["candidate", "live"])
def test_no_policy_stays_open_for_a_release_that_is_gone(cloud: Cloud, target: str) -> None:
    """CD-10, INF-8: the release changes nothing else outside of its slot."""
    release(cloud, "one")
    before = _deployed(cloud)
    outcome = _failing(cloud, target, make_config(allow_destroy=["DatabaseCluster"]))
    assert operation_of(outcome).changes == ("foundation", "edge")
    assert _deployed(cloud) == before


@pytest.mark.parametrize("config", [OTHER, make_config(allow_destroy=["DatabaseCluster"])])
def test_a_rollback_by_hand_restores_the_whole_deployed_state(cloud: Cloud, config: Config) -> None:
    """CD-9, CD-10, NFR-2"""
    release(cloud, "one")
    before = _deployed(cloud)
    release(cloud, "two", config=config, pages={"new.html": "new"})
    assert operation_of(roll_back(cloud)).kept == ()
    assert _deployed(cloud) == before


def test_a_rollback_over_two_releases_restores_the_stacks(cloud: Cloud) -> None:
    """CD-9, CD-10"""
    release(cloud, "one")
    before = _stacks(cloud)
    release(cloud, "two", config=OTHER)
    release(cloud, "three", config=make_config(tags={"team": "c"}))
    roll_back(cloud, "r1")
    assert _stacks(cloud) == before


def test_users_are_back_before_a_stack_is_restored(cloud: Cloud) -> None:
    """CD-10: CloudFormation takes minutes."""
    release(cloud, "one")
    process = Process()
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two", config=OTHER, process=process)
    calls = process.calls[::-1]
    assert calls.index("stacks.execute") < calls.index("apigateway.update_stage")


def test_a_release_without_such_changes_restores_nothing(cloud: Cloud) -> None:
    """CD-10: it does not even look at the stacks."""
    release(cloud, "one")
    process = Process()
    cloud.faulty.add(("r2", "candidate"))
    release(cloud, "two", process=process)
    checked = process.calls.index("checks.run")
    assert not [call for call in process.calls[checked:] if call.startswith("stacks.")]


def test_state_is_kept_and_named(cloud: Cloud) -> None:
    """CD-10, INF-8"""
    release(
        cloud,
        "one",
        config=make_config(
            database=None, functions={"api": {"handler": "shop.api", "artifact": "build/api"}}, hooks=[]
        ),
    )
    outcome = _failing(cloud, "live", make_config())
    assert outcome.result is Result.ROLLED_BACK
    (kept,) = operation_of(outcome).kept
    assert kept.stack == "shop-test-foundation"
    assert "would delete or replace DatabaseCluster (AWS::RDS::DBCluster)" in kept.reason
    assert cloud.users == ("r1", "r1")


def test_a_refused_restoration_ends_the_rollback_and_is_named(cloud: Cloud) -> None:
    """CD-10: the next recovery would meet the same refusal."""
    release(cloud, "one")

    def refuse(event: Event) -> None:
        if "users are on r1 again" in event.text:
            cloud.stacks.failing.add("shop-test-edge")

    cloud.faulty.add(("r2", "live"))
    outcome = release(cloud, "two", config=OTHER, observer=refuse)
    assert outcome.result is Result.ROLLED_BACK
    assert [kept.stack for kept in operation_of(outcome).kept] == ["shop-test-edge"]
    assert cloud.ledger.head().operation is None


def test_a_recovery_goes_on_with_the_restoration(cloud: Cloud, clock: Clock) -> None:
    """CD-13"""
    release(cloud, "one")
    before = _deployed(cloud)
    cloud.faulty.add(("r2", "live"))
    whole, process = cloud.copy(), Process()
    release(whole, "two", config=OTHER, process=process)
    last = len(process.calls) - process.calls[::-1].index("stacks.execute")
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=OTHER, process=Process(at=last, blow=Blow.DEATH))
    clock.outlast_lease()
    assert recover(cloud.services(), ignore, FakeApproval())
    assert _deployed(cloud) == before


def test_a_stack_without_a_record_is_named(cloud: Cloud) -> None:
    """CD-10: the release brought it, and the old one never had it."""
    release(cloud, "one", config=make_config(api=None, checks=[{"name": "page", "path": "/"}]))
    assert operation_of(_failing(cloud, "live", make_config())).kept[0].reason == "r1 had none"


def test_a_half_updated_stack_is_not_restored(cloud: Cloud) -> None:
    """CD-10: its template is the old one, its resources may not be."""
    release(cloud, "one")
    name = "shop-test-edge"

    def half(event: Event) -> None:
        if "users are on r1 again" in event.text:
            broken = replace(cloud.stacks.stacks[name], status="UPDATE_ROLLBACK_FAILED")
            cloud.stacks.stacks[name] = broken

    cloud.faulty.add(("r2", "live"))
    (kept,) = operation_of(release(cloud, "two", config=OTHER, observer=half)).kept
    assert kept.stack == name
    assert "UPDATE_ROLLBACK_FAILED" in kept.reason


def _busy_after_the_return(cloud: Cloud, name: str) -> Callable[[Event], None]:
    """An observer: CloudFormation is at work on this stack once users are back."""

    def observe(event: Event) -> None:
        if "users are on r1 again" in event.text:
            busy = replace(cloud.stacks.stacks[name], status="UPDATE_ROLLBACK_IN_PROGRESS")
            cloud.stacks.stacks[name] = busy

    return observe


def test_a_busy_stack_is_awaited_and_named(cloud: Cloud, clock: Clock) -> None:
    """CD-10, CD-13: a run may have died in the middle of its update."""
    release(cloud, "one")
    name, texts = "shop-test-edge", list[str]()
    busy = _busy_after_the_return(cloud, name)

    def rest() -> None:
        cloud.stacks.stacks[name] = replace(cloud.stacks.stacks[name], status="UPDATE_ROLLBACK_COMPLETE")

    def observe(event: Event) -> None:
        texts.append(event.text)
        busy(event)
        clock.after_pause = rest

    cloud.faulty.add(("r2", "live"))
    outcome = release(cloud, "two", config=OTHER, observer=observe)
    assert operation_of(outcome).kept == ()
    wait = f"waiting for CloudFormation, at most 15 min 0 s: {name} is UPDATE_ROLLBACK_IN_PROGRESS"
    assert texts.count(wait) == 1


def test_a_stack_that_stays_busy_is_named(cloud: Cloud, clock: Clock) -> None:
    """CD-10: the wait has an end, and so has the rollback."""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    observe, name = _busy_after_the_return(cloud, "shop-test-edge"), "shop-test-edge"
    renew = iter(range(10_000))

    def keep_lease() -> None:
        if next(renew) % 10 == 0:
            for action in list(clock.repeated):
                action()

    clock.after_pause = keep_lease
    outcome = release(cloud, "two", config=OTHER, observer=observe)
    assert outcome.result is Result.ROLLED_BACK
    (kept,) = operation_of(outcome).kept
    assert kept.stack == name
    assert "UPDATE_ROLLBACK_IN_PROGRESS" in kept.reason
    assert sum(clock.pauses) == pytest.approx(900, abs=2)


def test_the_wait_for_a_busy_stack_can_be_interrupted(cloud: Cloud, clock: Clock) -> None:
    """CD-13: users are back already, and a later recovery restores the stack."""
    release(cloud, "one")
    before = _deployed(cloud)
    cloud.faulty.add(("r2", "live"))
    observe, name = _busy_after_the_return(cloud, "shop-test-edge"), "shop-test-edge"

    def interrupt() -> None:
        raise KeyboardInterrupt

    clock.after_pause = interrupt
    outcome = release(cloud, "two", config=OTHER, observer=observe)
    assert outcome.open
    assert failure_of(outcome).code is Code.INTERRUPTED
    assert "Users are back already" in failure_of(outcome).message
    assert cloud.users == ("r1", "r1")
    cloud.stacks.stacks[name] = replace(cloud.stacks.stacks[name], status="UPDATE_COMPLETE")
    assert recover(cloud.services(), ignore, FakeApproval())
    assert _deployed(cloud) == before


def test_data_is_not_restored_as_an_empty_database(cloud: Cloud) -> None:
    """CD-10, INF-8"""
    release(cloud, "one")
    without = make_config(
        database=None, hooks=[], functions={"api": {"handler": "shop.api", "artifact": "build/api"}},
        allow_destroy=re.findall(r"^  (\w+):$", cloud.stacks.bodies["shop-test-foundation"], re.MULTILINE),
    )  # fmt: skip
    assert release(cloud, "two", config=without).result is Result.STABLE
    (kept,) = operation_of(roll_back(cloud)).kept
    assert kept.stack == "shop-test-foundation"
    assert "anew, without the old data" in kept.reason


def test_one_error_of_a_recovery_is_not_the_second(cloud: Cloud, clock: Clock) -> None:
    """CD-10, CD-13: the run before died or lost its lease before it came to the stack."""
    release(cloud, "one")
    before = _deployed(cloud)
    cloud.faulty.add(("r2", "live"))

    def die(event: Event) -> None:
        if "users are on r1 again" in event.text:
            raise ProcessDied

    with pytest.raises(ProcessDied):
        release(cloud, "two", config=OTHER, observer=die)
    clock.outlast_lease()
    process = Process()
    recover(cloud.copy().services(process), ignore, FakeApproval())
    at = process.calls.index("stacks.execute") + 1
    outcome = recover(cloud.services(Process(at=at)), ignore, FakeApproval())
    assert outcome
    assert outcome.open
    assert len(operation_of(outcome).kept) == 1
    outcome = recover(cloud.services(), ignore, FakeApproval())
    assert outcome
    assert outcome.result is Result.ROLLED_BACK
    assert operation_of(outcome).kept == ()
    assert _deployed(cloud) == before


def test_an_error_that_stays_does_not_keep_the_operation_open(cloud: Cloud, clock: Clock) -> None:
    """CD-13: users are back. The first time it is open for a repetition, the second time it is named."""
    release(cloud, "one")
    edge = cloud.ledger.release("r1")
    assert edge
    del cloud.s3.objects("artifacts")[f"test/blobs/{edge.stacks['edge'].template}"]
    cloud.faulty.add(("r2", "live"))
    routes = [{"path": "/api/{proxy+}", "function": "api"}]
    config = make_config(api={"routes": routes, "cors": {"origins": ["https://admin.example.com"]}})
    assert release(cloud, "two", config=config).open
    assert cloud.users == ("r1", "r1")
    clock.outlast_lease()
    outcome = recover(cloud.services(), ignore, FakeApproval())
    assert outcome
    assert outcome.result is Result.ROLLED_BACK
    assert [kept.stack for kept in operation_of(outcome).kept] == ["shop-test-edge"]


def _existing(**things: Any) -> Config:
    return make_config(existing=things)


@pytest.mark.parametrize("things", [{"web_acl": WEB_ACL}, {"user_pool": USER_POOL}])
def test_a_release_with_an_existing_thing_leaves_nothing_of_it(cloud: Cloud, things: dict[str, Any]) -> None:
    """ADP-3, CD-10: back to a release before it, by hand."""
    release(cloud, "one")
    before = _stacks(cloud)
    assert release(cloud, "two", config=_existing(**things)).result is Result.STABLE
    assert _stacks(cloud) != before
    assert operation_of(roll_back(cloud, "r1")).kept == ()
    assert _stacks(cloud) == before


def test_a_release_on_an_existing_database_leaves_nothing_of_it(cloud: Cloud) -> None:
    """ADP-3, CD-10: the former release had no database."""
    plain = {"api": {"handler": "shop.api", "artifact": "build/api"}}
    using = {"api": {**plain["api"], "database": True}}
    existing = {"network": NETWORK, "database": DATABASE}
    release(cloud, "one", config=make_config(functions=plain, hooks=None, database=None))
    before = _stacks(cloud)
    release(cloud, "two", config=make_config(functions=using, hooks=None, database=None, existing=existing))
    assert "DatabaseHost" in cloud.stacks.bodies["shop-test-foundation"]
    assert operation_of(roll_back(cloud, "r1")).kept == ()
    assert _stacks(cloud) == before


def test_no_rollback_takes_users_off_their_domain_name(cloud: Cloud) -> None:
    """ADP-3, CD-10: the edge stays, with the reason; the users are back all the same."""
    release(cloud, "one")
    release(cloud, "two", config=_existing(domain=DOMAIN))
    edge = cloud.stacks.bodies["shop-test-edge"]
    outcome = roll_back(cloud, "r1")
    assert outcome.result is Result.ROLLED_BACK
    assert [(one.stack, one.reason) for one in operation_of(outcome).kept] == [
        ("shop-test-edge", "to restore it would take users off shop.example.com, www.example.com")
    ]
    assert cloud.stacks.bodies["shop-test-edge"] == edge
    assert cloud.users == ("r1", "r1")


def test_between_releases_with_the_same_names_the_edge_is_restored(cloud: Cloud) -> None:
    """ADP-3, CD-10."""
    release(cloud, "one", config=_existing(domain=DOMAIN))
    before = _stacks(cloud)
    release(cloud, "two", config=_existing(domain=DOMAIN, web_acl=WEB_ACL))
    assert operation_of(roll_back(cloud, "r1")).kept == ()
    assert _stacks(cloud) == before
