"""Resources of several services: found, and deleted with their data (AWS-1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kanmon.aws.kept import KeptResources
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Resource
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = {
    "s3": "404",
    "sqs": "AWS.SimpleQueueService.NonExistentQueue",
    "secretsmanager": "ResourceNotFoundException",
    "cognito-idp": "ResourceNotFoundException",
    "kms": "NotFoundException",
    "logs": "ResourceNotFoundException",
    "rds": "DBClusterSnapshotNotFoundFault",
    "iam": "NoSuchEntity",
}
ANSWERS: dict[str, Any] = {
    "describe_secret": {},
    "describe_key": {"KeyMetadata": {"KeyState": "Enabled"}},
    "describe_log_groups": {"logGroups": [{"logGroupName": "/aws/a"}, {"logGroupName": "/aws/a-b"}]},
    "describe_db_clusters": {"DBClusters": [{"DeletionProtection": True}]},
    "delete_objects": {},
}
RESOURCES = [
    Resource("AWS::S3::Bucket", "web"),
    Resource("AWS::SQS::Queue", "https://queue"),
    Resource("AWS::SecretsManager::Secret", "arn:secret"),
    Resource("AWS::Cognito::UserPool", "pool"),
    Resource("AWS::Logs::LogGroup", "/aws/a"),
    Resource("AWS::KMS::Key", "key"),
    Resource("AWS::RDS::DBClusterSnapshot", "shop-test-r1-1"),
]


@dataclass
class _Account:
    """Every client answers from a table, or refuses: the thing is gone."""

    answers: dict[str, Any] = field(default_factory=lambda: dict(ANSWERS))
    gone: bool = False
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return _Client(service, self)


@dataclass
class _Client:
    service: str
    account: _Account

    def __getattr__(self, call: str) -> Callable[..., Any]:
        def made(**request: Any) -> Any:
            if self.account.gone:
                raise refusal(GONE[self.service], call)
            self.account.calls.append((call, request))
            return self.account.answers.get(call, {})

        return made

    def get_paginator(self, call: str) -> Any:
        account = self.account

        class _Pages:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                account.calls.append((call, request))
                return account.pages

        return _Pages()


def _kept(account: _Account) -> KeptResources:
    return KeptResources(account.client)


@pytest.mark.parametrize("resource", RESOURCES, ids=str)
def test_a_resource_is_found(resource: Resource) -> None:
    assert _kept(_Account()).exists(resource)


@pytest.mark.parametrize("resource", RESOURCES, ids=str)
def test_a_missing_resource_needs_nothing(resource: Resource) -> None:
    kept = _kept(_Account(gone=True))
    kept.unprotect(resource)
    kept.delete(resource)
    assert resource.type == "AWS::Logs::LogGroup" or not kept.exists(resource)


@pytest.mark.parametrize(
    ("call", "answer", "resource"),
    [
        ("describe_secret", {"DeletedDate": "today"}, RESOURCES[2]),
        ("describe_key", {"KeyMetadata": {"KeyState": "PendingDeletion"}}, RESOURCES[5]),
        ("describe_log_groups", {"logGroups": [{"logGroupName": "/aws/a-b"}]}, RESOURCES[4]),
    ],
)
def test_a_resource_near_its_end_is_gone(call: str, answer: Any, resource: Resource) -> None:
    assert not _kept(_Account(ANSWERS | {call: answer})).exists(resource)


def test_a_resource_of_another_kind_is_left_alone() -> None:
    """It goes with the resource that has it, such as an API's snapshots."""
    account = _Account()
    assert not _kept(account).exists(Resource("AWS::ApiGateway::Deployment", "d1"))
    assert account.calls == []


def test_a_bucket_is_emptied_of_all_versions_first() -> None:
    account = _Account(
        pages=[
            {"Versions": [{"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"}]},
            {"DeleteMarkers": [{"Key": "b", "VersionId": "3"}]},
        ]
    )
    _kept(account).delete(RESOURCES[0])
    listed, deleted, last = account.calls
    assert listed == ("list_object_versions", {"Bucket": "web", "Prefix": ""})
    assert [one["VersionId"] for one in deleted[1]["Delete"]["Objects"]] == ["1", "2", "3"]
    assert last == ("delete_bucket", {"Bucket": "web"})


def test_a_refused_object_is_an_error() -> None:
    """S3 answers 200 for the request, and has the refusals in it."""
    refused = {"Errors": [{"Code": "AccessDenied", "Message": "no", "Key": "a"}]}
    account = _Account(
        ANSWERS | {"delete_objects": refused}, pages=[{"Versions": [{"Key": "a", "VersionId": "1"}]}]
    )
    with pytest.raises(KanmonError) as caught:
        _kept(account).empty("web")
    assert caught.value.code is Code.AWS_DENIED


def test_one_object_can_stay() -> None:
    versions = [{"Key": "t/head", "VersionId": "1"}, {"Key": "t/other", "VersionId": "2"}]
    account = _Account(pages=[{"Versions": versions}])
    _kept(account).empty("artifacts", "t/", but="t/head")
    assert account.calls[-1][1]["Delete"]["Objects"] == [{"Key": "t/other", "VersionId": "2"}]


def test_a_large_bucket_is_emptied_in_several_requests() -> None:
    versions = [{"Key": str(number), "VersionId": "1"} for number in range(1001)]
    account = _Account(pages=[{"Versions": versions}])
    _kept(account).empty("web")
    assert [len(one[1]["Delete"]["Objects"]) for one in account.calls[1:]] == [1000, 1]


def test_a_secret_is_gone_at_once_and_a_key_after_a_month() -> None:
    """A secret's name is free again. A key's end can be cancelled."""
    account = _Account()
    _kept(account).delete(RESOURCES[2])
    _kept(account).delete(RESOURCES[5])
    assert account.calls[0][1]["ForceDeleteWithoutRecovery"]
    assert account.calls[1][1]["PendingWindowInDays"] == 30


def test_deletion_protection_is_switched_off() -> None:
    account = _Account()
    _kept(account).unprotect(Resource("AWS::RDS::DBCluster", "c"))
    _kept(account).unprotect(Resource("AWS::Cognito::UserPool", "p"))
    switched = [
        (call, one.get("DeletionProtection")) for call, one in account.calls if "DeletionProtection" in one
    ]
    assert switched == [("modify_db_cluster", False), ("update_user_pool", "INACTIVE")]


def test_snapshots_are_found_by_their_beginning() -> None:
    names = ["shop-test-r2-1", "shop-test-r1-1", "shop-test-final", "store-r1"]
    account = _Account(
        pages=[{"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": one} for one in names]}]
    )
    assert _kept(account).snapshots("shop-test-r") == ["shop-test-r1-1", "shop-test-r2-1"]


def test_another_refusal_is_an_error() -> None:
    def client(_: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "HeadBucket")

    with pytest.raises(KanmonError) as caught:
        KeptResources(client).exists(RESOURCES[0])
    assert caught.value.code is Code.AWS_DENIED
