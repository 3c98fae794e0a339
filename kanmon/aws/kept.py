"""Resources that outlive their stack: found, and deleted with all their data (`kanmon destroy --data`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kanmon.model import Resource

_GONE = frozenset(
    {
        *("404", "NoSuchEntity", "NoSuchBucket", "NotFoundException", "ResourceNotFoundException"),
        *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        *("DBClusterNotFoundFault", "DBClusterSnapshotNotFoundFault"),
    }
)
_WAIT_DAYS = 30
"""Until KMS deletes a key. Until then you can cancel it."""
_AT_ONCE = 1000
"""Objects in one request: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


_Client = Any


@dataclass(frozen=True)
class KeptResources:
    """Single resources of several services."""

    client: Callable[[str], Any]
    """Makes the client of a service."""

    def exists(self, resource: Resource) -> bool:
        """Whether the resource is there. False, too, when its deletion is on its way."""
        return resource.type in _LOOK and self._asked(resource, _LOOK[resource.type])

    def delete(self, resource: Resource) -> None:
        """Delete the resource with its data. You can repeat the call."""
        self._asked(resource, _DELETE[resource.type])

    def unprotect(self, resource: Resource) -> None:
        """Switch the resource's deletion protection off, if its type has one. You can repeat the call."""
        if resource.type in _UNPROTECT:
            self._asked(resource, _UNPROTECT[resource.type])

    def snapshots(self, prefix: str) -> list[str]:
        """The database's manual snapshots with names that begin like this."""
        with aws_errors(phrase("reading the database's snapshots")):
            pages = self.client("rds").get_paginator("describe_db_cluster_snapshots")
            found = pages.paginate(SnapshotType="manual")
            names = (
                one["DBClusterSnapshotIdentifier"] for page in found for one in page["DBClusterSnapshots"]
            )
            return sorted(name for name in names if name.startswith(prefix))

    def empty(self, bucket: str, prefix: str = "", *, but: str = "") -> None:
        """Delete all versions of a bucket's objects below a prefix, except those of one key."""
        with aws_errors(phrase("emptying the bucket {bucket}", bucket=bucket)):
            _empty(self.client("s3"), bucket, prefix, but)

    def _asked(self, resource: Resource, ask: Callable[[Callable[[str], Any], str], bool]) -> bool:
        with aws_errors(phrase("looking after {resource}", resource=resource)):
            try:
                return ask(self.client, resource.id)
            except ClientError as error:
                if error_code(error) in _GONE:
                    return False
                raise


def _empty(s3: _Client, bucket: str, prefix: str = "", but: str = "") -> None:
    for objects in _batches(_versions(s3, bucket, prefix, but)):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", [])[:1]:
            raise ClientError({"Error": error}, "DeleteObjects")


def _versions(s3: _Client, bucket: str, prefix: str, but: str) -> Iterator[dict[str, str]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            if one["Key"] != but:
                yield {"Key": one["Key"], "VersionId": one["VersionId"]}


def _batches(objects: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    # All at first: to delete while a list is read could leave some out.
    every = list(objects)
    yield from (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))


def _bucket(client: Callable[[str], _Client], name: str) -> bool:
    client("s3").head_bucket(Bucket=name)
    return True


def _delete_bucket(client: Callable[[str], _Client], name: str) -> bool:
    s3 = client("s3")
    _empty(s3, name)
    s3.delete_bucket(Bucket=name)
    return True


def _queue(client: Callable[[str], _Client], url: str) -> bool:
    client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return True


def _delete_queue(client: Callable[[str], _Client], url: str) -> bool:
    client("sqs").delete_queue(QueueUrl=url)
    return True


def _secret(client: Callable[[str], _Client], arn: str) -> bool:
    return "DeletedDate" not in client("secretsmanager").describe_secret(SecretId=arn)


def _delete_secret(client: Callable[[str], _Client], arn: str) -> bool:
    # At once: a secret that waits for its end keeps its name, and the next creation would fail.
    client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    return True


def _pool(client: Callable[[str], _Client], pool: str) -> bool:
    client("cognito-idp").describe_user_pool(UserPoolId=pool)
    return True


def _unprotect_pool(client: Callable[[str], _Client], pool: str) -> bool:
    # It resets the pool's other settings. The pool is deleted next.
    client("cognito-idp").update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
    return True


def _delete_pool(client: Callable[[str], _Client], pool: str) -> bool:
    _unprotect_pool(client, pool)
    client("cognito-idp").delete_user_pool(UserPoolId=pool)
    return True


def _log_group(client: Callable[[str], _Client], name: str) -> bool:
    found = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name in {one["logGroupName"] for one in found}


def _delete_log_group(client: Callable[[str], _Client], name: str) -> bool:
    client("logs").delete_log_group(logGroupName=name)
    return True


def _key(client: Callable[[str], _Client], key: str) -> bool:
    state = client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    return bool(state != "PendingDeletion")


def _delete_key(client: Callable[[str], _Client], key: str) -> bool:
    client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=_WAIT_DAYS)
    return True


def _unprotect_cluster(client: Callable[[str], _Client], name: str) -> bool:
    rds = client("rds")
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    if cluster.get("DeletionProtection"):
        rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    return True


def _role(client: Callable[[str], _Client], name: str) -> bool:
    client("iam").get_role(RoleName=name)
    return True


def _provider(client: Callable[[str], _Client], arn: str) -> bool:
    client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return True


def _snapshot(client: Callable[[str], _Client], name: str) -> bool:
    client("rds").describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
    return True


def _delete_snapshot(client: Callable[[str], _Client], name: str) -> bool:
    client("rds").delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    return True


_LOOK = {
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::Cognito::UserPool": _pool,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::KMS::Key": _key,
    "AWS::RDS::DBClusterSnapshot": _snapshot,
    "AWS::IAM::Role": _role,
    "AWS::IAM::OIDCProvider": _provider,
}
_DELETE = {
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::SQS::Queue": _delete_queue,
    "AWS::SecretsManager::Secret": _delete_secret,
    "AWS::Cognito::UserPool": _delete_pool,
    "AWS::Logs::LogGroup": _delete_log_group,
    "AWS::KMS::Key": _delete_key,
    "AWS::RDS::DBClusterSnapshot": _delete_snapshot,
}
_UNPROTECT = {"AWS::RDS::DBCluster": _unprotect_cluster, "AWS::Cognito::UserPool": _unprotect_pool}
