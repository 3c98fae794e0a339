"""Triggers are on in the live slot only: schedules and queues make a slot work without a request.

A slot's stack has the parameter `Triggers` when its app has any. A release comes up with its triggers off,
and its record keeps them off. Kanmon switches them on in the live slot's stack only, not in the record.

The switch comes after the operation has decided the live slot. Users come first, and an aborted candidate
must never have processed a message.

The other slot is switched off first, then the live one on. With the live one first, a run that dies between
the two would leave two releases at work on the same queue. In this order it leaves a pause: messages wait in
their queue, and a schedule within this minute is skipped.

When a switch fails, users are on the right release already and stay there. The operation stays open, and
`recover` repeats the switch. A repeated switch changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import OFF, ON, SLOT, Parameter, stack_name
from kanmon.release.events import EventKind
from kanmon.release.provision import stack_at_rest

if TYPE_CHECKING:
    from kanmon.model import Slot
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.ports import Services
    from kanmon.stacks.changes import Change

_TRIGGER_TYPES = frozenset({"AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"})


def switch_triggers(
    services: Services, journal: Journal, live: Slot, *in_slots: LoadedRelease | None
) -> None:
    """Switch the triggers of the `live` slot on, and those of the other slot off.

    `in_slots` has the releases in the slots. An app without triggers needs no call. Raises SLOT_CHANGED,
    STACK_BUSY, STACK_FAILED.
    """
    with_triggers = [one for one in in_slots if one and _has_triggers(one)]
    # Off first, then on. Otherwise two releases could work on the same queue.
    for loaded in sorted(with_triggers, key=lambda one: one.record.slot is live):
        _switch(services, journal, loaded, ON if loaded.record.slot is live else OFF)


def _has_triggers(loaded: LoadedRelease) -> bool:
    stack = loaded.record.stacks.get(SLOT)
    return stack is not None and Parameter.TRIGGERS in stack.parameters


def _switch(services: Services, journal: Journal, loaded: LoadedRelease, wanted: str) -> None:
    release, recorded = loaded.record, loaded.record.stacks[SLOT]
    name = stack_name(loaded.config.prefix, SLOT, release.slot)
    stack = stack_at_rest(services, journal, name)
    if stack is None and wanted == OFF:
        # A stack that somebody deleted has no triggers. Otherwise no rollback from it could ever end.
        return
    if stack is None:
        raise _changed(name, "The stack doesn't exist any more.")
    if stack.parameters.get(Parameter.TRIGGERS) == wanted:
        return
    change_set = services.stacks.create_change_set(
        name,
        services.blobs.url(recorded.template),
        stack.parameters | {Parameter.TRIGGERS: wanted},
        # Keep the stack's own tags. New tags would change every resource; the next release brings them.
        stack.tags,
        existing=stack,
    )
    if change_set is None:
        return
    # Refuse before `execute`. Somebody may have changed the stack by hand, and CloudFormation would reset a
    # function with users on it.
    others = [change for change in change_set.changes if not _only_switches(change)]
    if others:
        names = ", ".join(f"{change.logical_id} ({change.type})" for change in others)
        problem = f"To switch triggers {_on_or_off(wanted)} would change {names} too; nothing was executed."
        raise _changed(name, problem)
    services.stacks.execute(change_set, lambda event: journal.emit_stack(SLOT, event))
    text = f"the triggers of {release.id} are {_on_or_off(wanted)}"
    journal.emit(EventKind.NOTE, text, state=wanted)


def _changed(stack: str, problem: str) -> KanmonError:
    return KanmonError(Code.SLOT_CHANGED, problem, where=stack, fix=Code.SLOT_CHANGED.fix_with(STACK=stack))


def _only_switches(change: Change) -> bool:
    return (change.action, change.replacement) == ("Modify", "False") and change.type in _TRIGGER_TYPES


def _on_or_off(state: str) -> str:
    return "on" if state == ON else "off"
