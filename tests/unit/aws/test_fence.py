"""The fence: without its lease a run changes nothing in AWS, not even by a repetition (CD-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from kanmon.aws.clients import Aws
from kanmon.aws.fence import Fence
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "ap-northeast-1"


def lost() -> None:
    raise KanmonError(Code.LEASE_LOST, "Another run took over.")


def unreachable(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://s3")


CHANGES: dict[str, Callable[[Any], object]] = {
    "s3": lambda client: client.put_object(Bucket="shop", Key="index.html", Body=b""),
    "cloudformation": lambda client: client.execute_change_set(ChangeSetName="c", StackName="s"),
    "apigateway": lambda client: client.update_stage(restApiId="a", stageName="live", patchOperations=[]),
    "functions": lambda client: client.invoke(FunctionName="migrate"),
    "rds": lambda client: client.create_db_cluster_snapshot(
        DBClusterIdentifier="c", DBClusterSnapshotIdentifier="s"
    ),
}
"""A change by each client that a release uses under its lease."""


@mock_aws
@pytest.mark.parametrize("name", CHANGES)
def test_without_the_lease_no_change_is_sent(name: str) -> None:
    aws = Aws(REGION)
    sent: list[str] = []
    client = getattr(aws, name)
    client.meta.events.register_last("before-send", lambda event_name, **_: sent.append(event_name))
    aws.fence.guard = lost
    with pytest.raises(KanmonError) as caught:
        CHANGES[name](client)
    assert caught.value.code is Code.LEASE_LOST
    assert sent == []


@mock_aws
def test_reads_pass_without_the_lease() -> None:
    aws = Aws(REGION)
    aws.s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    aws.fence.guard = lost
    assert aws.s3.head_bucket(Bucket="shop")
    assert aws.s3.list_objects_v2(Bucket="shop")["KeyCount"] == 0


@mock_aws
def test_the_ledger_is_not_behind_the_fence() -> None:
    """Its writes are conditional, and one of them renews the lease."""
    aws = Aws(REGION)
    aws.s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    aws.fence.guard = lost
    assert aws.ledger_s3().put_object(Bucket="shop", Key="head.json", Body=b"{}")


@mock_aws
def test_a_repetition_passes_the_fence_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease may expire between the first try and botocore's second one."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    aws = Aws(REGION)
    tries: list[str] = []

    def guard() -> None:
        tries.append("try")
        if len(tries) == 2:
            lost()

    aws.fence.guard = guard
    aws.s3.meta.events.register_last("before-send", unreachable)
    with pytest.raises(KanmonError) as caught:
        CHANGES["s3"](aws.s3)
    assert caught.value.code is Code.LEASE_LOST
    assert len(tries) == 2


def test_an_open_fence_lets_everything_through() -> None:
    Fence().pass_through("UpdateStage")
