"""Stacks are removed with their protection, and what they left is found again (AWS-1)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kanmon.model import Resource
from kanmon.stacks.removal import StackRemoval
from tests.fakes.clock import Clock
from tests.fakes.objects import Pages, refusal


def _event(kind: str, name: str, status: str, number: int = 1) -> dict[str, str]:
    return {
        "EventId": f"{name}{status}{number}",
        "StackName": "shop",
        "LogicalResourceId": name,
        "PhysicalResourceId": name.lower(),
        "ResourceType": kind,
        "ResourceStatus": status,
    }


class _CloudFormation:
    """One stack, and a former one of the same name."""

    def __init__(self, status: str = "CREATE_COMPLETE") -> None:
        self.status = status
        self.calls: list[str] = []

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if not self.status:
            raise refusal("ValidationError", "DescribeStacks", f"Stack with id {StackName} does not exist")
        outputs = [{"OutputKey": "Url", "OutputValue": "https://a.test"}]
        stack = {"StackName": "shop", "StackId": "arn:2", "StackStatus": self.status, "Outputs": outputs}
        return {"Stacks": [stack]}

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        assert not EnableTerminationProtection
        self.calls.append(f"unprotect {StackName}")

    def delete_stack(self, *, StackName: str, ClientRequestToken: str) -> None:  # noqa: N803
        assert ClientRequestToken
        self.calls.append(f"delete {StackName}")
        self.status = "DELETE_COMPLETE"

    def delete_change_set(self, *, ChangeSetName: str, StackName: str) -> None:  # noqa: N803
        self.calls.append(f"drop {ChangeSetName} of {StackName}")

    def get_paginator(self, name: str) -> Any:
        bucket = "AWS::S3::Bucket"
        return {
            "list_stacks": Pages(
                {"StackSummaries": [{"StackName": "shop", "StackId": "arn:2"}]},
                {"StackSummaries": [{"StackName": "shop-2", "StackId": "arn:3"}]},
                {"StackSummaries": [{"StackName": "shop", "StackId": "arn:1"}]},
            ),
            "describe_stack_events": Pages(
                {
                    "StackEvents": [
                        _event(bucket, "Web", "DELETE_SKIPPED"),
                        _event(bucket, "Old", "DELETE_COMPLETE"),
                    ]
                },
                {"StackEvents": [_event("AWS::SQS::Queue", "Mail", "DELETE_SKIPPED")]},
            ),
            "list_stack_resources": Pages(
                {
                    "StackResourceSummaries": [
                        {
                            "ResourceType": bucket,
                            "PhysicalResourceId": "web",
                            "ResourceStatus": "CREATE_COMPLETE",
                        },
                        {
                            "ResourceType": bucket,
                            "PhysicalResourceId": "old",
                            "ResourceStatus": "DELETE_COMPLETE",
                        },
                        {"ResourceType": "AWS::IAM::Role", "ResourceStatus": "CREATE_COMPLETE"},
                    ]
                }
            ),
            "list_change_sets": Pages({"Summaries": [{"ChangeSetId": "arn:cs", "StackId": "arn:2"}]}),
        }[name]


def _removal(cloudformation: _CloudFormation) -> StackRemoval:
    return StackRemoval(cast("Any", cloudformation), Clock())


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_FAILED", "DELETE_FAILED"]
)
def test_a_stack_is_found_in_every_state(status: str) -> None:
    stack = _removal(_CloudFormation(status)).present("shop")
    assert stack
    assert (stack.id, stack.status, stack.outputs) == ("arn:2", status, {"Url": "https://a.test"})


@pytest.mark.parametrize("status", ["", "DELETE_COMPLETE"])
def test_a_deleted_stack_is_none(status: str) -> None:
    assert _removal(_CloudFormation(status)).present("shop") is None


def test_a_stack_is_deleted_without_its_protection() -> None:
    """By its id: a new stack of this name is another one."""
    cloudformation = _CloudFormation()
    removal = _removal(cloudformation)
    stack = removal.present("shop")
    assert stack
    removal.delete(stack, lambda _: None)
    assert cloudformation.calls == ["unprotect arn:2", "delete arn:2"]


def test_open_change_sets_are_deleted() -> None:
    cloudformation = _CloudFormation()
    removal = _removal(cloudformation)
    stack = removal.present("shop")
    assert stack
    removal.drop_change_sets(stack)
    assert cloudformation.calls == ["drop arn:cs of arn:2"]


def test_the_rest_of_former_stacks_is_found_once() -> None:
    """From all pages of their events, also of deleted stacks."""
    assert _removal(_CloudFormation()).kept("shop") == [
        Resource("AWS::S3::Bucket", "web"),
        Resource("AWS::SQS::Queue", "mail"),
    ]


def test_only_present_resources_with_state_count() -> None:
    removal = _removal(_CloudFormation())
    stack = removal.present("shop")
    assert stack
    assert removal.state(stack) == [Resource("AWS::S3::Bucket", "web")]
