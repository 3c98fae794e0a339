"""The rollback by hand: to an earlier stable release, without a build (CD-9, CD-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanmon.bundle.blobs import refuse_missing
from kanmon.errors import Code, KanmonError
from kanmon.model import OperationKind, Pointer, Result, State
from kanmon.naming import SLOT, Output, Parameter, stack_name
from kanmon.release.deploy import report_return
from kanmon.release.journal import as_failure
from kanmon.release.lease import lease
from kanmon.release.plan import outputs_of
from kanmon.release.steps import (
    LoadedRelease,
    Outcome,
    Steps,
    end_of,
    open_operation,
    record_return,
    record_slot,
    refuse_open,
)
from kanmon.release.triggers import switch_triggers
from kanmon.templates.stack_set import tags

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Head, Release
    from kanmon.model import Slot
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, Services


def default_target(ledger: Ledger, live: Release | None) -> Release | None:
    """The last stable release before the live one: its base, or the base's base when that was rolled back."""
    release = live
    while release and release.base:
        release = ledger.release(release.base)
        if release and release.state is State.STABLE:
            return release
    return None


def rollback_target(ledger: Ledger, wanted: str | None) -> Release:
    """The release to return to: `wanted`, or the last stable one before the live one.

    Raises UNKNOWN_RELEASE, NO_ROLLBACK_TARGET.
    """
    head = ledger.head()
    if wanted is None:
        live = ledger.release(head.live) if head.live else None
        target = default_target(ledger, live)
        if target is None:
            problem = f"No stable release was live before {head.live}." if head.live else "Nothing is live."
            raise KanmonError(Code.NO_ROLLBACK_TARGET, problem)
        return target
    release = ledger.release(wanted)
    if release is None:
        raise KanmonError(Code.UNKNOWN_RELEASE, f"There is no release {wanted}.")
    if wanted == head.live and not head.held:
        raise KanmonError(Code.NO_ROLLBACK_TARGET, f"{wanted} is live already.")
    if release.stable_at is None:
        raise KanmonError(Code.NO_ROLLBACK_TARGET, f"{wanted} was never stable; it is {release.state.value}.")
    return release


@dataclass(frozen=True)
class RollbackRequest:
    """A rollback as a reviewer approves it: the release, and the digest of its bundle."""

    release: str
    digest: str


def rollback(
    services: Services,
    config: Config,
    target: Release,
    approver: ApprovalPort,
    observer: Observer,
    *,
    reason: str,
) -> Outcome:
    """Return users to a release.

    A failure after the start is in the outcome; a refusal before it is raised: NOT_APPROVED, UNFINISHED,
    HELD, LOCKED, PLAN_STALE.
    """
    head = services.ledger.head()
    # Refuse first. Otherwise people would review a rollback that can't run.
    refuse_open(head)
    # The lease comes after the approval, because a review may take days. Otherwise this run would hold the
    # lease for days, and no other run could roll back meanwhile.
    approval = approver.approve(RollbackRequest(target.id, target.bundle))
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        slot = target.slot if is_in_slot(services, config, head, target) else head.pointer.slot.other
        journal = open_operation(
            services,
            held,
            observer,
            kind=OperationKind.ROLLBACK,
            release=target.id,
            slot=slot,
            reason=reason,
            expected=head,
            approval=approval,
        )

        def walk() -> Outcome:
            journal.begin()
            return carry_out(Steps(services, journal), config)

        return end_of(journal, walk)


def carry_out(steps: Steps, config: Config) -> Outcome:
    """Carry out a rollback's operation, or repeat it. Every step may have been done before."""
    return _Rollback(steps, config).run()


