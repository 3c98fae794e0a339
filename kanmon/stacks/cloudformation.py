"""Stacks through change sets: create, read, execute, watch."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.aws.polling import polls
from kanmon.aws.refusals import fix_before, fix_for
from kanmon.clock import SYSTEM_CLOCK, Clock
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.stacks.changes import CAPABILITIES, Change, ChangeSet, changes_from, foreign_options
from kanmon.stacks.protection import unprotected
from kanmon.stacks.refused_change_sets import refused, wrong_templates
from kanmon.stacks.stack_events import EventReader, StackEvent, pages_of
from kanmon.stacks.states import (
    ABSENT,
    BROKEN,
    CREATION_UNDONE,
    DELETED,
    READY,
    SUCCEEDED,
    refuse_update,
    stays,
    undeleted,
    validation,
    way_out,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        DescribeChangeSetOutputTypeDef,
        DescribeEventsInputTypeDef,
        StackTypeDef,
    )

_GONE = {"ChangeSetNotFound", "ChangeSetNotFoundException", "ValidationError"}
_EXPIRED = timedelta(days=31)
"""The age of a change set that nobody can approve any more. GitHub fails a job after 30 days of waiting
(https://docs.github.com/actions/managing-workflow-runs/reviewing-deployments)."""
_OWN = "kanmon-"
"""The beginning of the names of Kanmon's change sets."""
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
class Stacks:
    """The stacks of one account and region."""

    cloudformation: CloudFormationClient
    role: str = ""
    """The ARN of the role for CloudFormation. Without it, CloudFormation uses the caller's permissions."""
    clock: Clock = SYSTEM_CLOCK

    def find(self, name: str) -> DeployedStack | None:
        """A stack. None when it doesn't exist, or was never created: its creation is planned, or failed."""
        stack = self.present(name)
        return None if stack is None or stack.status in ABSENT else stack

    def present(self, name: str) -> DeployedStack | None:
        """A stack, also one whose creation failed or never began. None when nothing has its name."""
        with aws_errors(phrase("reading the stack {stack}", stack=name)):
            try:
                stack = _deployed(self._described(name))
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return None if stack.status == DELETED else stack

    def all(self) -> list[DeployedStack]:
        """All stacks of the account's region."""
        with aws_errors(phrase("reading all stacks")):
            pages = self.cloudformation.get_paginator("describe_stacks").paginate()
            return [_deployed(stack) for page in pages for stack in page["Stacks"]]

    def body(self, name: str) -> str:
        """The template of a stack, in the form Kanmon sent it."""
        with aws_errors(phrase("reading the template of {stack}", stack=name)):
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

        `template` is an S3 URL, or a body of up to 51,200 bytes. Expired change sets of the stack go.
        Raises STACK_BUSY, CHANGE_SET_FAILED.
        """
        if existing and existing.status not in READY:
            left = self._left(existing.id) if existing.status in BROKEN else []
            raise refuse_update(name, existing.status, left)
        change_set = f"{_OWN}{uuid.uuid4().hex}"
        with aws_errors(phrase("creating a change set for {stack}", stack=name)), wrong_templates(name):
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
                # Also for a creation: RetainExceptOnCreate deletes a new resource when the operation that
                # made it is rolled back. AWS promises it for no other end, such as DELETE.
                OnStackFailure="ROLLBACK",
            )
            made_set = self._wait_for_changes(name, made["Id"], creates=existing is None)
        self._delete_expired(name)
        return made_set

    def _delete_expired(self, name: str) -> None:
        """Delete Kanmon's change sets of a stack that nobody executed, and nobody can approve any more.

        CloudFormation deletes them when another one is executed. A stack that rarely changes would collect
        them (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html). A
        failure changes no plan: the next one tries again.
        """
        with suppress(ClientError, BotoCoreError):
            pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=name)
            now = self.clock.now()
            expired = [
                one["ChangeSetId"]
                for page in pages
                for one in page["Summaries"]
                if one["ChangeSetName"].startswith(_OWN) and now - one["CreationTime"] > _EXPIRED
            ]
            for change_set in expired:
                self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=name)

    def _wait_for_changes(self, name: str, change_set: str, *, creates: bool) -> ChangeSet | None:
        for _ in polls(self.clock):
            described = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=name)
            if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            found = self._found(reason, {"ChangeSetName": change_set})
            self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=name)
            if any(words in reason for words in _NOTHING):
                return None
            raise refused(name, found)
        return ChangeSet(
            stack=name,
            id=change_set,
            creates=creates,
            changes=self._changes(name, change_set, described),
            unprotected=unprotected(_parameters(described)),
        )

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
        with aws_errors(phrase("deleting a change set of {stack}", stack=change_set.stack)):
            self.cloudformation.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack)

    def verify(self, change_set: ChangeSet) -> None:
        """Check an approved change set: it must still exist, with the same changes, made as Kanmon does.

        Raises PLAN_STALE.
        """
        with aws_errors(phrase("reading the change set of {stack}", stack=change_set.stack)):
            try:
                described = self.cloudformation.describe_change_set(
                    ChangeSetName=change_set.id, StackName=change_set.stack
                )
            except ClientError as error:
                if error_code(error) in _GONE:
                    gone = phrase("The approved change set is gone.")
                    raise KanmonError(Code.PLAN_STALE, gone, where=change_set.stack) from error
                raise
            changes = self._changes(change_set.stack, change_set.id, described)
            now: Mapping[str, Any] = {} if change_set.creates else self._described(change_set.stack)
        if foreign := foreign_options(described, changes, now):
            raise KanmonError(
                Code.PLAN_STALE,
                phrase(
                    "Kanmon did not make the approved change set: it has {options}.",
                    options=", ".join(foreign),
                ),
                where=change_set.stack,
                fix=phrase("Find the maker in CloudTrail. {fix}", fix=phrase(Code.PLAN_STALE.fix)),
            )
        read = changes, unprotected(_parameters(described))
        as_approved = read == (change_set.changes, change_set.unprotected)
        if described.get("ExecutionStatus") != "AVAILABLE" or not as_approved:
            status = described.get("ExecutionStatus")
            problem = phrase(
                "The approved change set can't be executed any more (it is {status}).", status=status
            )
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
        with aws_errors(phrase("changing the stack {stack}", stack=name)):
            events = EventReader(self.cloudformation, self._described(name)["StackId"], on_event)
            if before:
                events.begin()
            self.cloudformation.execute_change_set(
                ChangeSetName=change_set.id, StackName=name, ClientRequestToken=uuid.uuid4().hex
            )
            return self._watch(events, stop)

    def creation_failed(self, name: str) -> bool:
        """Whether the stack's creation failed and was undone: :meth:`remove_failed` frees its name."""
        stack = self.present(name)
        return stack is not None and stack.status == CREATION_UNDONE

    def remove_failed(self, name: str) -> bool:
        """Delete what a failed and undone creation left, its name; True if there was one.

        A stack in any other state stays. Raises STACK_FAILED.
        """
        stack = self.present(name)
        if stack is None or stack.status != CREATION_UNDONE:
            return False
        self.delete(stack.id, lambda _: None)
        return True

    def delete(self, stack_id: str, on_event: Callable[[StackEvent], None]) -> None:
        """Delete a stack by its id, and watch it to its end. You can repeat the call.

        Resources with a DeletionPolicy stay. Raises STACK_FAILED with the resources that stay against it.
        """
        with aws_errors(phrase("deleting the stack {stack}", stack=stack_id)):
            events = EventReader(self.cloudformation, stack_id, on_event)
            events.begin()
            self.cloudformation.delete_stack(
                StackName=stack_id, ClientRequestToken=uuid.uuid4().hex, **_role(self.role)
            )
            for _ in polls(self.clock):
                stack = self._described(stack_id)
                events.read()
                if stack["StackStatus"] == DELETED:
                    return
                # An earlier deletion may have failed, too. Only a new event of the stack ends this one.
                own = any(one.is_stacks_own for one in events.failures)
                if stack["StackStatus"] == "DELETE_FAILED" and own:
                    raise self._failed(stack, events.failures)

    def protect(self, name: str, policy: str) -> None:
        """Set a stack's policy and termination protection, if they are not set already.

        Nothing happens before the stack exists. A change set has no policy of its own: CloudFormation
        executes it under the stack's policy. So set the policy first if a change set may delete state.
        """
        stack = self.find(name)
        if stack is None:
            return
        with aws_errors(phrase("protecting the stack {stack}", stack=name)):
            now = self.cloudformation.get_stack_policy(StackName=name).get("StackPolicyBody", "null")
            if json.loads(now) != json.loads(policy):
                self.cloudformation.set_stack_policy(StackName=name, StackPolicyBody=policy)
            if not stack.protected:
                self.cloudformation.update_termination_protection(
                    StackName=name, EnableTerminationProtection=True
                )

    def _described(self, name: str) -> StackTypeDef:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def _left(self, stack_id: str) -> list[str]:
        """The resources that CloudFormation could not delete, with the reasons, by the newest events."""
        with aws_errors(phrase("reading the events of {stack}", stack=stack_id)):
            return undeleted(chain.from_iterable(pages_of(self.cloudformation, stack_id)))

    def _failed(self, stack: StackTypeDef, failures: Sequence[StackEvent]) -> KanmonError:
        name, status = stack["StackName"], stack["StackStatus"]
        left = self._left(stack["StackId"]) if status in BROKEN else []
        causes = [event for event in failures if not event.is_stacks_own]
        if causes and causes[0].status != "DELETE_FAILED":
            first = causes[0]
            message = phrase(
                "{resource} ({type}) failed: {reason}.",
                resource=first.logical_id,
                type=first.type,
                reason=first.reason.rstrip("."),
            )
        elif left:
            message = phrase("The stack could not be deleted.")
        else:
            reasons = (stack.get("StackStatusReason"), *(event.reason for event in failures))
            reason = next(filter(None, reasons), phrase("no reason given"))
            found = self._found(reason, {"StackName": stack["StackId"]})
            message = phrase("It ended as {status}: {reason}.", status=status, reason=found)
        message += stays(left)
        if left:
            fix = fix_before(message, way_out(name, status))
        else:
            fix = fix_for(message) or Code.STACK_FAILED.fix_with(STACK=name)
        return KanmonError(Code.STACK_FAILED, message, where=name, fix=fix)

    def _found(self, reason: str, of: DescribeEventsInputTypeDef) -> str:
        """The reason of a failure, or what CloudFormation's validation found: its reason names only the call.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
        """
        if "DescribeEvents" not in reason:
            return reason.rstrip(".")
        found: Any = {}
        # A role from before has no right for it. Then the reason itself is better than another error.
        with suppress(ClientError):
            found = self.cloudformation.describe_events(**of)
        return validation(found.get("OperationEvents", [])) or reason.rstrip(".")

    def _watch(self, events: EventReader, stop: threading.Event | None) -> DeployedStack:
        for _ in polls(self.clock, stop):
            stack = self._described(events.stack_id)
            events.read()
            status = stack["StackStatus"]
            if status in SUCCEEDED:
                return _deployed(stack)
            if not status.endswith("_IN_PROGRESS"):
                raise self._failed(stack, events.failures)
        goes_on = phrase("CloudFormation goes on with this stack.")
        raise KanmonError(Code.INTERRUPTED, goes_on, where=events.stack_id)


def _source(template: str) -> Any:  # noqa: ANN401 - one of two keys of the client's typed request
    return {"TemplateURL" if template.startswith("https://") else "TemplateBody": template}


def _role(arn: str) -> Any:  # noqa: ANN401 - a key of the client's typed request, or none
    return {"RoleARN": arn} if arn else {}


def _parameters(described: StackTypeDef | DescribeChangeSetOutputTypeDef) -> dict[str, str]:
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in described.get("Parameters", [])}


def _deployed(stack: StackTypeDef) -> DeployedStack:
    return DeployedStack(
        name=stack["StackName"],
        id=stack["StackId"],
        status=stack["StackStatus"],
        parameters=_parameters(stack),
        outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        tags={item["Key"]: item["Value"] for item in stack.get("Tags", [])},
        protected=stack.get("EnableTerminationProtection", False),
    )
