"""The events of a stack: one line each of its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    )
