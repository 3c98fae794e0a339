"""The last steps: everything goes, and nothing is left."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.naming import bootstrap_stack, database_cluster

from .account import GITHUB_PROVIDER
from .releases import OBSTACLE, stack_names
from .sample import NAME, PREFIX
from .steps import StepError
from .timings import measure_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account
    from .findings import Findings
    from .steps import Verification

_TRIES = 4
"""Lambda may need 20 minutes and more for its network interfaces: `kanmon destroy` goes on where it ended."""
_LISTS = (
    ("s3", "list_buckets", "Buckets", "Name"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ("apigateway", "get_rest_apis", "items", "name"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", "DBClusterSnapshotIdentifier"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("cloudtrail", "list_trails", "Trails", "Name"),
)
"""Lists of services, and where an item has its name. Network and keys have only tags: `_tagged`."""


def destroy(run: Verification, findings: Findings) -> None:
    """`kanmon destroy`, then what it leaves to other apps and to the prudent: all of it is this run's own."""
    ids = {name: run.state.note(f"stack {name}") for name in stack_names()}
    with suppress(ClientError):
        _free_obstacle(run.account)
    seconds = _destroy(run)
    for name in _last_snapshots(run.account):
        run.account.client("rds").delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    # The keys stay as long as a snapshot needs them. Now none does.
    seconds += _destroy(run)
    _remove_shared(run)
    findings.measure("kanmon destroy", seconds)
    for name, stack_id in ids.items():
        if stack_id:
            measure_stack(run, findings, name, stack_id, only="DELETE")


def _destroy(run: Verification) -> float:
    seconds = 0.0
    for _ in range(_TRIES):
        ran = run.kanmon("destroy", "--data", "--bootstrap", "--yes", status=None)
        seconds += ran.seconds
        if ran.status == 0:
            return seconds
    raise StepError("`kanmon destroy` did not end: run `scripts/verify-aws` again, in half an hour")


def _free_obstacle(account: Account) -> None:
    if account.stack(f"{PREFIX}-edge") is None:
        cloudfront = account.client("cloudfront")
        cloudfront.delete_function(
            Name=OBSTACLE, IfMatch=cloudfront.describe_function(Name=OBSTACLE, Stage="DEVELOPMENT")["ETag"]
        )


def _last_snapshots(account: Account) -> list[str]:
    found = account.pages("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual")
    return [
        one["DBClusterSnapshotIdentifier"]
        for one in found
        if one["DBClusterIdentifier"] == database_cluster(PREFIX)
    ]


def _remove_shared(run: Verification) -> None:
    """What `kanmon destroy` leaves for other apps of the account, where this run made it."""
    iam, account = run.account.client("iam"), run.account
    if run.state.own_provider:
        arn = f"arn:{account.partition}:iam::{account.number}:oidc-provider/{GITHUB_PROVIDER}"
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    gateway, role = account.client("apigateway"), f"{NAME}-api-logs"
    if gateway.get_account().get("cloudwatchRoleArn", "").endswith(f"/{role}"):
        gateway.update_account(patchOperations=[{"op": "remove", "path": "/cloudwatchRoleArn"}])
        _delete_role(iam, role)


def _delete_role(iam: Any, name: str) -> None:
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def nothing_left(run: Verification, findings: Findings) -> None:
    """Look for the app's name and tags in every service that it used."""
    left = sorted(set(left_of(run.account)))
    for name in left:
        findings.notes[f"left: {name}"] = "still there"
    findings.prove("AWS-1", "Nothing is left in the account", not left, f"{len(left)} things")


def left_of(account: Account) -> Iterator[str]:
    """Everything of the app in the account, by name or by tag. A key on its way to its end does not count."""
    yield from (name for name in stack_names() if account.stack(name))
    for service, operation, key, name in _LISTS:
        for item in account.pages(service, operation, key):
            found = item[name] if name else item
            if NAME in found:
                yield f"{service}: {found}"
    yield from _tagged(account)


def _tagged(account: Account) -> Iterator[str]:
    filters = [{"Name": "tag:app", "Values": [NAME]}]
    for operation, key, name in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_addresses", "Addresses", "AllocationId"),
    ):
        for item in account.pages("ec2", operation, key, Filters=filters):
            yield f"ec2: {item[name]}"
    gateways = account.pages("ec2", "describe_nat_gateways", "NatGateways", Filter=filters)
    yield from (f"ec2: {one['NatGatewayId']}" for one in gateways if one["State"] != "deleted")
    kms = account.client("kms")
    for key in account.pages("kms", "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyManager"] == "CUSTOMER" and described["KeyState"] != "PendingDeletion":
            tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
            if {"TagKey": "app", "TagValue": NAME} in tags:
                yield f"kms: {key['KeyId']}"
    cloudfront = account.client("cloudfront").list_distributions()["DistributionList"]
    yield from (f"cloudfront: {one['Id']}" for one in cloudfront.get("Items", []) if PREFIX in one["Comment"])


def is_there(account: Account) -> bool:
    """Whether the account has the app, or a rest of it."""
    return bool(account.stack(bootstrap_stack(NAME))) or any(account.stack(name) for name in stack_names())
