"""The rollback by hand: to a release that was stable before, without building anything (CD-9, CD-10)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Pointer, Result, State
from kanmon.release.background import follow
from kanmon.release.blueprint import SLOT, stack_name, tags
from kanmon.release.events import Kind
from kanmon.release.lease import lease
from kanmon.release.plan import outputs_of
from kanmon.release.preflight import refuse_missing
from kanmon.release.session import (
    Edition,
    Outcome,
    Session,
    as_failure,
    note_return,
    note_slot,
    open_attempt,
)

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.ledger import Head, Ledger, Release, Slot
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, World


def rollback_target(ledger: Ledger, wanted: str | None) -> Release:
    """The release that is meant: `wanted`, or the last stable one before the live one.

    Raises UNKNOWN_RELEASE, NO_ROLLBACK_TARGET.
    """
    head = ledger.head()
    if wanted is None:
        earlier = [release_id for release_id in head.stable if release_id != head.live]
        if not earlier:
            raise KanmonError(Code.NO_ROLLBACK_TARGET, "No other release was ever stable here.")
        wanted = earlier[-1]
    release = ledger.release(wanted)
    if release is None:
        raise KanmonError(Code.UNKNOWN_RELEASE, f"There is no release {wanted}.")
    if wanted == head.live and not head.held:
        raise KanmonError(Code.NO_ROLLBACK_TARGET, f"{wanted} is live already.")
    if release.stable_at is None:
        raise KanmonError(Code.NO_ROLLBACK_TARGET, f"{wanted} was never stable; it is {release.state.value}.")
    return release


@dataclass(frozen=True)
class Return:
    """What is approved when users are to be put back on a release: the bundle that they get."""

    release: str
    digest: str


def rollback(
    world: World,
    config: Config,
    target: Release,
    approver: ApprovalPort,
    observer: Observer,
    *,
    reason: str,
) -> Outcome:
    """Put users back on a release.

    Raises NOT_APPROVED, UNFINISHED, HELD, LOCKED, PLAN_STALE before anything changes.
    """
    head = world.ledger.head()
    approval = approver.approve(Return(target.id, target.bundle))
    with lease(world.ledger, world.actor) as held:
        slot = target.slot if _in_slot(world, config, head, target) else head.pointer.slot.other
        journal = open_attempt(
            world,
            held,
            observer,
            kind="rollback",
            release=target.id,
            slot=slot,
            reason=reason,
            expected=head,
            approval=approval,
        )
        return carry_out(Session(world, journal), config)


def carry_out(session: Session, config: Config) -> Outcome:
    """Do, or do again, what a rollback's attempt says. Every part of it may have been done before."""
    return _Rollback(session, config).run()


@dataclass
class _Rollback:
    session: Session
    config: Config

    def __post_init__(self) -> None:
        self.world = self.session.world
        self.journal = self.session.journal
        self.attempt = self.journal.attempt

    def run(self) -> Outcome:
        target, left = self.session.edition(self.attempt.release), self.session.edition(self.attempt.base)
        if target is None:
            raise KanmonError(Code.UNKNOWN_RELEASE, f"There is no release {self.attempt.release}.")
        began = time.monotonic()
        try:
            pointer = self._prepare(target)
            began = time.monotonic()
            self.session.go_back(target, left, pointer)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - it is told, and recover does it again
            return self._end_badly(error)
        self._finish(target, left, pointer, began)
        return Outcome(Result.ROLLED_BACK, target.release.id, self.journal.attempt)

    def _prepare(self, target: Edition) -> Pointer:
        """Make sure that the release is whole in a slot; where the API must point to reach it."""
        outputs = outputs_of(self.world, self.config, self.attempt.slot)
        self.session.entrance = self.world.entrance(target.manifest.config, outputs)
        # A run that died here before may have left its trial.
        self.session.close_trial()
        pointer = Pointer(deployment=target.release.pointer.deployment, slot=self.attempt.slot)
        if _in_slot(self.world, self.config, self.world.ledger.head(), target.release):
            return pointer
        with self.journal.step(
            State.PROVISIONED, f"putting {target.release.id} into the {pointer.slot} slot"
        ):
            self._reapply(target, pointer.slot)
        with self.journal.step(State.VERIFIED, f"checking {target.release.id} as candidate"):
            self.session.open_entrance.web.publish(target.release.id, target.manifest)
            trial = self.session.open_trial(target.release.id, pointer)
            self.session.check(target.manifest.config.checks, trial)
        self.session.close_trial()
        self.world.ledger.amend_release(target.release.id, slot=pointer.slot, pointer=pointer)
        return pointer

    def _reapply(self, target: Edition, slot: Slot) -> None:
        name = stack_name(self.config, SLOT, slot)
        refuse_missing(self.world.blobs, target.manifest)
        self.journal.guard()
        note_slot(self.world, slot, None)
        change_set = self.world.stacks.propose(
            name,
            self.world.blobs.url(target.release.slot_template),
            target.release.slot_parameters | {"Slot": slot.value},
            tags(self.config),
            existing=self.world.stacks.find(name),
        )
        if change_set:
            self.world.stacks.execute(change_set, lambda event: self.journal.tell_stack(SLOT, event))
        note_slot(self.world, slot, target.release.id)

    def _finish(self, target: Edition, left: Edition | None, pointer: Pointer, began: float) -> None:
        confirmed = self.session.confirm(target)
        seconds = round(time.monotonic() - began, 3)
        self.journal.amend(rollback_seconds=seconds)
        self.journal.tell(
            Kind.TRAFFIC,
            f"users are on {target.release.id}" + ("" if confirmed else ", though its checks do not pass"),
            seconds=seconds,
            calls=self.journal.attempt.traffic_calls,
        )
        # It may have been put into another slot than it had.
        live = replace(target, release=target.release.model_copy(update={"slot": pointer.slot}))
        with self.journal.step(State.ROLLED_BACK, f"{self.attempt.base} was taken back"):
            self.session.settle_api(target)
            if left:
                self.session.open_entrance.web.settle(target.manifest, left.manifest)
                self.world.ledger.amend_release(left.release.id, state=State.ROLLED_BACK)
            follow(self.session, pointer.slot, live, left)
            self.world.ledger.amend_release(target.release.id, state=State.STABLE)
            note_return(self.world, self.attempt, target.release.id, pointer, self.attempt.reason)
        self.journal.close(Result.ROLLED_BACK)

    def _end_badly(self, error: BaseException) -> Outcome:
        known = as_failure(error)
        if known.code is Code.LEASE_LOST:
            raise known from error
        self.journal.tell(Kind.FAILURE, known.message, code=known.code.id)
        if self.journal.attempt.state.takes_traffic:
            # Half moved: the attempt stays open, and the next run does it again.
            failed = KanmonError(Code.ROLLBACK_FAILED, known.message, where=known.where)
            return Outcome(Result.FAILED, self.attempt.release, self.journal.attempt, failed)
        self.session.close_trial()
        self.journal.close(Result.ABORTED, known)
        return Outcome(Result.ABORTED, self.attempt.release, self.journal.attempt, known)


def _in_slot(world: World, config: Config, head: Head, release: Release) -> bool:
    """The release is still whole in a slot, so that moving the pointers is all that is needed."""
    if head.slots.get(release.slot) != release.id:
        return False
    stack = world.stacks.find(stack_name(config, SLOT, release.slot))
    return bool(stack and stack.status.endswith("_COMPLETE") and stack.outputs.get("Release") == release.id)
