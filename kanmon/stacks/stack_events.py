"""The events of a stack: one line each of its progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef


@dataclass(frozen=True)
class StackEvent:
    """One line of a stack's progress."""

    stack: str
    logical_id: str
    type: str
    status: str
    reason: str
    physical_id: str = ""
    id: str = ""

    @property
    def is_stacks_own(self) -> bool:
        """The event is the stack's, and no resource's."""
        return self.type == "AWS::CloudFormation::Stack"

    @property
    def failed(self) -> bool:
        """The resource itself failed. Resources cancelled after another failure do not count."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


def event_from(raw: StackEventTypeDef) -> StackEvent:
    """Read an event of DescribeStackEvents."""
    return StackEvent(
        stack=raw["StackName"],
        logical_id=raw.get("LogicalResourceId", ""),
        type=raw.get("ResourceType", ""),
        status=raw.get("ResourceStatus", ""),
        reason=raw.get("ResourceStatusReason", ""),
        physical_id=raw.get("PhysicalResourceId", ""),
        id=raw["EventId"],
    )


def pages_of(cloudformation: CloudFormationClient, stack_id: str) -> Iterator[list[StackEvent]]:
    """The events of a stack, a page at a time. The newest event comes first.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
    """
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    return ([event_from(raw) for raw in page["StackEvents"]] for page in pages)


@dataclass
class EventReader:
    """The events of one operation on a stack."""

    cloudformation: CloudFormationClient
    stack_id: str
    on_event: Callable[[StackEvent], None]
    seen: set[str] = field(default_factory=set)
    """The ids of known events."""
    failures: list[StackEvent] = field(default_factory=list)
    """The failed events, oldest first."""

    def begin(self) -> None:
        """Leave out the events of earlier operations."""
        self.seen |= {event.id for event in next(pages_of(self.cloudformation, self.stack_id))}

    def read(self) -> None:
        """Send each new event once, in order.

        More than a page of them may come between two calls: a stack has up to 500 resources.
        """
        news: list[StackEvent] = []
        for page in pages_of(self.cloudformation, self.stack_id):
            news += [event for event in page if event.id not in self.seen]
            if any(event.id in self.seen for event in page):
                break
        for event in reversed(news):
            self.on_event(event)
        self.seen |= {event.id for event in news}
        self.failures += [event for event in reversed(news) if event.failed]
