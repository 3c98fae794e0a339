"""Removes stacks, and finds what they left: an administrator's work (`kanmon destroy`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.clock import SYSTEM_CLOCK, Clock
from kanmon.model import Resource
from kanmon.stacks.changes import STATEFUL
from kanmon.stacks.cloudformation import Stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from kanmon.stacks.stack_events import StackEvent

_HOLDING = STATEFUL | {"AWS::Logs::LogGroup"}


@dataclass(frozen=True)
class PresentStack:
    """A stack that takes its name, in any state."""

    name: str
    id: str
    status: str
    outputs: dict[str, str]


@dataclass(frozen=True)
class StackRemoval:
    """The stacks of one account and region. CloudFormation deletes each with the role of its last change."""

    cloudformation: CloudFormationClient
    clock: Clock = SYSTEM_CLOCK

    def present(self, name: str) -> PresentStack | None:
        """A stack, also one whose creation failed or never began. None when there is none."""
        stack = self._described(name)
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        return PresentStack(name, stack["StackId"], stack["StackStatus"], outputs)

    def state(self, stack: PresentStack) -> list[Resource]:
        """The stack's resources with state, and its logs."""
        with aws_errors(f"reading the resources of {stack.name}"):
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.id)
            return [
                Resource(one["ResourceType"], one.get("PhysicalResourceId", ""))
                for page in pages
                for one in page["StackResourceSummaries"]
                if one["ResourceType"] in _HOLDING and one["ResourceStatus"] != "DELETE_COMPLETE"
            ]

    def delete(self, stack: PresentStack, on_event: Callable[[StackEvent], None]) -> None:
        """Lift the termination protection, and delete the stack. You can repeat the call.

        Its change sets go with it. Raises STACK_FAILED with the resources that stay against the order.
        """
        with aws_errors(f"lifting the termination protection of {stack.name}"):
            self.cloudformation.update_termination_protection(
                StackName=stack.id, EnableTerminationProtection=False
            )
        Stacks(self.cloudformation, clock=self.clock).delete(stack.id, on_event)

    def drop_change_sets(self, stack: PresentStack) -> None:
        """Delete the stack's change sets that nobody executed."""
        with aws_errors(f"deleting the change sets of {stack.name}"):
            pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=stack.id)
            for one in [one for page in pages for one in page["Summaries"]]:
                self.cloudformation.delete_change_set(
                    ChangeSetName=one["ChangeSetId"], StackName=one["StackId"]
                )

    def kept(self, name: str) -> list[Resource]:
        """The resources that stacks of this name left because of their DeletionPolicy, each once.

        CloudFormation knows the events of a deleted stack for 90 days:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
        """
        with aws_errors(f"reading the former stacks {name}"):
            return list(dict.fromkeys(one for stack in self._ids(name) for one in self._skipped(stack)))

    def _ids(self, name: str) -> list[str]:
        pages = self.cloudformation.get_paginator("list_stacks").paginate()
        return [
            one["StackId"]
            for page in pages
            for one in page["StackSummaries"]
            if one["StackName"] == name and "StackId" in one
        ]

    def _skipped(self, stack_id: str) -> Iterator[Resource]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for event in (event for page in pages for event in page["StackEvents"]):
            if event.get("ResourceStatus") == "DELETE_SKIPPED":
                yield Resource(event.get("ResourceType", ""), event.get("PhysicalResourceId", ""))

    def _described(self, name: str) -> StackTypeDef | None:
        with aws_errors(f"reading the stack {name}"):
            try:
                return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
