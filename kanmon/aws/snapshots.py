"""Snapshots of the database. Kanmon makes one before anything changes (CD-5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.aws.polling import polls
from kanmon.clock import SYSTEM_CLOCK, Clock
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


@dataclass(frozen=True)
class Snapshots:
    """Snapshots of Aurora clusters.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
    """

    rds: RDSClient
    clock: Clock = SYSTEM_CLOCK

    def begin(self, cluster: str, name: str) -> None:
        """Begin a snapshot. You can repeat the call: a snapshot with this name is accepted."""
        with aws_errors(f"beginning the snapshot {name}"):
            try:
                self.rds.create_db_cluster_snapshot(
                    DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name
                )
            except ClientError as error:
                if error_code(error) != "DBClusterSnapshotAlreadyExistsFault":
                    raise

    def wait(self, name: str) -> None:
        """Wait until a snapshot is complete. Raises SNAPSHOT_FAILED."""
        with aws_errors(f"waiting for the snapshot {name}"):
            for _ in polls(self.clock, longest=5.0):
                answer = self.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
                status = answer["DBClusterSnapshots"][0].get("Status", "")
                if status == "available":
                    return
                if status not in {"creating", "pending"}:
                    raise KanmonError(Code.SNAPSHOT_FAILED, f"The snapshot is {status}.", where=name)