@dataclass
class _Rollback:
    steps: Steps
    config: Config

    def __post_init__(self) -> None:
        self.services = self.steps.services
        self.journal = self.steps.journal
        self.operation = self.journal.operation

    def run(self) -> Outcome:
        target, left = self.steps.require(self.operation.release), self.steps.load(self.operation.base)
        try:
            pointer = self._prepare(target)
            began = self.services.clock.monotonic()
            self.steps.return_users(target, left, pointer)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - it is reported, and recover repeats it
            return self._handle_failure(error)
        self._complete(target, left, pointer, began)
        return Outcome(Result.ROLLED_BACK, target.id, self.journal.operation)

    def _prepare(self, target: LoadedRelease) -> Pointer:
        """Bring the release completely into a slot; the API's pointer to it."""
        outputs = outputs_of(self.services, self.config, self.operation.slot)
        self.steps.opened = self.services.site(target.manifest.config, outputs)
        # An earlier run may have died here and left its preview open. Close it before the new one. Otherwise
        # the new token would replace the old one in the ledger, and nobody could close the old preview.
        self.steps.close_preview()
        pointer = Pointer(deployment=target.record.pointer.deployment, slot=self.operation.slot)
        # Read the head again: during the approval a failed deploy may have changed the slot. With the head
        # from before the approval, users would move into a half-updated slot.
        if is_in_slot(self.services, self.config, self.journal.writer.head, target.record):
            return pointer
        with self.journal.step(State.PROVISIONED, f"putting {target.id} into the {pointer.slot} slot"):
            self._reapply(target, pointer.slot)
        with self.journal.step(State.VERIFIED, f"checking {target.id} as candidate"):
            # The files come before the preview. Otherwise the checks of the page would get 404.
            self.steps.site.web.publish(target.id, target.files)
            candidate = self.steps.open_preview(target.id, pointer)
            self.steps.check(target.manifest.config.checks, candidate)
        self.steps.close_preview()
        # The record gets its slot before users move. Otherwise a run that dies after the move would be
        # repeated from the old record: it would update the slot with users on it.
        self.journal.writer.amend_release(target.id, slot=pointer.slot, pointer=pointer)
        return pointer

    def _reapply(self, target: LoadedRelease, slot: Slot) -> None:
        name = stack_name(self.config.prefix, SLOT, slot)
        # Look for the blobs first. Otherwise CloudFormation would miss a package in the middle of the update,
        # and the slot would be broken.
        refuse_missing(self.services.blobs, target.manifest)
        # Empty the slot's entry in the head before its stack changes. Otherwise a run that dies in `execute`
        # would leave the old entry, and a rollback would move users into a half-updated slot.
        record_slot(self.journal, slot, None)
        change_set = self.services.stacks.create_change_set(
            name,
            self.services.blobs.url(target.record.slot_template),
            target.record.slot_parameters | {Parameter.SLOT: slot.value},
            tags(self.config),
            existing=self.services.stacks.find(name),
        )
        if change_set:
            self.services.stacks.execute(change_set, lambda event: self.journal.emit_stack(SLOT, event))
        record_slot(self.journal, slot, target.id)

    def _complete(
        self, target: LoadedRelease, left: LoadedRelease | None, pointer: Pointer, began: float
    ) -> None:
        report_return(self.steps, target, began)
        # `target` was loaded before `_prepare`. The release may be in the other slot now.
        live = replace(target, record=target.record.model_copy(update={"slot": pointer.slot}))
        with self.journal.step(State.ROLLED_BACK, f"{self.operation.base} was rolled back"):
            # Users are back. After an error from here on the operation stays open, and `recover` repeats it.
            self.steps.apply_settings(target)
            if left:
                # Old files go after the move. Otherwise the live page would lose its files.
                self.steps.site.web.delete_stale_files(target.files, left.files)
                if left.record.number > target.record.number:
                    self.journal.writer.amend_release(left.id, state=State.ROLLED_BACK)
            switch_triggers(self.steps, pointer.slot, live, left)
            self.journal.writer.amend_release(target.id, state=State.STABLE)
            record_return(self.journal, target.id, pointer, self.operation.reason)
        # The operation closes after the head is back. Otherwise a run that dies here would leave the old slot
        # in the head as live, and the next deploy would update the slot with users on it.
        self.journal.close(Result.ROLLED_BACK)

    def _handle_failure(self, error: BaseException) -> Outcome:
        known = as_failure(error)
        if known.code is Code.LEASE_LOST:
            # Another run has the lease, and it decides.
            raise known from error
        self.journal.record_failure(known)
        if self.journal.operation.state.takes_traffic:
            # Users may be on the page of one release and the API of the other. The operation stays open, and
            # `recover` repeats it. Closed, it would leave them there.
            raise known from error
        # The operation closes last. Otherwise a run that dies here would leave the preview open, and
        # `recover` looks at open operations only.
        self.steps.close_preview()
        self.journal.close(Result.ABORTED, known)
        return Outcome(Result.ABORTED, self.operation.release, self.journal.operation, known)


def is_in_slot(services: Services, config: Config, head: Head, release: Release) -> bool:
    """True when the release is still complete in its slot: then a move of the pointers is enough."""
    if head.slots.get(release.slot) != release.id:
        return False
    stack = services.stacks.find(stack_name(config.prefix, SLOT, release.slot))
    if stack is None or not stack.status.endswith("_COMPLETE"):
        return False
    return stack.outputs.get(Output.RELEASE) == release.id
