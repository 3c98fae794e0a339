"""Background work follows the live slot: schedules and queues are at work in it, and in no other.

A slot's stack has the parameter `Background` when its app has such work. A release comes up with it off,
and is recorded so: what is turned on later is the slot that is live, not the release.

The slots follow when an attempt has decided who is live: users come first, and a candidate that is taken
back has never worked. First the other slot is turned off, then the live one on, so that no work is ever
done by two releases at once. A message waits in its queue meanwhile; a moment of a schedule that falls
between, about a minute, is passed over.

Where this fails, users are on the right release already and stay there. The attempt stays open, so that
`recover` does it again: it is the same whenever and however often it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.release.blueprint import BACKGROUND, OFF, ON, SLOT, stack_name
from kanmon.release.events import Kind

if TYPE_CHECKING:
    from kanmon.cloudformation import Change, DeployedStack
    from kanmon.ledger import Slot
    from kanmon.release.session import Edition, Session

_TRIGGERS = frozenset({"AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"})
_LOOK_EVERY, _LOOKS = 5.0, 120


def follow(session: Session, live: Slot, *editions: Edition | None) -> None:
    """Turn background work off and on by where each release is; `editions` are those in the slots.

    For an app without such work nothing is called. Raises SLOT_CHANGED, STACK_BUSY, STACK_FAILED.
    """
    working = [one for one in editions if one and BACKGROUND in one.release.slot_parameters]
    for edition in sorted(working, key=lambda one: one.release.slot is live):
        _turn(session, edition, ON if edition.release.slot is live else OFF)


def _turn(session: Session, edition: Edition, wanted: str) -> None:
    world, release = session.world, edition.release
    name = stack_name(edition.manifest.config, SLOT, release.slot)
    stack = _at_rest(session, name)
    if stack.parameters.get(BACKGROUND) == wanted:
        return
    change_set = world.stacks.propose(
        name,
        world.blobs.url(release.slot_template),
        release.slot_parameters | {"Slot": release.slot.value, BACKGROUND: wanted},
        # Other tags would be a change of everything; the next release brings them.
        stack.tags,
        existing=stack,
    )
    if change_set is None:
        return
    others = [change for change in change_set.changes if not _turns(change)]
    if others:
        told = ", ".join(f"{change.logical_id} ({change.type})" for change in others)
        problem = f"To turn background work {_word(wanted)} would change {told} too; nothing was executed."
        raise KanmonError(Code.SLOT_CHANGED, problem, where=name)
    session.journal.guard()
    world.stacks.execute(change_set, lambda event: session.journal.tell_stack(SLOT, event))
    session.journal.tell(Kind.NOTE, f"background work of {release.id} is {_word(wanted)}", state=wanted)


def _turns(change: Change) -> bool:
    """The change does nothing but turn a trigger on or off."""
    return (change.action, change.replacement) == ("Modify", "False") and change.type in _TRIGGERS


def _at_rest(session: Session, name: str) -> DeployedStack:
    """The stack when CloudFormation has ended what it does to it: a run may have died in the middle."""
    looks = 0
    while (stack := session.world.stacks.find(name)) and stack.status.endswith("_IN_PROGRESS"):
        looks += 1
        if looks == _LOOKS:
            break
        session.world.pause(_LOOK_EVERY)
    if stack is None:
        raise KanmonError(Code.SLOT_CHANGED, "There is no such stack any more.", where=name)
    return stack


def _word(state: str) -> str:
    return "on" if state == ON else "off"
