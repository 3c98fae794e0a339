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
from kanmon.language import phrase
from kanmon.naming import snapshot_operation

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
        """Begin a snapshot. You can repeat the call: a snapshot with this name is accepted.

        Raises SNAPSHOTS_FULL (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html).
        """
        with aws_errors(phrase("beginning the snapshot {name}", name=name)):
            try:
                self.rds.create_db_cluster_snapshot(
                    DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name
                )
            except ClientError as error:
                if error_code(error) == "SnapshotQuotaExceeded":
                    problem = phrase("Kanmon takes one before each release, and this one found no room.")
                    raise KanmonError(Code.SNAPSHOTS_FULL, problem, where=name) from error
                if error_code(error) != "DBClusterSnapshotAlreadyExistsFault":
                    raise

    def wait(self, name: str) -> None:
        """Wait until a snapshot is complete. Raises SNAPSHOT_FAILED."""
        with aws_errors(phrase("waiting for the snapshot {name}", name=name)):
            for _ in polls(self.clock, longest=5.0):
                answer = self.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
                status = answer["DBClusterSnapshots"][0].get("Status", "")
                if status == "available":
                    return
                if status not in {"creating", "pending"}:
                    raise KanmonError(
                        Code.SNAPSHOT_FAILED, phrase("The snapshot is {status}.", status=status), where=name
                    )

    def delete_old(self, cluster: str, prefix: str, keep: int) -> list[str]:
        """Delete Kanmon's snapshots of a cluster beside the newest `keep`; their names.

        Snapshots of people stay. You can repeat the call.
        """
        with aws_errors(phrase("deleting old snapshots of the database")):
            pages = self.rds.get_paginator("describe_db_cluster_snapshots").paginate(
                DBClusterIdentifier=cluster, SnapshotType="manual"
            )
            found = {
                number: one["DBClusterSnapshotIdentifier"]
                for page in pages
                for one in page["DBClusterSnapshots"]
                if (number := snapshot_operation(prefix, one["DBClusterSnapshotIdentifier"])) is not None
            }
            old = [found[number] for number in sorted(found)[:-keep]]
            for name in old:
                self.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
        return old
