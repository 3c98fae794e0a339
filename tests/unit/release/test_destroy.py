"""`kanmon destroy`: everything of an environment goes, in order; data only when somebody wants it (AWS-1)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.aws.fence import Fence
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import Pointer, Resource
from kanmon.release.destroy import (
    Extent,
    Inventory,
    Removers,
    destroy,
    refuse_removal,
    take_inventory,
)
from kanmon.release.lease import lease
from kanmon.release.rollback import rollback_target
from tests.fakes.app import make_bundle
from tests.fakes.ledger import operation, write_head
from tests.fakes.removal import FakeAccountContent, FakeKept, FakeRemoval
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud

ORDER = ["observability", "edge", "api", "slot-blue", "slot-green", "foundation"]
STACKS = [f"shop-test-{kind}" for kind in ORDER]
BOOTSTRAP = "shop-bootstrap"
CLUSTER = Resource("AWS::RDS::DBCluster", "shop-test-database")
POOL = Resource("AWS::Cognito::UserPool", "pool-1")
QUEUE = Resource("AWS::SQS::Queue", "https://queue/shop-test-mail")
WEB = Resource("AWS::S3::Bucket", "shop-test-web-1")
KEY = Resource("AWS::KMS::Key", "key-1")
TRAIL = Resource("AWS::S3::Bucket", "shop-test-trail-1")
ARTIFACTS = Resource("AWS::S3::Bucket", "shop-kanmon-1-eu-west-1")
CANARY = Resource("AWS::Logs::LogGroup", "/aws/apigateway/shop-test-api/Canary")
SNAPSHOT = Resource("AWS::RDS::DBClusterSnapshot", "shop-test-r2-2")
EXTENT = Extent("shop", "test", "1", "eu-west-1")
DATA = replace(EXTENT, data=True)
ALL = replace(DATA, bootstrap=True)


@pytest.fixture
def content() -> FakeAccountContent:
    """A whole app with state of every kind."""
    stacks: dict[str, list[Resource]] = {name: [] for name in STACKS}
    stacks["shop-test-foundation"] = [CLUSTER, POOL, QUEUE, CANARY]
    stacks["shop-test-edge"] = [WEB]
    stacks[BOOTSTRAP] = [ARTIFACTS, KEY, TRAIL]
    return FakeAccountContent(
        stacks=stacks,
        alone={SNAPSHOT},
        protected={CLUSTER, POOL},
        outputs={"Environments": json.dumps({"test": None, "staging": None})},
    )


@pytest.fixture
def removers(cloud: Cloud, content: FakeAccountContent) -> Removers:
    return Removers(
        cloud.ledger, FakeRemoval(content), FakeKept(content), cloud.clock, Fence(), "administrator"
    )


def _destroy(removers: Removers, extent: Extent) -> Inventory:
    refuse_removal(removers, extent)
    return destroy(removers, extent, lambda _: None)


def _refused(removers: Removers, extent: Extent) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        _destroy(removers, extent)
    return caught.value


def test_without_data_the_state_stays(removers: Removers, content: FakeAccountContent) -> None:
    left = _destroy(removers, EXTENT)
    assert content.deleted == [*STACKS[:-1], WEB.id]
    assert [stack.name for stack in left.staying] == ["shop-test-foundation"]
    assert set(left.kept) == {CLUSTER, POOL, QUEUE, CANARY, SNAPSHOT}
    assert content.protected == {CLUSTER, POOL}
    assert content.dropped == ["shop-test-foundation"]


def test_a_foundation_without_state_goes_too(removers: Removers, content: FakeAccountContent) -> None:
    content.stacks["shop-test-foundation"] = []
    _destroy(removers, EXTENT)
    assert content.deleted == [*STACKS, WEB.id]


def test_with_data_each_stack_goes_before_those_it_needs(
    removers: Removers, content: FakeAccountContent
) -> None:
    left = _destroy(removers, DATA)
    assert content.deleted[: len(STACKS)] == STACKS
    assert not left.lost
    assert set(content.stacks) == {BOOTSTRAP}


def test_with_data_only_the_last_snapshot_stays(removers: Removers, content: FakeAccountContent) -> None:
    """Also what belongs to no stack goes: the canary's log, and the snapshots before releases."""
    _destroy(removers, DATA)
    assert {one.id for one in content.alone} == {"shop-test-foundation-snapshot-1"}


