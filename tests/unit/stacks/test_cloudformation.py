"""Stacks change through change sets, and a failure names its cause (CD-4)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.changes import Change, ChangeSet
from kanmon.stacks.cloudformation import DeployedStack, Stacks
from kanmon.stacks.policy import stack_policy
from tests.fakes.clock import BEGIN, Clock
from tests.fakes.objects import Pages, refusal

_PAGE = 3
"""Events in a page."""
CHANGE_SET = ChangeSet(stack="shop", id="arn:cs", creates=False, changes=())


def pages(events: list[dict[str, str]]) -> Pages:
    """DescribeStackEvents of these events, oldest first: the newest page comes first."""
    newest = [*reversed(events)]
    return Pages(*({"StackEvents": newest[at : at + _PAGE]} for at in range(0, max(len(newest), 1), _PAGE)))


class _Failing:
    """CloudFormation with a failed update of the stack and these events, oldest first."""

    def __init__(self, *events: tuple[str, str, str, str]) -> None:
        self.events = [
            {
                "EventId": str(number),
                "StackName": "shop",
                "LogicalResourceId": name,
                "ResourceType": kind,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (name, kind, status, reason) in enumerate(events)
        ]
        self.begun = False
        self.ended = "UPDATE_ROLLBACK_COMPLETE"

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status = self.ended if self.begun else "UPDATE_COMPLETE"
        return {"Stacks": [{"StackName": "shop", "StackId": "arn:shop", "StackStatus": status}]}

    def get_paginator(self, _: str) -> Pages:
        return pages(self.events if self.begun else [])

    def execute_change_set(self, **_: str) -> None:
        self.begun = True


def _failing() -> _Failing:
    return _Failing(
        ("shop", "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", ""),
        ("Logs", "AWS::Logs::LogGroup", "UPDATE_FAILED", "Resource update cancelled"),
        ("Api", "AWS::Lambda::Function", "UPDATE_FAILED", "No such runtime."),
        ("Role", "AWS::IAM::Role", "UPDATE_FAILED", "Another one"),
        ("shop", "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE", ""),
    )


def test_a_failed_stack_names_the_first_failed_resource() -> None:
    """A cancelled resource is not the cause: another one failed before it."""
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", _failing())).execute(CHANGE_SET, lambda _: None)
    assert caught.value.code is Code.STACK_FAILED
    assert caught.value.message == "Api (AWS::Lambda::Function) failed: No such runtime."
    assert "--stack-name shop`" in caught.value.fix


def test_a_message_about_the_account_names_its_fix() -> None:
    """AWS-1"""
    refusal = "Your account must be verified before you can add new CloudFront resources."
    refused = _Failing(("Distribution", "AWS::CloudFront::Distribution", "CREATE_FAILED", refusal))
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", refused)).execute(CHANGE_SET, lambda _: None)
    assert "Open a case `Account and billing`" in caught.value.fix


def test_every_event_of_a_stack_is_sent_once_in_order() -> None:
    names: list[str] = []
    with pytest.raises(KanmonError):
        Stacks(cast("Any", _failing())).execute(CHANGE_SET, lambda event: names.append(event.logical_id))
    assert names == ["shop", "Logs", "Api", "Role", "shop"]


_REASON = "Validation failed with 1 error(s). Call DescribeEvents to retrieve the full list."
_FOUND = {
    "EventType": "VALIDATION_ERROR",
    "LogicalResourceId": "WebBucket",
    "ResourceType": "AWS::S3::Bucket",
    "ValidationStatusReason": "The name is taken.",
}


class _Invalid(_Failing):
    """CloudFormation refuses the change before it begins: no resource has an event."""

    def __init__(self, *found: dict[str, str]) -> None:
        super().__init__(("shop", "AWS::CloudFormation::Stack", "CREATE_FAILED", _REASON))
        self.found = found

    def describe_events(self, **of: str) -> dict[str, Any]:
        if not self.found:
            raise refusal("AccessDenied", "DescribeEvents")
        assert of in ({"StackName": "arn:shop"}, {"ChangeSetName": "arn:cs"})
        return {"OperationEvents": [{"EventType": "STACK_EVENT"}, *self.found]}

    def create_change_set(self, **_: object) -> dict[str, str]:
        return {"Id": "arn:cs"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Status": "FAILED", "StatusReason": _REASON}

    def delete_change_set(self, **_: str) -> None:
        """It is of no use."""


@pytest.mark.parametrize(
    ("found", "text"),
    [((_FOUND,), "WebBucket (AWS::S3::Bucket) failed: The name is taken."), ((), _REASON)],
)
def test_a_failed_validation_names_its_findings(found: tuple[dict[str, str], ...], text: str) -> None:
    """AWS-1: its reason names only the call for it. Without the right to call, it is all there is."""
    stacks = Stacks(cast("Any", _Invalid(*found)))
    with pytest.raises(KanmonError) as caught:
        stacks.execute(CHANGE_SET, lambda _: None)
    assert text in caught.value.message
    with pytest.raises(KanmonError) as caught:
        stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert text.rstrip(".") in caught.value.message


class _RefusedChangeSet:
    """CloudFormation with a failed change set."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def create_change_set(self, **_: object) -> dict[str, str]:
        return {"Id": "arn:cs"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Status": "FAILED", "StatusReason": self.reason}

    def delete_change_set(self, **_: str) -> None:
        """It is of no use."""


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("The following hook(s) failed: [Example::CFNHook::Full]", "rule"),
        ("Not authorized to perform: kms:CreateKey with an explicit deny in a service control policy",
         "organization"),
        ("Transform failed with: Rate exceeded (Service: Lambda, Status Code: 429)", "wait a minute"),
        ("Template error: Fn::GetAtt needs LimitExceeded", "Correct the template"),
        ("Resource handler failed", Code.CHANGE_SET_FAILED.fix),
        ("The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].",
         Code.CHANGE_SET_FAILED.fix),
    ],
)  # fmt: skip
def test_a_refused_change_set_has_the_fix_of_its_reason(reason: str, fix: str) -> None:
    """AWS-1: the same as a stack's event."""
    stacks = Stacks(cast("Any", _RefusedChangeSet(reason)))
    with pytest.raises(KanmonError) as caught:
        stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert caught.value.code is Code.CHANGE_SET_FAILED
    assert fix in caught.value.fix


