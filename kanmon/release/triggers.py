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

from kanmon.aws.polling import polls
from kanmon.errors import Code, KanmonError
from kanmon.naming import OFF, ON, SLOT, Parameter, stack_name
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from kanmon.model import Slot
    from kanmon.release.steps import LoadedRelease, Steps
    from kanmon.stacks.changes import Change
    from kanmon.stacks.cloudformation import DeployedStack

_TRIGGER_TYPES = frozenset({"AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"})
_LONGEST_WAIT = 600.0


def switch_triggers(steps: Steps, live: Slot, *in_slots: LoadedRelease | None) -> None:
    """Switch the triggers of the `live` slot on, and those of the other slot off.

    `in_slots` has the releases in the slots. An app without triggers needs no call. Raises SLOT_CHANGED,
    STACK_BUSY, STACK_FAILED.
    """
    with_triggers = [one for one in in_slots if one and Parameter.TRIGGERS in one.record.slot_parameters]
    # Off first, then on. Otherwise two releases could work on the same queue.
    for loaded in sorted(with_triggers, key=lambda one: one.record.slot is live):
        _switch(steps, loaded, ON if loaded.record.slot is live else OFF)


def _switch(steps: Steps, loaded: LoadedRelease, wanted: str) -> None:
    services, release = steps.services, loaded.record
    name = stack_name(loaded.manifest.config.prefix, SLOT, release.slot)
    stack = _wait_for_stack(steps, name)
    if stack.parameters.get(Parameter.TRIGGERS) == wanted:
        return
    change_set = services.stacks.create_change_set(
        name,
        services.blobs.url(release.slot_template),
        release.slot_parameters | {Parameter.SLOT: release.slot.value, Parameter.TRIGGERS: wanted},
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
        raise KanmonError(Code.SLOT_CHANGED, problem, where=name)
    services.stacks.execute(change_set, lambda event: steps.journal.emit_stack(SLOT, event))
    text = f"the triggers of {release.id} are {_on_or_off(wanted)}"
    steps.journal.emit(EventKind.NOTE, text, state=wanted)


def _only_switches(change: Change) -> bool:
    return (change.action, change.replacement) == ("Modify", "False") and change.type in _TRIGGER_TYPES


def _wait_for_stack(steps: Steps, name: str) -> DeployedStack:
    """The stack after CloudFormation's work on it: a run may have died in the middle of an update."""
    for _ in polls(steps.services.clock, limit=_LONGEST_WAIT):
        stack = steps.services.stacks.find(name)
        if stack is None or not stack.status.endswith("_IN_PROGRESS"):
            break
    if stack is None:
        raise KanmonError(Code.SLOT_CHANGED, "The stack doesn't exist any more.", where=name)
    return stack


def _on_or_off(state: str) -> str:
    return "on" if state == ON else "off"
