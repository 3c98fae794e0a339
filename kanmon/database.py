"""The database's snapshot, taken before anything changes (CD-5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws import error_code, explained
from kanmon.cloudformation.waiting import moments
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


@dataclass(frozen=True)
class Database:
    """Snapshots of an Aurora cluster.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
    """

    rds: RDSClient

    def begin_snapshot(self, cluster: str, name: str) -> None:
        """Begin a snapshot; one of that name that exists already is the one that is meant."""
        with explained(f"beginning the snapshot {name}"):
            try:
                self.rds.create_db_cluster_snapshot(
                    DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name
                )
            except ClientError as error:
                if error_code(error) != "DBClusterSnapshotAlreadyExistsFault":
                    raise

    def await_snapshot(self, name: str) -> None:
        """Wait until a snapshot can be restored from. Raises SNAPSHOT_FAILED."""
        with explained(f"waiting for the snapshot {name}"):
            for _ in moments(longest=5.0):
                answer = self.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
                status = answer["DBClusterSnapshots"][0].get("Status", "")
                if status == "available":
                    return
                if status not in {"creating", "pending"}:
                    raise KanmonError(Code.SNAPSHOT_FAILED, f"The snapshot is {status}.", where=name)