class _RefusedCall:
    """CloudFormation that refuses the call for a change set."""

    def create_change_set(self, **_: object) -> None:
        raise refusal("ValidationError", "CreateChangeSet", "Invalid template resource property 'Propertys'")


def test_a_wrong_template_is_no_failure_of_aws() -> None:
    """ADP-2: AWS works, and the template is to correct."""
    stacks = Stacks(cast("Any", _RefusedCall()))
    with pytest.raises(KanmonError) as caught:
        stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert caught.value.code is Code.CHANGE_SET_FAILED
    assert "Correct the template" in caught.value.fix


def test_a_validation_about_the_account_has_its_fix() -> None:
    """AWS-1: before the change begins, for a change set and for a stack."""
    found = _FOUND | {
        "ResourceType": "AWS::IAM::OIDCProvider",
        "ValidationStatusReason": "Resource of type 'AWS::IAM::OIDCProvider' with identifier "
        "'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com' already exists.",
    }
    stacks = Stacks(cast("Any", _Invalid(found)))
    with pytest.raises(KanmonError) as caught:
        stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert "existing_provider: true" in caught.value.fix
    with pytest.raises(KanmonError) as caught:
        stacks.execute(CHANGE_SET, lambda _: None)
    assert "existing_provider: true" in caught.value.fix


def test_a_broken_stack_has_both_ways_out() -> None:
    """AWS-1: the account's refusal is the cause, and the stack's leftovers stop the next creation."""
    refusal = "The maximum number of addresses has been reached. (Service: Ec2, Status Code: 400)"
    failing = _Failing(
        ("Address", "AWS::EC2::EIP", "CREATE_FAILED", refusal),
        ("Vpc", "AWS::EC2::VPC", "DELETE_FAILED", "It has dependencies."),
    )
    failing.ended = "ROLLBACK_FAILED"
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", failing)).execute(CHANGE_SET, lambda _: None)
    assert "--service-code ec2" in caught.value.fix
    assert "delete-stack" in caught.value.fix


class _Gone:
    """CloudFormation without change sets."""

    def describe_change_set(self, **_: str) -> None:
        raise refusal("ChangeSetNotFound", "DescribeChangeSet")


def test_a_missing_change_set_is_a_stale_plan() -> None:
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", _Gone())).verify(CHANGE_SET)
    assert caught.value.code is Code.PLAN_STALE


