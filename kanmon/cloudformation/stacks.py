"""Stacks through change sets: propose, read, execute, watch."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws import error_code, explained
from kanmon.cloudformation.changes import Change, ChangeSet, change_from
from kanmon.cloudformation.waiting import moments
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import (
        DescribeChangeSetOutputTypeDef,
        StackEventTypeDef,
        StackTypeDef,
    )

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
_READY = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
_SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"})
_ABSENT = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
CAPABILITIES: tuple[CapabilityType, ...] = ("CAPABILITY_NAMED_IAM",)
"""What a template may do that CloudFormation asks about: make roles. Macros may not be used."""
# How CloudFormation words a change set that has nothing to do.
_NOTHING = ("didn't contain changes", "No updates are to be performed", "no changes")


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it stands."""

    name: str
    id: str
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    protected: bool = False
    """It can't be deleted until somebody lifts its termination protection."""


@dataclass(frozen=True)
class StackEvent:
    """One line of a stack's progress."""

    stack: str
    logical_id: str
    type: str
    status: str
    reason: str

    @property
    def failed(self) -> bool:
        """The resource could not be made as asked, and not just because another one failed first."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True)
class Stacks:
    """The stacks of one account and region."""

    cloudformation: CloudFormationClient
    role: str = ""
    """The ARN of the role by which CloudFormation acts; without it, it acts as whoever calls."""

    def find(self, name: str) -> DeployedStack | None:
        """A stack, None when it doesn't exist or was never made."""
        with explained(f"reading the stack {name}"):
            try:
                stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return None if stack["StackStatus"] in _ABSENT else _deployed(stack)

    def body(self, name: str) -> str:
        """The template that a stack was made of, as it was sent."""
        with explained(f"reading the template of {name}"):
            answer = self.cloudformation.get_template(StackName=name, TemplateStage="Original")
            return str(answer["TemplateBody"])

    def propose(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        existing: DeployedStack | None,
    ) -> ChangeSet | None:
        """Create a change set; None when there is nothing to change.

        `template` is an S3 URL, or a body of up to 51,200 bytes.
        Raises STACK_BUSY, CHANGE_SET_FAILED.
        """
        if existing and existing.status not in _READY:
            raise _busy(existing)
        change_set = f"kanmon-{uuid.uuid4().hex}"
        with explained(f"proposing a change to {name}"):
            made = self.cloudformation.create_change_set(
                StackName=name,
                ChangeSetName=change_set,
                ChangeSetType="UPDATE" if existing else "CREATE",
                **_source(template),
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in sorted(parameters.items())
                ],
                Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
                Capabilities=CAPABILITIES,
                **_role(self.role),
                # A first creation that fails leaves nothing, so that the next one can begin anew.
                OnStackFailure="ROLLBACK" if existing else "DELETE",
            )
            return self._proposed(name, made["Id"], creates=existing is None)

    def _proposed(self, name: str, change_set: str, *, creates: bool) -> ChangeSet | None:
        for _ in moments():
            described = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=name)
            if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=name)
            if any(words in reason for words in _NOTHING):
                return None
            raise KanmonError(Code.CHANGE_SET_FAILED, f"CloudFormation says: {reason}", where=name)
        changes = self._changes(name, change_set, described)
        return ChangeSet(stack=name, id=change_set, creates=creates, changes=changes)

    def _changes(
        self, name: str, change_set: str, first: DescribeChangeSetOutputTypeDef
    ) -> tuple[Change, ...]:
        page, changes = first, [change_from(raw) for raw in first.get("Changes", [])]
        while token := page.get("NextToken"):
            page = self.cloudformation.describe_change_set(
                ChangeSetName=change_set, StackName=name, NextToken=token
            )
            changes += [change_from(raw) for raw in page.get("Changes", [])]
        return tuple(sorted(changes, key=lambda change: change.logical_id))

    def verify(self, change_set: ChangeSet) -> None:
        """Make sure that a change set still stands as it was read. Raises PLAN_STALE."""
        with explained(f"reading the change set of {change_set.stack}"):
            try:
                described = self.cloudformation.describe_change_set(
                    ChangeSetName=change_set.id, StackName=change_set.stack
                )
            except ClientError as error:
                if error_code(error) in {
                    "ChangeSetNotFound",
                    "ChangeSetNotFoundException",
                    "ValidationError",
                }:
                    gone = "The change set that was approved is gone."
                    raise KanmonError(Code.PLAN_STALE, gone, where=change_set.stack) from error
                raise
            changes = self._changes(change_set.stack, change_set.id, described)
        if described.get("ExecutionStatus") != "AVAILABLE" or changes != change_set.changes:
            status = described.get("ExecutionStatus")
            problem = f"The change set that was approved can't be executed any more (it is {status})."
            raise KanmonError(Code.PLAN_STALE, problem, where=change_set.stack)

    def execute(
        self,
        change_set: ChangeSet,
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None = None,
    ) -> DeployedStack:
        """Execute a change set and watch it to its end; every event is told once, in order.

        Raises STACK_FAILED with the first resource that failed and AWS's reason, and INTERRUPTED when
        `stop` is set meanwhile: CloudFormation goes on, nobody watches it.
        """
        name = change_set.stack
        before = self.find(name)
        with explained(f"changing the stack {name}"):
            seen = {event["EventId"] for event in self._events(before.id)} if before else set[str]()
            stack_id = self._stack_id(name)
            self.cloudformation.execute_change_set(
                ChangeSetName=change_set.id, StackName=name, ClientRequestToken=uuid.uuid4().hex
            )
            return self._watch(stack_id, seen, on_event, stop)

    def protect(self, name: str, policy: str) -> None:
        """Give a stack its policy and termination protection; what is so already is left alone.

        A stack that doesn't exist yet has nothing to protect. A change set can't be executed under
        another policy than the stack's own, so one that may take state away needs its policy first.
        """
        stack = self.find(name)
        if stack is None:
            return
        with explained(f"protecting the stack {name}"):
            now = self.cloudformation.get_stack_policy(StackName=name).get("StackPolicyBody", "null")
            if json.loads(now) != json.loads(policy):
                self.cloudformation.set_stack_policy(StackName=name, StackPolicyBody=policy)
            if not stack.protected:
                self.cloudformation.update_termination_protection(
                    StackName=name, EnableTerminationProtection=True
                )

    def _stack_id(self, name: str) -> str:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]

    def _events(self, stack_id: str) -> list[StackEventTypeDef]:
        """The first page is enough: what is new comes first."""
        return self.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]

    def _watch(
        self,
        stack_id: str,
        seen: set[str],
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None,
    ) -> DeployedStack:
        failures: list[StackEvent] = []
        for _ in moments(stop):
            stack = self.cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
            for raw in reversed(self._events(stack_id)):
                if raw["EventId"] in seen:
                    continue
                seen.add(raw["EventId"])
                event = _event(raw)
                on_event(event)
                failures += [event] if event.failed else []
            status = stack["StackStatus"]
            if status in _SUCCEEDED:
                return _deployed(stack)
            if status.endswith("_IN_PROGRESS"):
                continue
            raise _failed(stack["StackName"], status, failures, stack.get("StackStatusReason", ""))
        raise KanmonError(Code.INTERRUPTED, "CloudFormation goes on with this stack.", where=stack_id)


