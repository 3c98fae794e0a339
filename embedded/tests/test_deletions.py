"""The end of stacks, as on AWS: policies, protections, and what refuses to go (AWS-1, AWS-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from . import stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator


@pytest.fixture
def client(aws: EmbeddedAws) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    return aws.client


def _bucket(name: str, policy: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {"BucketName": name}}


def _status(client: Callable[[str], Any], name: str) -> str:
    (stack,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(stack["StackStatus"])


def _fails_to_delete(client: Callable[[str], Any], name: str) -> str:
    """The reason of the refusal."""
    with pytest.raises(WaiterError):
        stacks.delete(client("cloudformation"), name)
    assert _status(client, name) == "DELETE_FAILED"
    return stacks.reasons(client("cloudformation"), name)[-1]


def test_a_failed_creation_keeps_retained_resources(client: Callable[[str], Any]) -> None:
    """`RetainExceptOnCreate` deletes what the failed operation made, `Retain` does not."""
    template = {
        "Resources": {
            "Kept": _bucket("end-kept", "Retain"),
            "Undone": _bucket("end-undone", "RetainExceptOnCreate"),
            "Fails": _bucket("end-kept", "Delete") | {"DependsOn": ["Kept", "Undone"]},
        }
    }
    with pytest.raises(WaiterError):
        stacks.deploy(client("cloudformation"), "end-failed", template, "CREATE", OnStackFailure="ROLLBACK")
    assert _status(client, "end-failed") == "ROLLBACK_COMPLETE"
    names = {one["Name"] for one in client("s3").list_buckets()["Buckets"]}
    assert "end-kept" in names
    assert "end-undone" not in names
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE"):
        stacks.deploy(client("cloudformation"), "end-failed", template, "CREATE")
    stacks.delete(client("cloudformation"), "end-failed")


def test_a_bucket_with_objects_stays(client: Callable[[str], Any]) -> None:
    template = {"Resources": {"Full": _bucket("end-full", "Delete")}}
    stacks.deploy(client("cloudformation"), "end-full", template, "CREATE")
    client("s3").put_object(Bucket="end-full", Key="a", Body=b"a")
    assert "not empty" in _fails_to_delete(client, "end-full")
    client("s3").delete_object(Bucket="end-full", Key="a")
    stacks.delete(client("cloudformation"), "end-full")
    with pytest.raises(ClientError, match="404"):
        client("s3").head_bucket(Bucket="end-full")


def test_a_missing_bucket_is_no_failure(client: Callable[[str], Any]) -> None:
    template = {"Resources": {"Gone": _bucket("end-gone", "Delete")}}
    stacks.deploy(client("cloudformation"), "end-gone", template, "CREATE")
    client("s3").delete_bucket(Bucket="end-gone")
    stacks.delete(client("cloudformation"), "end-gone")


def test_a_protected_user_pool_stays(client: Callable[[str], Any]) -> None:
    pool = {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {"UserPoolName": "end", "DeletionProtection": "ACTIVE"},
    }
    template = {"Resources": {"Pool": pool}, "Outputs": {"Pool": {"Value": {"Ref": "Pool"}}}}
    made = stacks.deploy(client("cloudformation"), "end-pool", template, "CREATE")["Pool"]
    assert "deletion protection is activated" in _fails_to_delete(client, "end-pool")
    with pytest.raises(ClientError, match="deletion protection is activated"):
        client("cognito-idp").delete_user_pool(UserPoolId=made)
    client("cognito-idp").update_user_pool(UserPoolId=made, DeletionProtection="INACTIVE")
    stacks.delete(client("cloudformation"), "end-pool")


def test_what_left_a_stack_goes_last(client: Callable[[str], Any]) -> None:
    """AWS-4: new resources come first, so a name can't move from one resource to another."""
    cloudformation = client("cloudformation")
    bucket = _bucket("end-moved", "Delete")
    stacks.deploy(cloudformation, "end-order", {"Resources": {"Old": bucket}}, "CREATE")
    with pytest.raises(WaiterError):
        stacks.deploy(cloudformation, "end-order", {"Resources": {"New": bucket}}, "UPDATE")
    assert _status(client, "end-order") == "UPDATE_ROLLBACK_COMPLETE"
    client("s3").head_bucket(Bucket="end-moved")
    stacks.delete(cloudformation, "end-order")
