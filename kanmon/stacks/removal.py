"""Removes stacks, and finds what they left: an administrator's work (`kanmon destroy`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.clock import SYSTEM_CLOCK, Clock
from kanmon.language import phrase
from kanmon.model import Resource
from kanmon.stacks.changes import STATEFUL
from kanmon.stacks.cloudformation import Stacks
from kanmon.stacks.stack_events import pages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_cloudformation import CloudFormationClient

    from kanmon.stacks.cloudformation import DeployedStack
    from kanmon.stacks.stack_events import StackEvent

_HOLDING = STATEFUL | {"AWS::Logs::LogGroup"}


@dataclass(frozen=True)
class StackRemoval:
    """The stacks of one account and region. CloudFormation deletes each with the role of its last change."""

    cloudformation: CloudFormationClient
    clock: Clock = SYSTEM_CLOCK

    def present(self, name: str) -> DeployedStack | None:
        """A stack, also one whose creation failed or never began. None when there is none."""
        return self._stacks.present(name)

    @property
    def _stacks(self) -> Stacks:
        return Stacks(self.cloudformation, clock=self.clock)

    def state(self, stack: DeployedStack) -> list[Resource]:
        """The stack's resources with state, and its logs."""
        with aws_errors(phrase("reading the resources of {stack}", stack=stack.name)):
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.id)
            return [
                Resource(one["ResourceType"], one.get("PhysicalResourceId", ""))
                for page in pages
                for one in page["StackResourceSummaries"]
                if one["ResourceType"] in _HOLDING and one["ResourceStatus"] != "DELETE_COMPLETE"
            ]

    def delete(self, stack: DeployedStack, on_event: Callable[[StackEvent], None]) -> None:
        """Lift the termination protection, and delete the stack. You can repeat the call.

        Its change sets go with it. Raises STACK_FAILED with the resources that stay against the order.
        """
        with aws_errors(phrase("lifting the termination protection of {stack}", stack=stack.name)):
            self.cloudformation.update_termination_protection(
                StackName=stack.id, EnableTerminationProtection=False
            )
        self._stacks.delete(stack.id, on_event)

    def drop_change_sets(self, stack: DeployedStack) -> None:
        """Delete the stack's change sets that nobody executed."""
        with aws_errors(phrase("deleting the change sets of {stack}", stack=stack.name)):
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
        with aws_errors(phrase("reading the former stacks {name}", name=name)):
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
        for event in chain.from_iterable(pages_of(self.cloudformation, stack_id)):
            if event.status == "DELETE_SKIPPED":
                yield Resource(event.type, event.physical_id)
