"""The last steps: everything goes, and nothing is left."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.naming import bootstrap_stack, database_cluster

from .account import GITHUB_PROVIDER
from .releases import OBSTACLE, recover, stack_names
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
    "s3 list_buckets Buckets",
    "lambda list_functions Functions",
    "logs describe_log_groups logGroups",
    "iam list_roles Roles",
    "iam list_policies Policies",
    "sns list_topics Topics",
    "sqs list_queues QueueUrls",
    "secretsmanager list_secrets SecretList",
    "apigateway get_rest_apis items",
    "kms list_aliases Aliases",
    "rds describe_db_clusters DBClusters",
    "rds describe_db_instances DBInstances",
    "rds describe_db_subnet_groups DBSubnetGroups",
    "rds describe_db_cluster_parameter_groups DBClusterParameterGroups",
    "rds describe_db_cluster_snapshots DBClusterSnapshots",
    "cloudwatch describe_alarms MetricAlarms",
    "cloudwatch describe_alarms CompositeAlarms",
    "cloudwatch list_dashboards DashboardEntries",
    "cloudtrail list_trails Trails",
    "cloudfront list_distributions DistributionList",
    "cloudfront list_functions FunctionList",
    "cloudfront list_cache_policies CachePolicyList",
    "cloudfront list_response_headers_policies ResponseHeadersPolicyList",
    "cloudfront list_origin_access_controls OriginAccessControlList",
    "ec2 describe_vpcs Vpcs",
    "ec2 describe_addresses Addresses",
    "ec2 describe_nat_gateways NatGateways",
)
"""Lists: service, call, key. An item of the app has its name somewhere: in a name, an ARN or a tag."""


def destroy(run: Verification, findings: Findings) -> None:
    """`kanmon destroy`, then what it leaves to other apps and to the prudent: all of it is this run's own."""
    ids = {name: run.state.note(f"stack {name}") for name in stack_names()}
    with suppress(ClientError):
        _free_obstacle(run.account)
    if run.account.stack(bootstrap_stack(NAME)):
        recover(run)
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
        gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn"}])
    with suppress(iam.exceptions.NoSuchEntityException):
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
    """Everything of the app in the account. A key on its way to its end does not count."""
    yield from (name for name in stack_names() if account.stack(name))
    for row in _LISTS:
        service, operation, key = row.split()
        of_kind = sum(_is_own(item) for item in account.pages(service, operation, key))
        if of_kind:
            yield f"{of_kind} in {service} {key}"
    kms = account.client("kms")
    for key in account.pages("kms", "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyManager"] == "CUSTOMER" and described["KeyState"] != "PendingDeletion":
            tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
            if {"TagKey": "app", "TagValue": NAME} in tags:
                yield f"kms key {key['KeyId']}"


def _is_own(item: Any) -> bool:
    # AWS shows a deleted NAT gateway for an hour.
    return NAME in str(item) and not (isinstance(item, dict) and item.get("State") == "deleted")