def test_the_bootstrap_stack_goes_last_and_its_bucket_after_it(
    removers: Removers, content: FakeAccountContent
) -> None:
    """The others are deleted by its role, and the bucket has the lease."""
    _destroy(removers, ALL)
    assert content.deleted.index(BOOTSTRAP) > content.deleted.index("shop-test-foundation")
    assert content.deleted[-1] == ARTIFACTS.id
    assert TRAIL.id in content.deleted


def test_resources_of_the_whole_account_stay(removers: Removers, content: FakeAccountContent) -> None:
    """GitHub's identity provider, and API Gateway's role for logs."""
    shared = [Resource("AWS::IAM::OIDCProvider", "arn:github"), Resource("AWS::IAM::Role", "shop-api-logs")]
    content.left[BOOTSTRAP] = list(shared)
    content.alone |= set(shared)
    left = _destroy(removers, ALL)
    assert set(shared) <= content.alone & set(left.kept)


@pytest.mark.parametrize("database", [True, False])
def test_a_key_stays_as_long_as_a_snapshot_needs_it(
    removers: Removers, content: FakeAccountContent, database: bool
) -> None:
    if not database:
        content.stacks["shop-test-foundation"].remove(CLUSTER)
    _destroy(removers, ALL)
    assert (KEY in content.alone) is database


def test_the_bootstrap_stack_stays_for_another_environment(
    removers: Removers, content: FakeAccountContent
) -> None:
    content.stacks["shop-staging-api"] = []
    error = _refused(removers, ALL)
    assert error.code is Code.USAGE
    assert "staging" in error.message
    assert content.deleted == []


def test_the_bootstrap_stack_goes_with_the_data_only(removers: Removers, content: FakeAccountContent) -> None:
    error = _refused(removers, replace(EXTENT, bootstrap=True))
    assert error.code is Code.USAGE
    assert "--data" in error.fix
    assert content.deleted == []


def test_a_refusal_of_the_account_keeps_its_fix(removers: Removers, content: FakeAccountContent) -> None:
    """AWS-1"""

    def refuse(_: str) -> None:
        reason = (
            "Api (AWS::ApiGateway::RestApi) failed: Rate exceeded (Service: ApiGateway, Status Code: 429)."
        )
        raise KanmonError(Code.STACK_FAILED, reason)

    content.on_delete = refuse
    error = _refused(removers, EXTENT)
    assert error.code is Code.NOT_REMOVED
    assert "wait a minute" in error.fix


@pytest.mark.parametrize("extent", [EXTENT, DATA, ALL])
@pytest.mark.parametrize("name", STACKS[:-1])
def test_it_goes_on_after_a_failure(
    removers: Removers, content: FakeAccountContent, extent: Extent, name: str
) -> None:
    content.failing.add(name)
    error = _refused(removers, extent)
    assert error.code is Code.NOT_REMOVED
    assert error.where == name
    assert STACKS[STACKS.index(name) + 1] in content.stacks
    content.failing.clear()
    _destroy(removers, extent)
    assert take_inventory(removers, extent).empty


def test_it_goes_on_after_the_end_of_its_process(removers: Removers, content: FakeAccountContent) -> None:
    """It died after the stack of the users was gone, and before the users were."""

    def die(name: str) -> None:
        if name == POOL.id:
            raise KeyboardInterrupt

    content.on_delete = die
    with pytest.raises(KeyboardInterrupt):
        _destroy(removers, DATA)
    assert POOL in content.alone
    assert {POOL, QUEUE} <= set(take_inventory(removers, DATA).lost)
    content.on_delete = lambda _: None
    _destroy(removers, DATA)
    assert POOL not in content.alone


