"""An app comes, goes without a trace, and comes again (AWS-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.attacker import Role
from tests.e2e.project import Project
from tests.e2e.repository import roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator
APP = "quince"
SHARED = {f"{APP}-api-logs"}
"""API Gateway's role for the logs of all APIs in the account."""
_GITHUB = "github: {repository: octo/quince, repository_id: 456, owner_id: 123, existing_provider: true}\n"


@pytest.fixture
def quince(aws: EmbeddedAws, built_app: Path, tmp_path: Path) -> Iterator[Project]:
    """An app of its own in the account, with roles: CloudFormation deletes by its role, too."""
    made = Project.copy(built_app, tmp_path / "app", "test", aws.environment)
    made.edit_config(lambda text: text.replace("app: mandala", f"app: {APP}") + _GITHUB)
    yield made
    made.stop()


def _names(project: Project, service: str, operation: str, query: str, **asked: Any) -> list[str]:
    """The names of all pages: other tests of the account have things, too."""
    pages = project.client(service).get_paginator(operation).paginate(**asked)
    return [str(name) for name in pages.search(query) if name is not None]


def _left(project: Project) -> set[str]:
    """Everything of the app in the account."""
    buckets = project.client("s3").list_buckets()["Buckets"]
    names = [
        *(one["Name"] for one in buckets),
        *_names(project, "lambda", "list_functions", "Functions[].FunctionName"),
        *_names(project, "logs", "describe_log_groups", "logGroups[].logGroupName"),
        *_names(project, "iam", "list_roles", "Roles[].RoleName"),
        *_names(project, "iam", "list_policies", "Policies[].PolicyName", Scope="Local"),
        *_names(project, "sns", "list_topics", "Topics[].TopicArn"),
        *_names(project, "sqs", "list_queues", "QueueUrls[]"),
        *_names(project, "secretsmanager", "list_secrets", "SecretList[].Name"),
        *_names(project, "cognito-idp", "list_user_pools", "UserPools[].Name", MaxResults=60),
        *_names(project, "apigateway", "get_rest_apis", "items[].name"),
        *_names(project, "kms", "list_aliases", "Aliases[].AliasName"),
        *_names(project, "rds", "describe_db_clusters", "DBClusters[].DBClusterIdentifier"),
        *_names(project, "cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
        *_stacks(project),
    ]
    return {name for name in names if APP in name}


def _stacks(project: Project) -> list[str]:
    living = "Stacks[?StackStatus != 'DELETE_COMPLETE'].StackName"
    return _names(project, "cloudformation", "describe_stacks", living)


def _snapshots(project: Project) -> list[str]:
    query = "DBClusterSnapshots[].DBClusterSnapshotIdentifier"
    return [one for one in _names(project, "rds", "describe_db_cluster_snapshots", query) if APP in one]


def _release(project: Project, status: int) -> str:
    """Plan and deploy by the roles of two jobs; the deploy's output."""
    iam, file = project.client("iam"), str(project.folder / "plan.json")
    plan, deploy = (Role.read(iam, f"{APP}-test-{kind}").keys(project) for kind in ("plan", "deploy"))
    project.kanmon("plan", "--output", file, **plan).check()
    return project.kanmon("deploy", "--plan", file, "--yes", **deploy).check(status).output


def _fail_once(project: Project) -> None:
    """The first release fails in its last stacks: somebody else has the name of the web bucket."""
    s3, region = project.client("s3"), project.environment["AWS_REGION"]
    name = f"{APP}-test-web-{project.client('sts').get_caller_identity()['Account']}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    assert "WebBucket (AWS::S3::Bucket) failed" in _release(project, 1)
    (stack,) = project.client("cloudformation").describe_stacks(StackName=f"{APP}-test-edge")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    s3.delete_bucket(Bucket=name)


def test_an_app_is_removed_and_can_come_again(quince: Project) -> None:
    """AWS-1, INF-3: also after a failed creation. Deletion protection is on; only the last snapshot stays."""
    roles(quince)
    quince.kanmon("build").check()
    _fail_once(quince)
    _release(quince, 0)
    (cluster,) = quince.client("rds").describe_db_clusters(DBClusterIdentifier=f"{APP}-test-database")[
        "DBClusters"
    ]
    assert cluster["DeletionProtection"]
    refused = quince.kanmon("destroy").check(2)
    assert "There is no terminal" in refused.error
    assert f"- {APP}-test-edge: the stack" in refused.output

    without = quince.kanmon("destroy", "--yes").check()
    assert f"{APP}-test-foundation stays" in without.output
    assert [name for name in _stacks(quince) if APP in name] == [f"{APP}-bootstrap", f"{APP}-test-foundation"]
    assert quince.head()["live"] is None
    assert [one["release"] for one in quince.operations()] == ["r1", "r2"]
    # What stayed is no obstacle: the next release begins with the same data.
    assert "r3" in _release(quince, 0)
    quince.kanmon("destroy", "--yes").check()

    ended = quince.kanmon("destroy", "--data", "--bootstrap", "--yes").check()
    assert f"{APP}-test is removed" in ended.output
    assert _left(quince) <= SHARED
    assert all(f"AWS::IAM::Role {role} stays" in ended.output for role in _left(quince))
    assert [name.startswith(f"{APP}-test-") for name in _snapshots(quince)] == [True]

    quince.kanmon("bootstrap", "--yes").check()
    quince.kanmon("deploy", "--yes").check()
    assert quince.head()["live"] == "r1"
