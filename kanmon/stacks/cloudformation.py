"""Stacks through change sets: create, read, execute, watch."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.aws.polling import polls
from kanmon.clock import SYSTEM_CLOCK, Clock
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.changes import CAPABILITIES, Change, ChangeSet, changes_from, foreign_options
from kanmon.stacks.refusals import fix_for

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
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
# CloudFormation's reasons for a change set without changes.
_NOTHING = ("didn't contain changes", "No updates are to be performed", "no changes")


@dataclass(frozen=True)
class DeployedStack:
    """A stack in its present state."""

    name: str
    id: str
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    protected: bool = False
    """Nobody can delete the stack until somebody lifts its termination protection."""


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
        """The resource itself failed. Resources cancelled after another failure do not count."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True)
class Stacks:
    """The stacks of one account and region."""

    cloudformation: CloudFormationClient
    role: str = ""
    """The ARN of the role for CloudFormation. Without it, CloudFormation uses the caller's permissions."""
    clock: Clock = SYSTEM_CLOCK

    def find(self, name: str) -> DeployedStack | None:
        """A stack. None when it doesn't exist, or has only a change set for its creation."""
        with aws_errors(f"reading the stack {name}"):
            try:
                stack = self._described(name)
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return None if stack["StackStatus"] in _ABSENT else _deployed(stack)

    def all(self) -> list[DeployedStack]:
        """All stacks of the account's region."""
        with aws_errors("reading all stacks"):
            pages = self.cloudformation.get_paginator("describe_stacks").paginate()
            return [_deployed(stack) for page in pages for stack in page["Stacks"]]

    def body(self, name: str) -> str:
        """The template of a stack, in the form Kanmon sent it."""
        with aws_errors(f"reading the template of {name}"):
            answer = self.cloudformation.get_template(StackName=name, TemplateStage="Original")
            return str(answer["TemplateBody"])

    def create_change_set(
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
        with aws_errors(f"creating a change set for {name}"):
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
                # After a failed creation nothing is left, so the next one can start from the beginning.
                OnStackFailure="ROLLBACK" if existing else "DELETE",
            )
            return self._wait_for_changes(name, made["Id"], creates=existing is None)

    def _wait_for_changes(self, name: str, change_set: str, *, creates: bool) -> ChangeSet | None:
        for _ in polls(self.clock):
            described = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=name)
            if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=name)
            if any(phrase in reason for phrase in _NOTHING):
                return None
            raise KanmonError(Code.CHANGE_SET_FAILED, f"CloudFormation answered: {reason}", where=name)
        changes = self._changes(name, change_set, described)
        return ChangeSet(stack=name, id=change_set, creates=creates, changes=changes)

    def _changes(
        self, name: str, change_set: str, first: DescribeChangeSetOutputTypeDef
    ) -> tuple[Change, ...]:
        page, changes = first, list(first.get("Changes", []))
        while token := page.get("NextToken"):
            page = self.cloudformation.describe_change_set(
                ChangeSetName=change_set, StackName=name, NextToken=token
            )
            changes += page.get("Changes", [])
        return changes_from(changes)

    def withdraw(self, change_set: ChangeSet) -> None:
        """Delete a change set that nobody wants to execute."""
        with aws_errors(f"deleting a change set of {change_set.stack}"):
            self.cloudformation.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack)

    def verify(self, change_set: ChangeSet) -> None:
        """Check an approved change set: it must still exist, with the same changes, made as Kanmon does.

        Raises PLAN_STALE.
        """
        with aws_errors(f"reading the change set of {change_set.stack}"):
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
                    gone = "The approved change set is gone."
                    raise KanmonError(Code.PLAN_STALE, gone, where=change_set.stack) from error
                raise
            changes = self._changes(change_set.stack, change_set.id, described)
            now: Mapping[str, Any] = {} if change_set.creates else self._described(change_set.stack)
        if foreign := foreign_options(described, changes, now):
            raise KanmonError(
                Code.PLAN_STALE,
                f"Kanmon did not make the approved change set: it has {', '.join(foreign)}.",
                where=change_set.stack,
                fix=f"Find the maker in CloudTrail. {Code.PLAN_STALE.fix}",
            )
        if described.get("ExecutionStatus") != "AVAILABLE" or changes != change_set.changes:
            status = described.get("ExecutionStatus")
            problem = f"The approved change set can't be executed any more (it is {status})."
            raise KanmonError(Code.PLAN_STALE, problem, where=change_set.stack)

    def execute(
        self,
        change_set: ChangeSet,
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None = None,
    ) -> DeployedStack:
        """Execute a change set and watch it to its end. `on_event` gets every event once, in order.

        Raises STACK_FAILED with the first failed resource and AWS's reason. Raises INTERRUPTED when `stop`
        is set in the meantime: CloudFormation continues, and nobody watches it.
        """
        name = change_set.stack
        before = self.find(name)
        with aws_errors(f"changing the stack {name}"):
            seen = {event["EventId"] for event in self._events(before.id)} if before else set[str]()
            stack_id = self._described(name)["StackId"]
            self.cloudformation.execute_change_set(
                ChangeSetName=change_set.id, StackName=name, ClientRequestToken=uuid.uuid4().hex
            )
            return self._watch(stack_id, seen, on_event, stop)

    def protect(self, name: str, policy: str) -> None:
        """Set a stack's policy and termination protection, if they are not set already.

        Nothing happens before the stack exists. A change set has no policy of its own: CloudFormation
        executes it under the stack's policy. So set the policy first if a change set may delete state.
        """
        stack = self.find(name)
        if stack is None:
            return
        with aws_errors(f"protecting the stack {name}"):
            now = self.cloudformation.get_stack_policy(StackName=name).get("StackPolicyBody", "null")
            if json.loads(now) != json.loads(policy):
                self.cloudformation.set_stack_policy(StackName=name, StackPolicyBody=policy)
            if not stack.protected:
                self.cloudformation.update_termination_protection(
                    StackName=name, EnableTerminationProtection=True
                )

    def _described(self, name: str) -> StackTypeDef:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def _events(self, stack_id: str) -> list[StackEventTypeDef]:
        """The newest events of a stack. One page is enough: the new events come first."""
        return self.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]

    def _watch(
        self,
        stack_id: str,
        seen: set[str],
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None,
    ) -> DeployedStack:
        failures: list[StackEvent] = []
        for _ in polls(self.clock, stop):
            stack = self._described(stack_id)
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
        message = f"{first.logical_id} ({first.type}) failed: {first.reason.rstrip('.')}."
    else:
        message = f"It ended as {status}: {reason or 'no reason given'}."
    return KanmonError(Code.STACK_FAILED, message, where=name, fix=fix_for(message))


def _busy(stack: DeployedStack) -> KanmonError:
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        command = f"aws cloudformation continue-update-rollback --stack-name {stack.name}"
        fix = f"Repair the resource in the stack's last failed event, then run `{command}`."
    elif stack.status in {"ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED"}:
        command = f"aws cloudformation delete-stack --stack-name {stack.name}"
        fix = f"Nothing uses this stack. Run `{command}`, then this command again."
    else:
        fix = "Wait until CloudFormation has finished with this stack, then run the command again."
    return KanmonError(Code.STACK_BUSY, f"The stack is {stack.status}.", where=stack.name, fix=fix)