def test_a_second_time_there_is_nothing_to_remove(removers: Removers, content: FakeAccountContent) -> None:
    _destroy(removers, DATA)
    content.deleted.clear()
    assert take_inventory(removers, DATA).empty
    _destroy(removers, DATA)
    assert content.deleted == []


def test_without_its_bucket_there_is_no_ledger(removers: Removers, content: FakeAccountContent) -> None:
    """A run died after the bucket was gone, and left something else."""
    _destroy(replace(removers, ledger=None), ALL)
    assert BOOTSTRAP not in content.stacks


def test_an_open_operation_refuses_it(removers: Removers, cloud: Cloud, content: FakeAccountContent) -> None:
    writer = LedgerWriter.take(cloud.ledger, lambda head: head)
    writer.begin_operation(operation(1))
    assert _refused(removers, DATA).code is Code.UNFINISHED
    assert content.deleted == []


def test_a_held_lease_refuses_it(removers: Removers, cloud: Cloud, content: FakeAccountContent) -> None:
    """CD-14"""
    with lease(cloud.ledger, cloud.clock, Fence(), "kim"):
        assert _refused(removers, DATA).code is Code.LOCKED
    assert content.deleted == []


def test_it_holds_the_lease_behind_the_fence(
    removers: Removers, cloud: Cloud, content: FakeAccountContent
) -> None:
    """CD-14: no deploy begins meanwhile, and a run that lost its lease deletes nothing more."""
    seen: list[bool] = []

    def look(_: str) -> None:
        seen.append(removers.fence.guard is not None and cloud.ledger.head().lease is not None)

    content.on_delete = look
    _destroy(removers, DATA)
    assert all(seen)
    assert len(seen) > len(STACKS)
    assert cloud.ledger.head().lease is None


def test_the_ledger_has_the_end(removers: Removers, cloud: Cloud) -> None:
    """It stays without `--data`, and so does its history."""
    release(cloud, "one")
    _destroy(removers, EXTENT)
    head = cloud.ledger.head()
    assert (head.live, head.pointer, head.slots, head.kept) == (None, Pointer(), {}, ())
    assert head.destroyed
    assert (head.destroyed.by, head.destroyed.data) == ("administrator", False)
    assert head.destroyed.ended == cloud.clock.now()
    assert [one.release for one in cloud.ledger.operations()] == ["r1"]


def test_nothing_is_live_before_the_first_stack_goes(
    removers: Removers, cloud: Cloud, content: FakeAccountContent
) -> None:
    """Otherwise a deploy after a run that died would build on a removed release."""
    release(cloud, "one")
    content.failing.add(STACKS[0])
    _refused(removers, EXTENT)
    head = cloud.ledger.head()
    assert head.live is None
    assert head.destroyed
    assert head.destroyed.ended is None


def test_no_rollback_leads_to_a_removed_release(removers: Removers, cloud: Cloud) -> None:
    release(cloud, "one")
    _destroy(removers, EXTENT)
    with pytest.raises(KanmonError) as caught:
        rollback_target(cloud.ledger, "r1")
    assert caught.value.code is Code.NO_ROLLBACK_TARGET


def test_the_next_release_is_a_first_one(removers: Removers, cloud: Cloud) -> None:
    release(cloud, "one")
    _destroy(removers, EXTENT)
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    assert (plan.release, plan.base) == ("r2", None)


def test_with_data_only_the_head_stays_of_the_ledger(removers: Removers, content: FakeAccountContent) -> None:
    _destroy(removers, DATA)
    assert content.emptied == [(ARTIFACTS.id, "test/", "test/ledger/head.json")]


def test_a_frozen_environment_can_be_removed(removers: Removers, cloud: Cloud) -> None:
    write_head(cloud.ledger, live="r1")
    _destroy(removers, EXTENT)
    assert cloud.ledger.head().freeze is None