class _Described:
    """CloudFormation with one change set of a stack that has topics and rollback triggers."""

    OWN: ClassVar[dict[str, Any]] = {
        "NotificationARNs": ["arn:own"],
        "RollbackConfiguration": {"RollbackTriggers": [{"Arn": "arn:alarm", "Type": "Alarm"}]},
    }

    def __init__(self, action: str = "Modify", **options: Any) -> None:
        change = {"ResourceChange": {"Action": action, "LogicalResourceId": "Api", "ResourceType": "X"}}
        made = {"ExecutionStatus": "AVAILABLE", "Capabilities": ["CAPABILITY_NAMED_IAM"], "Changes": [change]}
        self.change_set = made | options

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": "shop", "StackId": "arn:shop", **self.OWN}]}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return self.change_set


def _verify(described: _Described, *, creates: bool = False) -> None:
    change = Change(
        action=str(described.change_set["Changes"][0]["ResourceChange"]["Action"]), logical_id="Api", type="X"
    )
    approved = CHANGE_SET.model_copy(update={"changes": (change,), "creates": creates})
    Stacks(cast("Any", described)).verify(approved)


@pytest.mark.parametrize(
    "options",
    [
        {},
        _Described.OWN,
        {"OnStackFailure": "ROLLBACK", "ImportExistingResources": False, "IncludeNestedStacks": False},
        {"NotificationARNs": [], "RollbackConfiguration": {}, "DeploymentConfig": {"Mode": "STANDARD"}},
    ],
)
def test_a_change_set_like_kanmons_is_executed(options: dict[str, Any]) -> None:
    """CD-4: an administrator's topics and rollback triggers stay with the stack."""
    _verify(_Described(**options))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"ImportExistingResources": True}, "ImportExistingResources"),
        ({"action": "Import"}, "Import"),
        ({"action": "SyncWithActual"}, "SyncWithActual"),
        ({"Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]}, "Capabilities"),
        ({"IncludeNestedStacks": True}, "IncludeNestedStacks"),
        ({"OnStackFailure": "DO_NOTHING"}, "OnStackFailure"),
        ({"DeploymentMode": "REVERT_DRIFT"}, "DeploymentMode"),
        ({"DeploymentConfig": {"Mode": "EXPRESS"}}, "DeploymentConfig"),
        ({"DeploymentConfig": {"DisableRollback": True}}, "DeploymentConfig"),
        ({"NotificationARNs": ["arn:own", "arn:foreign"]}, "NotificationARNs"),
        ({"RollbackConfiguration": {"MonitoringTimeInMinutes": 180}}, "RollbackConfiguration"),
    ],
)
def test_a_change_set_that_kanmon_never_makes_is_refused(options: dict[str, Any], named: str) -> None:
    """TRU-1: IAM has no condition for these options, so the plan role can choose them."""
    with pytest.raises(KanmonError, match=f"it has {named}\\.") as caught:
        _verify(_Described(**options))
    assert caught.value.code is Code.PLAN_STALE


def test_a_new_stack_has_no_topics_of_its_own() -> None:
    """TRU-1: whoever made the first change set of a stack chose what it has until then."""
    with pytest.raises(KanmonError, match="it has NotificationARNs"):
        _verify(_Described(NotificationARNs=["arn:own"]), creates=True)


class _Planned:
    """CloudFormation with a change set that nobody executed, with these parameters."""

    def __init__(self, **parameters: str) -> None:
        self.parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ]

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": "shop", "StackId": "arn:shop"}]}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"ExecutionStatus": "AVAILABLE", "Changes": [], "Parameters": self.parameters}


def test_deletion_protection_is_part_of_the_approval() -> None:
    """AWS-1, CD-4"""
    Stacks(cast("Any", _Planned(ProtectDatabase="true"))).verify(CHANGE_SET)
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", _Planned(ProtectDatabase="false"))).verify(CHANGE_SET)
    assert caught.value.code is Code.PLAN_STALE


class _Guarded:
    """CloudFormation with one stack, protected on demand."""

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
        # AWS may write the same policy in another layout.
        self.policy = json.dumps(json.loads(StackPolicyBody))

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        assert StackName == "shop"
        assert EnableTerminationProtection
        self.writes.append("update_termination_protection")