def _source(template: str) -> Any:  # noqa: ANN401 - one of two keys of the client's typed request
    return {"TemplateURL" if template.startswith("https://") else "TemplateBody": template}


def _role(arn: str) -> Any:  # noqa: ANN401 - a key of the client's typed request, or none
    return {"RoleARN": arn} if arn else {}


def _deployed(stack: StackTypeDef) -> DeployedStack:
    return DeployedStack(
        name=stack["StackName"],
        id=stack["StackId"],
        status=stack["StackStatus"],
        parameters={
            item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])
        },
        outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        tags={item["Key"]: item["Value"] for item in stack.get("Tags", [])},
        protected=stack.get("EnableTerminationProtection", False),
    )


def _event(raw: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        stack=raw["StackName"],
        logical_id=raw.get("LogicalResourceId", ""),
        type=raw.get("ResourceType", ""),
        status=raw.get("ResourceStatus", ""),
        reason=raw.get("ResourceStatusReason", ""),
    )


def _failed(name: str, status: str, failures: list[StackEvent], reason: str) -> KanmonError:
    causes = [event for event in failures if event.type != "AWS::CloudFormation::Stack"]
    if causes:
        first = causes[0]
        told = f"{first.logical_id} ({first.type}) failed: {first.reason.rstrip('.')}."
    else:
        told = f"It ended as {status}: {reason or 'no reason given'}."
    return KanmonError(Code.STACK_FAILED, told, where=name)


def _busy(stack: DeployedStack) -> KanmonError:
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        fix = "Repair what the stack's events name, then continue its rollback in CloudFormation."
    elif stack.status in {"ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED"}:
        fix = "Nothing uses this stack: delete it in CloudFormation, then run the command again."
    else:
        fix = "Wait until CloudFormation has ended what it does to this stack."
    return KanmonError(Code.STACK_BUSY, f"The stack is {stack.status}.", where=stack.name, fix=fix)
