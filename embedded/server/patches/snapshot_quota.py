"""A region takes 100 manual snapshots of Aurora clusters.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import rds

QUOTA = 100
REFUSAL = f"Cannot create more than {QUOTA} manual snapshots"
_create = rds._create_db_cluster_snapshot


def apply() -> None:
    """Count before each snapshot, also before CloudFormation's last one of a cluster."""
    take = rds._create_cluster_snapshot_internal

    def counted(snapshot: str, cluster: dict[str, Any]) -> Any:
        if _is_full():
            raise ValueError(REFUSAL)
        return take(snapshot, cluster)

    rds._create_cluster_snapshot_internal = counted
    rds._ACTION_MAP["CreateDBClusterSnapshot"] = create


def create(parameters: dict[str, Any]) -> Any:
    """CreateDBClusterSnapshot. A name that exists is its own refusal."""
    if _is_full() and rds._p(parameters, "DBClusterSnapshotIdentifier") not in rds._db_cluster_snapshots:
        return rds._error("SnapshotQuotaExceeded", REFUSAL, 400)
    return _create(parameters)


def _is_full() -> bool:
    manual = [one for one in rds._db_cluster_snapshots.values() if one["SnapshotType"] == "manual"]
    return len(manual) >= QUOTA
