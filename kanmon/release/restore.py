"""Gives the stacks outside of the slots back to a release, after users are back on it (CD-10).

A change of these stacks reaches users at once, so it must not outlive its release. The ledger has each stack
as the release deployed it: template, parameters, tags. Only the deploy role writes that record. Its deploy
compared each template with its name, and a blob can't be written again, so no restoration compares it anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.ledger.records import KeptStack
from kanmon.model import Slot
from kanmon.naming import EDGE, SLOT, STACK_KINDS, stack_name
from kanmon.release.events import EventKind
from kanmon.release.provision import stack_at_rest
from kanmon.release.stack_outputs import outputs_of
from kanmon.stacks.policy import stack_policy
from kanmon.stacks.preflight import LIMITS
from kanmon.stacks.template import resources_of
from kanmon.templates.stack_set import is_protected

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanmon.ledger.records import StackRecord
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.ports import Services
    from kanmon.release.provision import Outputs
    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack

_REFUSALS = frozenset({Code.STACK_FAILED, Code.STACK_BUSY, Code.CHANGE_SET_FAILED})
"""CloudFormation's own refusals. A repetition would meet them, too."""
_OWN_ERRORS = frozenset({Code.CREDENTIALS_MISSING, Code.AWS_UNREACHABLE, Code.LEASE_LOST, Code.INTERRUPTED})
"""Errors of this run, whatever the stack: another run can restore it."""


def restore_stacks(
    services: Services, journal: Journal, target: LoadedRelease, kinds: Collection[str]
) -> bool:
    """Restore the stacks of these kinds, outside of the slots, as `target` deployed them; True for a change.

    A stack stays as it is when its state would be lost, or when CloudFormation refuses. The operation's
    record names it then. Another error leaves the operation open, and `recover` repeats this. When the same
    stack fails a second time, it stays as it is, too. Otherwise nobody could ever end an operation with users
    back already.
    """
    outputs = outputs_of(services, target.config, Slot.NONE)
    failed = frozenset(one.stack for one in journal.operation.kept)
    restoration, kept = _Restoration(services, journal, target, outputs, failed), dict[str, KeptStack]()
    changed = False
    # Users come first, with the outputs from before. A restoration may change outputs, so all their users get
    # these then, each after those that it needs.
    others = [kind for kind in target.record.stacks if kind != SLOT]
    for kind in (*_users_first(kinds, target), *reversed(_users_first(others, target))):
        if not restoration.due(kind, first=kind in kinds):
            continue
        name = stack_name(target.config.prefix, kind, Slot.NONE)
        try:
            changed |= restoration.restore(kind, name)
        except _KeptError as error:
            kept[name] = KeptStack(stack=name, reason=str(error))
            text = phrase("{stack} stays as it is: {reason}", stack=name, reason=error)
            journal.emit(EventKind.NOTE, text, stack=name)
    journal.note(kept=tuple(kept.values()))
    return changed


def _users_first(kinds: Collection[str], target: LoadedRelease) -> list[str]:
    """The kinds, each before those that it needs, as in a deletion."""
    order = [kind for kind in STACK_KINDS if kind in kinds]
    order += sorted(kind for kind in kinds if kind not in STACK_KINDS)
    recorded = target.record.stacks
    needs = {kind: recorded[kind].needs & set(order) if kind in recorded else set() for kind in order}
    return list(reversed(list(TopologicalSorter(needs).static_order())))


class _KeptError(Exception):
    """The reason for leaving a stack as it is."""


