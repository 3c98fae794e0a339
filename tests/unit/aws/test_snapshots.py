"""Snapshots of the database are begun once, and awaited (CD-5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from kanmon.aws.snapshots import Snapshots
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.clock import Clock
from tests.fakes.objects import refusal

CLUSTER, NAME = "cluster-1", "shop-test-r2-2"


@dataclass
class Rds:
    """As much of RDS as Kanmon uses. Each look shows the next status; the last one stays."""

    progress: tuple[str, ...] = ("creating", "pending", "available")
    snapshots: dict[str, list[str]] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)

    def create_db_cluster_snapshot(
        self,
        *,
        DBClusterIdentifier: str,  # noqa: N803 - boto3's names
        DBClusterSnapshotIdentifier: str,  # noqa: N803
    ) -> None:
        if DBClusterIdentifier != CLUSTER:
            raise refusal("DBClusterNotFoundFault", "CreateDBClusterSnapshot")
        if DBClusterSnapshotIdentifier in self.snapshots:
            raise refusal("DBClusterSnapshotAlreadyExistsFault", "CreateDBClusterSnapshot")
        self.snapshots[DBClusterSnapshotIdentifier] = list(self.progress)
        self.clusters[DBClusterSnapshotIdentifier] = DBClusterIdentifier

    def describe_db_cluster_snapshots(
        self,
        *,
        DBClusterSnapshotIdentifier: str,  # noqa: N803
    ) -> dict[str, list[dict[str, str]]]:
        if DBClusterSnapshotIdentifier not in self.snapshots:
            raise refusal("DBClusterSnapshotNotFoundFault", "DescribeDBClusterSnapshots")
        statuses = self.snapshots[DBClusterSnapshotIdentifier]
        return {"DBClusterSnapshots": [{"Status": statuses.pop(0) if len(statuses) > 1 else statuses[0]}]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_db_cluster_snapshots"
        return self

    def paginate(self, *, DBClusterIdentifier: str, SnapshotType: str) -> list[dict[str, Any]]:  # noqa: N803
        assert SnapshotType == "manual"
        names = [name for name, cluster in self.clusters.items() if cluster == DBClusterIdentifier]
        return [{"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": name}]} for name in names]

    def delete_db_cluster_snapshot(self, *, DBClusterSnapshotIdentifier: str) -> None:  # noqa: N803
        del self.clusters[DBClusterSnapshotIdentifier]


@pytest.fixture
def rds() -> Any:
    return Rds()


def test_a_snapshot_is_of_the_cluster(rds: Any) -> None:
    """CD-5"""
    Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    assert rds.clusters == {NAME: CLUSTER}


def test_a_repeated_begin_keeps_the_first_snapshot(rds: Any) -> None:
    """CD-13: the answer to the first call was lost."""
    Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    Snapshots(rds, Clock()).wait(NAME)
    Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    assert rds.snapshots == {NAME: ["available"]}


def test_a_missing_cluster_is_an_error(rds: Any) -> None:
    with pytest.raises(KanmonError, match="DBClusterNotFoundFault") as caught:
        Snapshots(rds, Clock()).begin("cluster-2", NAME)
    assert caught.value.code is Code.AWS_FAILED


def test_only_kanmons_own_old_snapshots_are_deleted(rds: Any) -> None:
    """AWS-2: the newest stay, also those of people, of other clusters and of apps with names alike."""
    rds.clusters = {f"shop-test-r{number}-{number + 1}": CLUSTER for number in (9, 10, 11, 2)}
    kept = {"before-the-move": CLUSTER, "shop-test-r1-1-copy": CLUSTER, "shop-test-r1-1": "cluster-2"}
    kept["shop-test-two-r1-1"] = CLUSTER
    rds.clusters |= kept
    assert Snapshots(rds, Clock()).delete_old(CLUSTER, "shop-test", 2) == [
        "shop-test-r2-3",
        "shop-test-r9-10",
    ]
    assert rds.clusters == {"shop-test-r10-11": CLUSTER, "shop-test-r11-12": CLUSTER} | kept
    assert Snapshots(rds, Clock()).delete_old(CLUSTER, "shop-test", 2) == []


def test_a_full_region_is_an_error_with_the_way_out(rds: Any) -> None:
    """AWS-2"""

    def refuse(**_: str) -> None:
        raise refusal("SnapshotQuotaExceeded", "CreateDBClusterSnapshot")

    rds.create_db_cluster_snapshot = refuse
    with pytest.raises(KanmonError, match="found no room") as caught:
        Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    assert caught.value.code is Code.SNAPSHOTS_FULL
    assert "database.snapshots" in caught.value.fix


def test_the_wait_ends_with_an_available_snapshot(rds: Any) -> None:
    """CD-5"""
    Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    Snapshots(rds, Clock()).wait(NAME)
    assert rds.snapshots[NAME] == ["available"]


@pytest.mark.parametrize("status", ["failed", "deleting", ""])
def test_a_failed_snapshot_ends_the_wait(status: str) -> None:
    """CD-5: nothing may change without a snapshot."""
    rds: Any = Rds(progress=("creating", status))
    Snapshots(rds, Clock()).begin(CLUSTER, NAME)
    with pytest.raises(KanmonError, match=f"The snapshot is {status}") as caught:
        Snapshots(rds, Clock()).wait(NAME)
    assert caught.value.code is Code.SNAPSHOT_FAILED
    assert caught.value.where == NAME


def test_the_wait_for_a_missing_snapshot_is_an_error(rds: Any) -> None:
    with pytest.raises(KanmonError, match=f"While waiting for the snapshot {NAME}") as caught:
        Snapshots(rds, Clock()).wait(NAME)
    assert caught.value.code is Code.AWS_FAILED
