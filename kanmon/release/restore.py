"""Gives the stacks outside of the slots back to a release, after users are back on it (CD-10).

A change of these stacks reaches users at once, so it must not outlive its release. The ledger has each stack
as the release deployed it: template, parameters, tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger.records import KeptStack
from kanmon.model import Slot
from kanmon.naming import STACK_KINDS, stack_name
from kanmon.release.events import EventKind
from kanmon.release.provision import stack_at_rest

if TYPE_CHECKING:
    from collections.abc import Container

    from kanmon.ledger.records import StackRecord
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.ports import Services
    from kanmon.stacks.cloudformation import DeployedStack

_REFUSALS = frozenset({Code.STACK_FAILED, Code.STACK_BUSY, Code.CHANGE_SET_FAILED})
"""CloudFormation's own refusals. A repetition would meet them, too."""
_NOBODY = frozenset({Code.CREDENTIALS_MISSING, Code.AWS_UNREACHABLE, Code.LEASE_LOST, Code.INTERRUPTED})
"""Errors of this run, whatever the stack: another run can restore it."""


def restore_stacks(
    services: Services, journal: Journal, target: LoadedRelease | None, kinds: Container[str]
) -> None:
    """Restore the stacks of these kinds, outside of the slots, as `target` deployed them.

    A stack stays as it is when its state would be lost, or when CloudFormation refuses. The operation's
    record names it then. Another error leaves the operation open, and `recover` repeats this. A second time,
    the stack stays as it is, too. Otherwise nobody could ever end an operation with users back already.
    """
    if target is None:
        # Nothing was live before. The stacks are all there is; the next release changes them.
        return
    kept = []
    # A stack comes before those that it needs, as in a deletion.
    for kind in (kind for kind in reversed(STACK_KINDS) if kind in kinds):
        name = stack_name(target.config.prefix, kind, Slot.NONE)
        if reason := _restore(services, journal, kind, name, target):
            kept.append(KeptStack(stack=name, reason=reason))
            journal.emit(EventKind.NOTE, f"{name} stays as it is: {reason}", stack=name)
    journal.note(kept=tuple(kept))


def _restore(services: Services, journal: Journal, kind: str, name: str, target: LoadedRelease) -> str:
    """Restore one stack. Returns the reason for leaving it as it is; empty when it is restored."""
    stack, wanted = stack_at_rest(services, journal, name), target.record.stacks.get(kind)
    if wanted is None:
        return f"{target.id} had none" if stack else ""
    if stack is None:
        return "it doesn't exist any more"
    try:
        if _is_restored(services, stack, wanted):
            return ""
        change_set = services.stacks.create_change_set(
            name, services.blobs.url(wanted.template), wanted.parameters, wanted.tags, existing=stack
        )
        if change_set is None:
            return ""
        # Refuse before the change set is executed. Otherwise the data would be gone already.
        if lost := [f"{one.logical_id} ({one.type})" for one in change_set.changes if one.destroys]:
            return f"to restore it would delete or replace {', '.join(lost)}"
        services.stacks.execute(change_set, lambda event: journal.emit_stack(kind, event))
    except KanmonError as error:
        again = [one.step for one in journal.operation.steps].count(journal.operation.step) > 1
        if error.code in _NOBODY or not (again or error.code in _REFUSALS):
            raise
        return f"{error.message} {error.fix}"
    journal.emit(EventKind.NOTE, f"{name} is as {target.id} deployed it", stack=name)
    return ""


def _is_restored(services: Services, stack: DeployedStack, wanted: StackRecord) -> bool:
    same = (stack.parameters, stack.tags) == (wanted.parameters, wanted.tags)
    if not same or not stack.status.endswith("_COMPLETE"):
        return False
    return services.stacks.body(stack.name).encode() == services.blobs.get(wanted.template)