@dataclass(frozen=True)
class _Restoration:
    services: Services
    journal: Journal
    target: LoadedRelease
    outputs: Outputs
    failed: frozenset[str]
    """The stacks that an earlier run of this operation failed to restore."""
    done: set[str] = field(default_factory=set)
    """The kinds of the restored stacks, and of those that stay as they are."""
    moved: set[str] = field(default_factory=set)
    """The kinds of those with other outputs since."""

    def due(self, kind: str, *, first: bool) -> bool:
        """Whether to restore a stack: for the first time, or for the outputs of one that came after it."""
        recorded = self.target.record.stacks.get(kind)
        return (first and kind not in self.done) or bool(recorded and recorded.needs & self.moved)

    def restore(self, kind: str, name: str) -> bool:
        """Restore one stack; True for a change. Raises _KeptError, and errors for another run."""
        self.done.add(kind)
        stack, wanted = stack_at_rest(self.services, self.journal, name), self.target.record.stacks.get(kind)
        if stack is None and wanted is None:
            return False
        if wanted is None:
            raise _KeptError(phrase("{release} had none", release=self.target.id))
        if stack is None:
            raise _KeptError(phrase("it doesn't exist any more"))
        try:
            return self._apply(kind, stack, wanted)
        except KanmonError as error:
            if error.code in _OWN_ERRORS:
                raise
            reason = sentences(error.message, error.fix)
            if error.code in _REFUSALS or name in self.failed:
                raise _KeptError(reason) from error
            # The ledger has the failure before this run ends. Otherwise the next one would not know that it
            # is the second.
            failure = KeptStack(stack=name, reason=reason)
            self.journal.amend(kept=(*self.journal.operation.kept, failure))
            raise

    def _apply(self, kind: str, stack: DeployedStack, wanted: StackRecord) -> bool:
        stacks = self.services.stacks
        if is_protected(self.target.config, kind):
            # Close the policy that `allow_destroy` opened. Otherwise an update by anybody could replace the
            # database, until the next deploy.
            stacks.protect(stack.name, stack_policy(()))
        parameters = wanted.present_parameters(self.outputs)
        same = (stack.parameters, stack.tags) == (parameters, wanted.tags)
        whole = stack.status.endswith("_COMPLETE")
        if same and whole and _blob_name(stacks.body(stack.name)) == wanted.template:
            return False
        if kind == EDGE:
            self._refuse_lost_names(stacks.body(stack.name), wanted.template)
        url = self.services.blobs.url(wanted.template)
        change_set = stacks.create_change_set(stack.name, url, parameters, wanted.tags, existing=stack)
        if change_set is None:
            return False
        _refuse_loss(change_set, stateful=kind in self.target.config.stateful_stacks)
        restored = stacks.execute(change_set, lambda event: self.journal.emit_stack(kind, event))
        if restored.outputs != self.outputs.get(kind):
            self.outputs[kind] = restored.outputs
            self.moved.add(kind)
        text = phrase("{stack} is as {release} deployed it", stack=stack.name, release=self.target.id)
        self.journal.emit(EventKind.NOTE, text)
        return True

    def _refuse_lost_names(self, present: str, template: str) -> None:
        """Raise _KeptError when users would lose a domain name by which they may come."""
        names = _aliases(present)
        if not names:
            return
        former = self.services.blobs.get(template, LIMITS["bytes"]).decode()
        if lost := [name for name in names if name not in _aliases(former)]:
            raise _KeptError(phrase("to restore it would take users off {names}", names=", ".join(lost)))


def _aliases(body: str) -> list[str]:
    """The domain names of one's own in a template of the edge."""
    return [
        name
        for one in (resources_of(body) or {}).values()
        if one.type == "AWS::CloudFront::Distribution"
        for name in one.content.get("Properties", {}).get("DistributionConfig", {}).get("Aliases", [])
    ]


def _refuse_loss(change_set: ChangeSet, *, stateful: bool) -> None:
    """Raise _KeptError before the change set is executed. Otherwise the data would be gone already."""
    gone = [one for one in change_set.changes if (one.takes_away if stateful else one.destroys)]
    lost = [f"{one.logical_id} ({one.type})" for one in gone]
    if lost:
        problem = phrase("to restore it would delete or replace {resources}", resources=", ".join(lost))
        raise _KeptError(problem)
    empty = [f"{one.logical_id} ({one.type})" for one in change_set.changes if one.creates_state]
    if empty:
        problem = phrase(
            "to restore it would create {resources} anew, without the old data", resources=", ".join(empty)
        )
        raise _KeptError(problem)


def _blob_name(template: str) -> str:
    return hashlib.sha256(template.encode()).hexdigest()