def test_a_stack_is_protected_once() -> None:
    """INF-3"""
    cloudformation = _Guarded()
    for _ in range(2):
        Stacks(cast("Any", cloudformation)).protect("shop", stack_policy([]))
    assert cloudformation.writes == ["set_stack_policy", "update_termination_protection"]


def test_a_changed_config_gives_a_stack_another_policy() -> None:
    """INF-3"""
    cloudformation = _Guarded()
    stacks = Stacks(cast("Any", cloudformation))
    stacks.protect("shop", stack_policy([]))
    cloudformation.writes = ["update_termination_protection"]
    stacks.protect("shop", stack_policy(["Key"]))
    assert cloudformation.writes[1:] == ["set_stack_policy"]
    assert json.loads(cloudformation.policy) == json.loads(stack_policy(["Key"]))


def test_a_missing_stack_is_not_protected() -> None:
    cloudformation = _Guarded("REVIEW_IN_PROGRESS")
    Stacks(cast("Any", cloudformation)).protect("shop", stack_policy([]))
    assert cloudformation.writes == []


class _Creating:
    """CloudFormation with a record of the last change set's request, and with change sets from before."""

    def __init__(self, *pages: dict[str, datetime]) -> None:
        self.request: dict[str, Any] = {}
        self.pages = pages
        """The pages of the list of change sets, with the times of their creation."""
        self.deleted: list[str] = []

    def get_paginator(self, name: str) -> Pages:
        assert name == "list_change_sets"
        return Pages(*({"Summaries": [_summary(*one) for one in page.items()]} for page in self.pages))

    def delete_change_set(self, **named: str) -> None:
        assert named["StackName"] == "shop"
        self.deleted.append(named["ChangeSetName"].removeprefix("arn:"))

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.request = request
        return {"Id": "arn:cs"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Status": "CREATE_COMPLETE", "Changes": []}


def _summary(name: str, made: datetime) -> dict[str, Any]:
    return {"ChangeSetId": f"arn:{name}", "ChangeSetName": name, "CreationTime": made}


def test_change_sets_go_when_nobody_can_approve_them_any_more() -> None:
    """AWS-2: GitHub fails a job after 30 days of waiting. Change sets of others stay."""
    month, more = BEGIN - timedelta(days=30), BEGIN - timedelta(days=31, seconds=1)
    cloudformation = _Creating(
        {"kanmon-new": BEGIN, "kanmon-old": more}, {"kanmon-waiting": month, "of-a-person": more}
    )
    stacks = Stacks(cast("Any", cloudformation), clock=Clock())
    assert stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert cloudformation.deleted == ["kanmon-old"]


def test_a_plan_without_a_right_to_delete_goes_on() -> None:
    """AWS-2: a role from before has no right to the list."""

    class Denied(_Creating):
        def get_paginator(self, name: str) -> Pages:
            raise refusal("AccessDenied", name)

    stacks = Stacks(cast("Any", Denied()), clock=Clock())
    assert stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)


@pytest.mark.parametrize("role", ["", "arn:aws:iam::1:role/shop-test-cloudformation"])
def test_a_change_set_uses_the_service_role_if_there_is_one(role: str) -> None:
    """SEC-1"""
    cloudformation = _Creating()
    stacks = Stacks(cast("Any", cloudformation), role)
    stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=None)
    assert cloudformation.request.get("RoleARN", "") == role


@pytest.mark.parametrize(
    ("template", "key"),
    [("https://s3.eu-west-1.amazonaws.com/a/b", "TemplateURL"), ("Resources: {}", "TemplateBody")],
)
def test_a_template_is_a_url_or_a_body(template: str, key: str) -> None:
    cloudformation = _Creating()
    Stacks(cast("Any", cloudformation)).create_change_set("shop", template, {}, {}, existing=None)
    assert cloudformation.request[key] == template


def _refused(cloudformation: Any, status: str) -> KanmonError:
    stacks, there = Stacks(cloudformation), DeployedStack("shop", "arn:shop", status)
    with pytest.raises(KanmonError) as caught:
        stacks.create_change_set("shop", "Resources: {}", {}, {}, existing=there)
    assert caught.value.code is Code.STACK_BUSY
    assert status in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("status", "fix"),
    [("UPDATE_IN_PROGRESS", "Wait"), ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback")],
)
def test_a_busy_stack_is_refused(status: str, fix: str) -> None:
    assert fix in _refused(None, status).fix


