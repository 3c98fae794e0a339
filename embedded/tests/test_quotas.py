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


@pytest.fixture(scope="module")
def bucket(aws: EmbeddedAws) -> str:
    """A bucket for packages."""
    place = {"LocationConstraint": "ap-northeast-1"}
    s3 = Caller.administrator(aws).client("s3")
    s3.create_bucket(Bucket="quota-packages", CreateBucketConfiguration=place)
    return "quota-packages"


def _template(bucket: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A function with the package of the bucket."""
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
    return {"Resources": {"Measured": function}}


def _refusal(client: Callable[[str], Any], bucket: str, **properties: Any) -> str:
    """Why CloudFormation can't make a function with these properties; empty if it can."""
    cloudformation, failed = client("cloudformation"), ""
    try:
        stacks.deploy(cloudformation, "measured", _template(bucket, properties), "CREATE")
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
    """AWS-4: 250 MB unpacked, 4 KB of variables, and a hundred executions without a reservation."""
    client("s3").put_object(Bucket=bucket, Key="package", Body=_package(10))
    fits = {"Environment": {"Variables": {"TEXT": "x" * 4000}}}
    assert _refusal(client, bucket, **fits) == ""
    full = {"Environment": {"Variables": {"TEXT": "x" * 4096}}}
    assert "exceeded the 4KB limit" in _refusal(client, bucket, **full)
    free = client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    assert _refusal(client, bucket, ReservedConcurrentExecutions=free - 100) == ""
    reserved = _refusal(client, bucket, ReservedConcurrentExecutions=free - 99)
    assert "below its minimum value of [100]" in reserved
    assert client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == free
    client("s3").put_object(Bucket=bucket, Key="package", Body=_package(250 * 1024**2))
    assert _refusal(client, bucket) == ""
    client("s3").put_object(Bucket=bucket, Key="package", Body=_package(250 * 1024**2 + 1))
    assert "Unzipped size must be smaller than 262144000 bytes" in _refusal(client, bucket)


def test_a_packages_links_stay_links(client: Callable[[str], Any], bucket: str) -> None:
    """AWS-4: a module that a package manager linked is found, and its real place is known."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("store/app.py", "import os\ndef handler(*_): return os.path.islink('shop')")
        link = zipfile.ZipInfo("shop")
        link.external_attr = 0o120777 << 16
        package.writestr(link, "store")
    client("s3").put_object(Bucket=bucket, Key="package", Body=content.getvalue())
    template = _template(bucket, {"Handler": "shop.app.handler"})
    stacks.deploy(client("cloudformation"), "measured", template, "CREATE")
    answer = client("lambda").invoke(FunctionName="measured")
    assert json.loads(answer["Payload"].read()) is True
    stacks.delete(client("cloudformation"), "measured")


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


def test_a_reserved_master_user_is_refused(client: Callable[[str], Any]) -> None:
    """AWS-4"""
    given = {"Engine": "aurora-postgresql", "MasterUserPassword": "long-enough"}
    with pytest.raises(ClientError, match="reserved word used by the engine"):
        client("rds").create_db_cluster(DBClusterIdentifier="reserved", MasterUsername="admin", **given)
    named = {"DBClusterIdentifier": "reserved", "MasterUsername": "user", **given}
    template = {"Resources": {"C": {"Type": "AWS::RDS::DBCluster", "Properties": named}}}
    with pytest.raises(WaiterError):
        stacks.deploy(client("cloudformation"), "reserved", template, "CREATE")
    assert "reserved word" in stacks.reasons(client("cloudformation"), "reserved")[-1]
    stacks.delete(client("cloudformation"), "reserved")


def test_cloudformation_answers_in_ascii_only(client: Callable[[str], Any]) -> None:
    """AWS-4: the resource has the real characters. A character that is escaped comes back as it was."""
    cloudformation = client("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "ascii", "DisplayName": "caf\u00e9"}}
    tags = [{"Key": "team", "Value": "\u30c1\u30fc\u30e0"}]
    template = {"Resources": {"T": topic}}
    for escaped, shown in ((False, "caf?"), (True, "caf\u00e9")):
        body = json.dumps(template, ensure_ascii=escaped)
        cloudformation.create_stack(StackName="ascii", TemplateBody=body, Tags=tags)
        cloudformation.get_waiter("stack_create_complete").wait(StackName="ascii", WaiterConfig=stacks.QUICK)
        found = cloudformation.get_template(StackName="ascii")["TemplateBody"]["Resources"]["T"]["Properties"]
        assert found["DisplayName"] == shown
        (stack,) = cloudformation.describe_stacks(StackName="ascii")["Stacks"]
        assert stack["Tags"] == [{"Key": "team", "Value": "???"}]
        (arn,) = (
            one["TopicArn"] for one in client("sns").list_topics()["Topics"] if "ascii" in one["TopicArn"]
        )
        assert client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "caf\u00e9"
        stacks.delete(cloudformation, "ascii")


def test_outputs_alone_can_change(client: Callable[[str], Any]) -> None:
    """AWS-4: the change set is empty, and it can be executed."""
    cloudformation = client("cloudformation")
    template: dict[str, Any] = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    for value in ("one", "two"):
        template["Outputs"] = {"Word": {"Value": value}}
        kind = "CREATE" if value == "one" else "UPDATE"
        assert stacks.deploy(cloudformation, "outputs", template, kind) == {"Word": value}
    with pytest.raises(WaiterError, match="FAILED"):
        stacks.deploy(cloudformation, "outputs", template, "UPDATE")
    stacks.delete(cloudformation, "outputs")


def test_a_value_known_later_may_replace(client: Callable[[str], Any]) -> None:
    """AWS-4: `Conditional`, with the attribute that causes it."""
    cloudformation = client("cloudformation")
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}},
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"QueueName": {"Fn::GetAtt": ["Topic", "TopicName"]}},
            },
        },
    }
    given = [{"ParameterKey": "Name", "ParameterValue": "one"}]
    stacks.deploy(cloudformation, "later", template, "CREATE", Parameters=given)
    named = {"StackName": "later", "ChangeSetName": "later"}
    cloudformation.create_change_set(
        **named,
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "two"}],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig=stacks.QUICK)
    changes = cloudformation.describe_change_set(**named)["Changes"]
    found = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in changes}
    assert found["Topic"]["Replacement"] == "False"
    assert found["Queue"]["Replacement"] == "Conditional"
    (detail,) = found["Queue"]["Details"]
    assert detail["Evaluation"] == "Dynamic"
    assert detail["CausingEntity"] == "Topic.TopicName"
    stacks.delete(cloudformation, "later")
