"""Quotas and pages of AWS, refused and cut as there (AWS-4)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from . import stacks
from .callers import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator


@pytest.fixture
def client(aws: EmbeddedAws) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    return Caller.administrator(aws).client


@pytest.fixture
def bucket(client: Callable[[str], Any]) -> str:
    """A bucket for packages."""
    place = {"LocationConstraint": "ap-northeast-1"}
    client("s3").create_bucket(Bucket="quota-packages", CreateBucketConfiguration=place)
    return "quota-packages"


def _refusal(client: Callable[[str], Any], bucket: str, **properties: Any) -> str:
    """Why CloudFormation can't make a function with these properties; empty if it can."""
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "measured",
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::111122223333:role/measured",
            "Code": {"S3Bucket": bucket, "S3Key": "package"},
            **properties,
        },
    }
    cloudformation, failed = client("cloudformation"), ""
    try:
        stacks.deploy(cloudformation, "measured", {"Resources": {"Measured": function}}, "CREATE")
    except WaiterError:
        failed = stacks.reasons(cloudformation, "measured")[-1]
    stacks.delete(cloudformation, "measured")
    return failed


def _package(size: int) -> bytes:
    """A package with one file of this size."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("index.py", bytes(size))
    return content.getvalue()


def test_a_function_has_its_quotas(client: Callable[[str], Any], bucket: str) -> None:
    """AWS-4: 250 MB unpacked, 4 KB of variables, and ten executions without a reservation."""
    client("s3").put_object(Bucket=bucket, Key="package", Body=_package(10))
    fits = {"Environment": {"Variables": {"TEXT": "x" * 4000}}}
    assert _refusal(client, bucket, **fits) == ""
    full = {"Environment": {"Variables": {"TEXT": "x" * 4096}}}
    assert "exceeded the 4KB limit" in _refusal(client, bucket, **full)
    reserved = _refusal(client, bucket, ReservedConcurrentExecutions=1)
    assert "below its minimum value of [10]" in reserved
    client("s3").put_object(Bucket=bucket, Key="package", Body=_package(250 * 1024**2))
    assert "Unzipped size must be smaller than 262144000 bytes" in _refusal(client, bucket)


def test_a_region_takes_a_hundred_snapshots(client: Callable[[str], Any]) -> None:
    """AWS-4. A name that exists is refused as such, also then."""
    rds = client("rds")
    rds.create_db_cluster(DBClusterIdentifier="kept", Engine="aurora-mysql", MasterUsername="root",
                          MasterUserPassword="long-enough")  # fmt: skip
    before = len(rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"])
    names = [f"kept-{number}" for number in range(100 - before)]
    for name in names:
        rds.create_db_cluster_snapshot(DBClusterIdentifier="kept", DBClusterSnapshotIdentifier=name)
    for name, code in (
        ("one-more", "SnapshotQuotaExceeded"),
        ("kept-0", "DBClusterSnapshotAlreadyExistsFault"),
    ):
        with pytest.raises(ClientError) as caught:
            rds.create_db_cluster_snapshot(DBClusterIdentifier="kept", DBClusterSnapshotIdentifier=name)
        assert caught.value.response["Error"]["Code"] == code
    for name in names:
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    rds.delete_db_cluster(DBClusterIdentifier="kept", SkipFinalSnapshot=True)


def test_lists_of_cloudformation_come_in_pages(client: Callable[[str], Any]) -> None:
    """AWS-4: events, resources, and the changes of a change set."""
    cloudformation = client("cloudformation")
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    template = {"Resources": {f"Handle{number}": handle for number in range(150)}}
    stacks.deploy(cloudformation, "paged", template, "CREATE")
    first = cloudformation.describe_stack_events(StackName="paged")
    assert len(first["StackEvents"]) == 100
    assert first["NextToken"]
    assert len(cloudformation.list_stack_resources(StackName="paged")["StackResourceSummaries"]) == 100
    named = {"StackName": "paged", "ChangeSetName": "all"}
    more = {"Resources": {f"Other{number}": handle for number in range(150)}}
    cloudformation.create_change_set(**named, TemplateBody=json.dumps(more), ChangeSetType="UPDATE")
    cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig=stacks.QUICK)
    pages = [cloudformation.describe_change_set(**named)]
    while token := pages[-1].get("NextToken"):
        pages.append(cloudformation.describe_change_set(**named, NextToken=token))
    assert [len(page["Changes"]) for page in pages] == [100, 100, 100]
    stacks.delete(cloudformation, "paged")