class _Ending:
    """CloudFormation with one stack at its end: each deletion brings it into the next state.

    Its events are those of the deletion, oldest first.
    """

    def __init__(self, status: str, *after: str, events: tuple[tuple[str, str, str], ...] = ()) -> None:
        self.states = [status, *after]
        self.events = [
            {
                "EventId": str(number),
                "StackName": "shop",
                "LogicalResourceId": name,
                "PhysicalResourceId": f"{name.lower()}-1",
                "ResourceType": "AWS::CloudFormation::Stack" if name == "shop" else "AWS::EC2::VPC",
                "ResourceStatus": event,
                "ResourceStatusReason": reason,
            }
            for number, (name, event, reason) in enumerate(events)
        ]
        self.deleted: list[dict[str, str]] = []

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        state = self.states[min(len(self.deleted), len(self.states) - 1)]
        return {"Stacks": [{"StackName": "shop", "StackId": "arn:shop", "StackStatus": state}]}

    def get_paginator(self, _: str) -> Pages:
        return pages(self.events if self.deleted or len(self.states) == 1 else [])

    def delete_stack(self, **request: str) -> None:
        del request["ClientRequestToken"]
        self.deleted.append(request)


def test_a_failed_creation_is_no_stack() -> None:
    """AWS-1: it has no resource. So a plan creates it, and its outputs are unknown."""
    stacks = Stacks(cast("Any", _Ending("ROLLBACK_COMPLETE")))
    assert stacks.find("shop") is None
    assert stacks.creation_failed("shop")


def test_a_failed_creation_is_removed_by_the_service_role() -> None:
    """AWS-1: by its id, so never another stack of the same name."""
    cloudformation = _Ending("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
    assert Stacks(cast("Any", cloudformation), "arn:role").remove_failed("shop")
    assert cloudformation.deleted == [{"StackName": "arn:shop", "RoleARN": "arn:role"}]


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"]
)
def test_only_a_failed_creation_is_removed(status: str) -> None:
    """AWS-1: every other stack has resources."""
    cloudformation = _Ending(status)
    assert not Stacks(cast("Any", cloudformation)).remove_failed("shop")
    assert cloudformation.deleted == []


_LEFT = (
    ("Vpc", "DELETE_FAILED", "It has dependencies."),
    ("Subnet", "DELETE_FAILED", "in use"),
    ("Subnet", "DELETE_COMPLETE", ""),
    ("shop", "DELETE_FAILED", "The following resource(s) failed to delete: [Vpc]."),
)
_SENTENCE = "CloudFormation could not delete Vpc (AWS::EC2::VPC vpc-1): It has dependencies."


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_broken_stack_names_its_resources_and_the_command(status: str) -> None:
    """AWS-1"""
    error = _refused(_Ending(status, events=_LEFT), status)
    assert error.message == f"The stack is {status}. {_SENTENCE}"
    assert "aws cloudformation delete-stack --stack-name shop" in error.fix


def test_a_half_deleted_stack_may_have_users() -> None:
    """AWS-1: it may be the edge or the database of the live release."""
    fix = _refused(_Ending("DELETE_FAILED", events=_LEFT), "DELETE_FAILED").fix
    assert fix.startswith("Users may need this stack: `kanmon status` names the live release.")
    assert "--retain-resources" in fix


def test_a_failed_deletion_names_the_rest() -> None:
    """AWS-1"""
    cloudformation = _Ending("CREATE_COMPLETE", "DELETE_FAILED", events=_LEFT)
    seen: list[str] = []
    with pytest.raises(KanmonError) as caught:
        Stacks(cast("Any", cloudformation)).delete("arn:shop", lambda event: seen.append(event.status))
    assert caught.value.code is Code.STACK_FAILED
    assert caught.value.message == f"The stack could not be deleted. {_SENTENCE}"
    assert seen == [status for _, status, _ in _LEFT]


@pytest.mark.parametrize("existing", [None, DeployedStack("shop", "arn:shop", "CREATE_COMPLETE")])
def test_a_failed_change_is_rolled_back(existing: DeployedStack | None) -> None:
    """AWS-1: RetainExceptOnCreate deletes what a creation made only if the creation is rolled back."""
    cloudformation = _Creating()
    Stacks(cast("Any", cloudformation)).create_change_set("shop", "Resources: {}", {}, {}, existing=existing)
    assert cloudformation.request["OnStackFailure"] == "ROLLBACK"
