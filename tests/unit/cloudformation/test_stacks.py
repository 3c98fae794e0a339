"""Change sets in the domain's words, and the one event that explains a failed stack (CD-4)."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, cast

import pytest

from kanmon.cloudformation import ChangeSet, Stacks, stack_policy
from kanmon.cloudformation.changes import change_from
from kanmon.cloudformation.waiting import moments
from kanmon.errors import Code, KanmonError
from tests.fakes.objects import refusal


@pytest.mark.parametrize(
    ("action", "replacement", "kind", "mark", "destroys"),
    [
        ("Add", "", "AWS::S3::Bucket", "+", False),
        ("Modify", "False", "AWS::S3::Bucket", "~", False),
        ("Modify", "True", "AWS::S3::Bucket", "±", True),
        ("Modify", "Conditional", "AWS::RDS::DBCluster", "±", True),
        ("Modify", "True", "AWS::Lambda::Function", "±", False),
        ("Remove", "", "AWS::KMS::Key", "-", True),
        ("Remove", "", "AWS::SQS::Queue", "-", True),
        ("Modify", "True", "AWS::SecretsManager::Secret", "±", True),
        ("Remove", "", "AWS::Lambda::Function", "-", False),
    ],
)
def test_a_change_is_read(action: str, replacement: str, kind: str, mark: str, destroys: bool) -> None:
    raw: dict[str, Any] = {"Action": action, "LogicalResourceId": "It", "ResourceType": kind}
    raw |= {"Replacement": replacement} if replacement else {}
    details = [{"Target": {"Name": "B"}}, {"Target": {"Attribute": "Tags"}}, {"Target": {"Name": "B"}}]
    change = change_from(cast("Any", {"ResourceChange": raw | {"Details": details}}))
    assert (change.mark, change.destroys, change.properties) == (mark, destroys, ("B", "Tags"))


class _Failing:
    """CloudFormation where the stack's update fails with these events, oldest first."""

    def __init__(self, *events: tuple[str, str, str, str]) -> None:
        self.events = [
            {
                "EventId": str(number), "StackName": "shop", "LogicalResourceId": name, "ResourceType": kind,
                "ResourceStatus": status, "ResourceStatusReason": reason,
            }
            for number, (name, kind, status, reason) in enumerate(events)
        ]  # fmt: skip
        self.begun = False

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status = "UPDATE_ROLLBACK_COMPLETE" if self.begun else "UPDATE_COMPLETE"
        return {"Stacks": [{"StackName": "shop", "StackId": "arn:shop", "StackStatus": status}]}

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        return {"StackEvents": self.events[::-1] if self.begun else []}

    def execute_change_set(self, **_: str) -> None:
        self.begun = True


def test_the_first_real_failure_is_told_and_not_what_followed_from_it() -> None:
    failing = _Failing(
        ("shop", "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", ""),
        ("Logs", "AWS::Logs::LogGroup", "UPDATE_FAILED", "Resource update cancelled"),
        ("Api", "AWS::Lambda::Function", "UPDATE_FAILED", "No such runtime."),
        ("Role", "AWS::IAM::Role", "UPDATE_FAILED", "Another one"),
        ("shop", "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE", ""),
    )
    told: list[str] = []
    change_set = ChangeSet(stack="shop", id="arn:cs", creates=False, changes=())
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", failing)).execute(change_set, lambda event: told.append(event.logical_id))
    assert caught.value.code is Code.STACK_FAILED
    assert caught.value.message == "Api (AWS::Lambda::Function) failed: No such runtime."
    assert told == ["shop", "Logs", "Api", "Role", "shop"]


def test_a_change_set_that_is_gone_is_a_stale_plan() -> None:
    class Gone:
        def describe_change_set(self, **_: str) -> None:
            raise refusal("ChangeSetNotFound", "DescribeChangeSet")

    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", Gone())).verify(ChangeSet(stack="shop", id="x", creates=False, changes=()))
    assert caught.value.code is Code.PLAN_STALE


class _Guarded:
    """CloudFormation with one stack that can be protected."""

    def __init__(self, status: str = "CREATE_COMPLETE") -> None:
        self.stack = {"StackName": "shop", "StackId": "arn:shop", "StackStatus": status}
        self.policy = ""
        self.writes: list[str] = []

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        protected = "update_termination_protection" in self.writes
        return {"Stacks": [self.stack | {"EnableTerminationProtection": protected}]}

    def get_stack_policy(self, **_: str) -> dict[str, str]:
        return {"StackPolicyBody": self.policy} if self.policy else {}

    def set_stack_policy(self, *, StackName: str, StackPolicyBody: str) -> None:  # noqa: N803
        assert StackName == "shop"
        self.writes.append("set_stack_policy")
        # AWS may lay it out anew.
        self.policy = json.dumps(json.loads(StackPolicyBody))

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        assert (StackName, EnableTerminationProtection) == ("shop", True)
        self.writes.append("update_termination_protection")


def test_a_stack_is_protected_once_and_gets_another_policy_when_the_config_changes() -> None:
    """INF-3"""
    cloudformation = _Guarded()
    stacks = Stacks(cast("Any", cloudformation))
    for given_up in ([], [], ["Key"]):
        stacks.protect("shop", stack_policy(given_up))
    assert cloudformation.writes == ["set_stack_policy", "update_termination_protection", "set_stack_policy"]


def test_a_stack_that_is_not_there_yet_is_not_protected() -> None:
    cloudformation = _Guarded("REVIEW_IN_PROGRESS")
    Stacks(cast("Any", cloudformation)).protect("shop", stack_policy([]))
    assert cloudformation.writes == []


def test_a_stack_policy_keeps_what_holds_state() -> None:
    """INF-3, INF-4, SEC-3: database, secrets, keys and buckets, but for what the config gives up."""
    allow, deny = json.loads(stack_policy([]))["Statement"]
    assert (allow["Effect"], allow["Action"], allow["Resource"]) == ("Allow", "Update:*", "*")
    assert (deny["Effect"], deny["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    assert deny["Resource"] == "*"
    assert {
        "AWS::RDS::DBCluster",
        "AWS::SecretsManager::Secret",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
    } <= set(deny["Condition"]["StringEquals"]["ResourceType"])
    _, deny = json.loads(stack_policy(["Key", "DatabaseCluster"]))["Statement"]
    assert deny["NotResource"] == ["LogicalResourceId/DatabaseCluster", "LogicalResourceId/Key"]
    assert "Resource" not in deny


def test_waiting_grows_calmer_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("threading.Event.wait", lambda _, timeout: waited.append(timeout))
    assert len(list(islice(moments(first=1, longest=3, growth=2), 6))) == 6
    assert waited == [1, 2, 3, 3, 3]


class _Proposing:
    """CloudFormation that remembers how a change was proposed."""

    def __init__(self) -> None:
        self.request: dict[str, Any] = {}

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.request = request
        return {"Id": "arn:cs"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Status": "CREATE_COMPLETE", "Changes": []}


@pytest.mark.parametrize("role", ["", "arn:aws:iam::1:role/shop-test-cloudformation"])
def test_a_change_is_proposed_through_the_service_role_where_there_is_one(role: str) -> None:
    """SEC-1"""
    proposing = _Proposing()
    Stacks(cast("Any", proposing), role).propose("shop", "Resources: {}", {}, {}, existing=None)
    assert proposing.request.get("RoleARN", "") == role
