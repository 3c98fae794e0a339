"""Triggers are on in the live slot only: what makes a slot work without a request of the API.

**Schedules and queues.**

A slot's stack has the parameter `Triggers` when its app has any. A release comes up with its triggers off,
and its record keeps them off. Kanmon switches them on in the live slot's stack only, not in the record.

The switch comes after the operation has decided the live slot. Users come first, and an aborted candidate
must never have processed a message.

The other slot is switched off first, then the live one on. With the live one first, a run that dies between
the two would leave two releases at work on the same queue. In this order it leaves a pause: messages wait in
their queue, and a schedule within this minute is skipped.

**The user pool.** Cognito calls functions when users sign up and log in (:mod:`kanmon.stacks.user_triggers`).
Users are on one release with them, so they move with the pointers, and not with schedules and queues. A
release moves them before the API and the page: no user is on it before its triggers are there, and its
checks and its bake go through them. A rollback moves users first, and then the pool: a change set takes half
a minute. During a canary the pool stays with the stable release.

When a switch fails, users are on the right release already and stay there. The operation stays open, and
`recover` repeats the switch. A repeated switch changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Slot
from kanmon.naming import FOUNDATION, OFF, ON, SLOT, Parameter, stack_name
from kanmon.release.events import EventKind
from kanmon.release.plan import template_digest
from kanmon.release.provision import stack_at_rest
from kanmon.stacks.user_triggers import called, triggers_of

if TYPE_CHECKING:
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.ports import Services
    from kanmon.stacks.changes import Change
    from kanmon.stacks.cloudformation import DeployedStack

_TRIGGER_TYPES = frozenset({"AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"})
_POOL_TYPES = frozenset(
    f"AWS::Cognito::{name}"
    for name in ("UserPool", "UserPoolClient", "UserPoolDomain", "UserPoolResourceServer")
)
"""The pool, and what names it: CloudFormation may list those, too, though the pool's id stays."""


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


def switch_user_triggers(
    services: Services, journal: Journal, prefix: str, live: LoadedRelease | None, left: LoadedRelease | None
) -> None:
    """Let the user pool call the functions of the `live` release, and of no other one.

    An app without triggers of its pool needs no call. Raises SLOT_CHANGED, STACK_BUSY, STACK_FAILED.
    """
    if not uses_user_triggers(live, left):
        return
    name = stack_name(prefix, FOUNDATION, Slot.NONE)
    stack = stack_at_rest(services, journal, name)
    if stack is None:
        # Without the pool nobody can log in, and nothing is left to move.
        return
    wanted = triggers_of(live.record.pool_triggers if live else {})
    # A template of an earlier Kanmon has no such parameters. The restoration of the stack brings both.
    moved = {key: value for key, value in wanted.items() if key in stack.parameters}
    # The deployed template, not a record's: a stack that could not be restored keeps a newer one.
    template = template_digest(services.stacks.body(name))
    if _executed(services, journal, stack, _Switch(FOUNDATION, template, moved, _POOL_TYPES)):
        journal.emit(EventKind.NOTE, _called(sorted({*called(moved).values()}), live))


def _called(functions: list[str], live: LoadedRelease | None) -> str:
    if live is None:
        return phrase("the user pool calls no function")
    if not functions:
        return phrase("the user pool calls no function of {release}", release=live.id)
    names = ", ".join(functions)
    return phrase("the user pool calls {functions} of {release}", functions=names, release=live.id)


def uses_user_triggers(*releases: LoadedRelease | None) -> bool:
    """Whether the user pool calls functions of one of the releases."""
    return any(one is not None and called(one.record.pool_triggers) for one in releases)


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
        raise _changed(name, phrase("The stack doesn't exist any more."))
    switch = _Switch(SLOT, recorded.template, {Parameter.TRIGGERS: wanted}, _TRIGGER_TYPES)
    if _executed(services, journal, stack, switch):
        on = phrase("the triggers of {release} are on", release=release.id)
        off = phrase("the triggers of {release} are off", release=release.id)
        journal.emit(EventKind.NOTE, on if wanted == ON else off, state=wanted)


@dataclass(frozen=True)
class _Switch:
    """Values of a stack's parameters."""

    kind: str
    template: str
    """The blob of the stack's template."""
    values: dict[str, str]
    types: frozenset[str]
    """The types of the resources that may change."""


def _executed(services: Services, journal: Journal, stack: DeployedStack, switch: _Switch) -> bool:
    """Give a stack the values by a change set; True for a change. Raises SLOT_CHANGED for any other one."""
    parameters = stack.parameters | switch.values
    if stack.parameters == parameters:
        return False
    change_set = services.stacks.create_change_set(
        stack.name,
        services.blobs.url(switch.template),
        parameters,
        # Keep the stack's own tags. New tags would change every resource; the next release brings them.
        stack.tags,
        existing=stack,
    )
    if change_set is None:
        return False
    # Refuse before `execute`. Somebody may have changed the stack by hand, and CloudFormation would reset a
    # function with users on it.
    others = [change for change in change_set.changes if not _only_switches(change, switch.types)]
    if others:
        names = ", ".join(f"{change.logical_id} ({change.type})" for change in others)
        problem = phrase("To switch triggers would change {names} too; nothing was executed.", names=names)
        raise _changed(stack.name, problem)
    services.stacks.execute(change_set, lambda event: journal.emit_stack(switch.kind, event))
    return True


def _changed(stack: str, problem: str) -> KanmonError:
    return KanmonError(Code.SLOT_CHANGED, problem, where=stack, fix=Code.SLOT_CHANGED.fix_with(STACK=stack))


def _only_switches(change: Change, types: frozenset[str]) -> bool:
    return (change.action, change.replacement) == ("Modify", "False") and change.type in types
