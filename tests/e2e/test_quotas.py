"""Kanmon's own calls at AWS's quotas and over a page, on the embedded AWS (AWS-4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.aws.snapshots import Snapshots
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.cloudformation import Stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator
CLUSTER = "full"


@pytest.fixture
def client(aws: EmbeddedAws) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    return aws.client


def test_a_full_region_has_its_way_out(client: Callable[[str], Any]) -> None:
    """AWS-2, AWS-4: the old snapshots go, and then there is room again."""
    rds = client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier=CLUSTER,
        Engine="aurora-mysql",
        MasterUsername="root",
        MasterUserPassword="long-enough",
    )
    taken = len(rds.describe_db_cluster_snapshots()["DBClusterSnapshots"])
    snapshots = Snapshots(rds)
    for number in range(1, 101 - taken):
        snapshots.begin(CLUSTER, f"full-test-r{number}-{number}")
    with pytest.raises(KanmonError, match="found no room") as caught:
        snapshots.begin(CLUSTER, "full-test-r200-200")
    assert caught.value.code is Code.SNAPSHOTS_FULL
    assert "database.snapshots" in caught.value.fix
    assert len(snapshots.delete_old(CLUSTER, "full-test", 10)) == 90 - taken
    snapshots.begin(CLUSTER, "full-test-r200-200")
    snapshots.wait("full-test-r200-200")
    snapshots.delete_old(CLUSTER, "full-test", 1)


def test_all_changes_of_a_long_change_set_are_read(client: Callable[[str], Any]) -> None:
    """CD-4, AWS-4: a plan with a page of the changes alone would hide the others."""
    cloudformation = client("cloudformation")
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    template = {"Resources": {f"Handle{number}": handle for number in range(250)}}
    change_set = Stacks(cloudformation).create_change_set("long", json.dumps(template), {}, {}, existing=None)
    assert change_set
    assert {change.logical_id for change in change_set.changes} == set(template["Resources"])
    Stacks(cloudformation).verify(change_set)
    cloudformation.delete_stack(StackName="long")
