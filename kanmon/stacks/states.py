"""The states of a stack, and the way out of each state without updates.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanmon.stacks.stack_events import StackEvent

READY = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
"""States in which a stack takes an update."""
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"})
CREATION_UNDONE = "ROLLBACK_COMPLETE"
"""The creation failed, and CloudFormation has deleted what it made. Only the stack's name is taken."""
REVIEWED = "REVIEW_IN_PROGRESS"
"""The stack has change sets for its creation, and none was executed."""
DELETED = "DELETE_COMPLETE"
"""The stack is known by its id alone, for 90 days."""
ABSENT = frozenset({REVIEWED, DELETED, CREATION_UNDONE})
"""States without any resource."""
BROKEN = frozenset({"CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""The creation or the deletion failed, and some resources are left."""


def refuse_update(name: str, status: str, left: Sequence[str] = ()) -> KanmonError:
    """The error for a stack that takes no update now. `left` are the resources of a broken one, in words."""
    problem = phrase("The stack is {status}.{left}", status=status, left=stays(left))
    return KanmonError(Code.STACK_BUSY, problem, where=name, fix=way_out(name, status))


def way_out(name: str, status: str) -> str:
    """The fix for a stack in a state without updates."""
    if status == "UPDATE_ROLLBACK_FAILED":
        return phrase(
            "Repair the resource in the stack's last failed event, then run "
            "`aws cloudformation continue-update-rollback --stack-name {name}`.",
            name=name,
        )
    if status not in BROKEN:
        return phrase("Wait until CloudFormation has finished with this stack, then run the command again.")
    if status == "DELETE_FAILED":
        # Somebody may have tried to delete the stack of the live release. It still has its users.
        return phrase(
            "Users may need this stack: `kanmon status` names the live release. To keep the named resources, "
            "run `aws cloudformation delete-stack --stack-name {name} --retain-resources` with their logical "
            "ids, and import them into a new stack of this name. If nobody needs them, delete each in its "
            "own service, and run `aws cloudformation delete-stack --stack-name {name}`. Then run this "
            "command again.",
            name=name,
        )
    return phrase(
        "The creation of this stack failed. As an administrator, delete each named resource in its own "
        "service. Then run `aws cloudformation delete-stack --stack-name {name}` and this command again. "
        "`kanmon destroy` removes the environment.",
        name=name,
    )


def stays(left: Sequence[str]) -> str:
    """The sentence about resources that CloudFormation could not delete, with a blank before it."""
    return phrase(" CloudFormation could not delete {left}.", left="; ".join(left)) if left else ""


def undeleted(events: Iterable[StackEvent]) -> list[str]:
    """The resources whose last event is a failed deletion, in words. The newest event comes first."""
    last: dict[str, StackEvent] = {}
    for event in events:
        if not event.is_stacks_own:
            last.setdefault(event.logical_id, event)
    return [
        f"{one.logical_id} ({one.type} {one.physical_id}): {one.reason.rstrip('.')}"
        for one in last.values()
        if one.status == "DELETE_FAILED"
    ]


def validation(events: Iterable[Mapping[str, object]]) -> str:
    """What CloudFormation found wrong before it changed anything, in words; empty for nothing."""
    return "; ".join(
        phrase(
            "{resource} ({type}) failed: {reason}",
            resource=event.get("LogicalResourceId"),
            type=event.get("ResourceType"),
            reason=str(event.get("ValidationStatusReason", "")).rstrip("."),
        )
        for event in events
        if event.get("EventType") == "VALIDATION_ERROR"
    )
