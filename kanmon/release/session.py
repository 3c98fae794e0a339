"""What every attempt shares: it opens under the lease, and one place moves both pointers, either way."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon.checks import Target
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Attempt, Freeze, Pointer, Release, Result, Slot, State
from kanmon.release.events import Kind
from kanmon.release.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.bundle import Manifest
    from kanmon.checks import CheckResult
    from kanmon.config import Check
    from kanmon.ledger import Approval, Head
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease
    from kanmon.release.ports import Entrance, World


class ChecksFailedError(KanmonError):
    """Smoke checks failed; `failed` are those checks."""

    def __init__(self, failed: tuple[Check, ...], target: Target, told: str) -> None:
        super().__init__(Code.CHECK_FAILED, told, where=f"{target.release} as {target.name}")
        self.failed = failed


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    result: Result
    release: str
    attempt: Attempt | None = None
    failure: KanmonError | None = None


@dataclass(frozen=True)
class Edition:
    """A release with its manifest: all that is needed to show it to users."""

    release: Release
    manifest: Manifest


@dataclass
class Session:
    """One attempt under the lease."""

    world: World
    journal: Journal
    entrance: Entrance | None = field(default=None)

    @property
    def open_entrance(self) -> Entrance:
        """The entrance; an attempt that comes here without one is a bug of the caller."""
        if self.entrance is None:
            raise KanmonError(Code.INTERNAL, "The entrance isn't open yet.")
        return self.entrance

    def edition(self, release_id: str | None) -> Edition | None:
        """A recorded release with its manifest."""
        release = self.world.ledger.release(release_id) if release_id else None
        return Edition(release, self.world.blobs.manifest(release.bundle)) if release else None

    def check(self, checks: Sequence[Check], target: Target) -> None:
        """Run checks, record them, raise ChecksFailedError when one failed."""
        results = self.open_entrance.checks.run(checks, target)
        self.journal.record_checks(results)
        refuse_failed(results)

    def passes(self, checks: Sequence[Check], target: Target) -> bool:
        """Run checks and record them; whether all passed."""
        try:
            self.check(checks, target)
        except ChecksFailedError:
            return False
        return True

    def open_trial(self, release_id: str, pointer: Pointer) -> Target:
        """Make a release reachable through the edge for those who have the link, before any user."""
        token = f"{release_id}-{secrets.token_hex(16)}"
        self.journal.tell(Kind.PREVIEW, token)
        # The token is known to the ledger before it exists, so that whoever comes later can remove it.
        self.journal.amend(preview=token)
        self.journal.guard()
        self.open_entrance.api.open_trial(token, pointer)
        return Target("candidate", release_id, token)

    def close_trial(self) -> None:
        """Remove the trial's stage, if there is one."""
        if self.journal.attempt.preview and self.entrance:
            self.entrance.api.close_trial(self.journal.attempt.preview)
            self.journal.amend(preview="")

    def move_api(self, pointer: Pointer, allowed: frozenset[Pointer]) -> None:
        """Point the live stage at a release, in one call."""
        self.journal.guard()
        if self.open_entrance.api.move(pointer, allowed=allowed):
            self._count(1)
            self.journal.tell(
                Kind.TRAFFIC, f"the API serves the {pointer.slot} slot", slot=pointer.slot.value
            )

    def settle_api(self, edition: Edition) -> None:
        """Give the live stage a release's settings, where they differ. No pointer moves."""
        self.journal.guard()
        if self.open_entrance.api.settle(edition.manifest):
            self.journal.tell(Kind.NOTE, f"the API's stage has the settings of {edition.release.id}")

    def move_page(self, target: Edition | None, base: Edition | None) -> None:
        """Make a release's pages live, the entry page last; without a release, take the entry page away."""
        self.journal.guard()
        web = self.open_entrance.web
        if target is None:
            if web.clear():
                self._count(1)
                self.journal.tell(Kind.TRAFFIC, "there is no live page any more")
            return
        writes = web.move(target.release.id, target.manifest, base.manifest if base else None)
        self._count(writes)
        if writes:
            self.journal.tell(
                Kind.TRAFFIC, f"the page is that of {target.release.id}", release=target.release.id
            )

    def go_back(self, target: Edition | None, left: Edition | None, pointer: Pointer) -> None:
        """Move both pointers to a release that users were on: page first, then API."""
        self.journal.amend(traffic_calls=0)
        with self.journal.step(
            State.ROLLING_BACK, f"back to {target.release.id if target else 'nothing live'}"
        ):
            self.move_page(target, left)
            present = self.open_entrance.api.live()
            if present is not None:
                self.move_api(pointer, frozenset({present}))

    def confirm(self, target: Edition | None) -> bool:
        """Check what users get after they were taken back; whether all is well."""
        if target is None:
            return True
        return self.passes(target.manifest.config.checks, Target("live", target.release.id))

    def _count(self, calls: int) -> None:
        self.journal.amend(traffic_calls=self.journal.attempt.traffic_calls + calls)


def open_attempt(
    world: World,
    held: HeldLease,
    observer: Observer,
    *,
    kind: str,
    release: str,
    slot: Slot,
    reason: str,
    expected: Head,
    approval: Approval,
    digest: str = "",
) -> Journal:
    """Begin an attempt in the ledger. Raises UNFINISHED, HELD or PLAN_STALE when the head moved meanwhile."""

    def begin(head: Head) -> Head:
        refuse_open(head)
        if (head.live, head.pointer) != (expected.live, expected.pointer):
            raise KanmonError(Code.PLAN_STALE, f"{head.live or 'Nothing'} is live now, not {expected.live}.")
        number = head.attempts + 1
        return head.model_copy(update={"attempts": number, "attempt": number})

    head = world.ledger.amend_head(begin)
    attempt = Attempt(
        number=head.attempts,
        kind=kind,
        release=release,
        base=head.live,
        slot=slot,
        actor=world.actor,
        run=world.run,
        reason=reason,
        digest=digest,
        approval=approval,
        began=datetime.now(UTC),
        origin=head.pointer,
    )
    world.ledger.write_attempt(attempt)
    journal = Journal(world.ledger, held, attempt, observer)
    journal.tell(Kind.NOTE, f"approved by {approval.by} ({approval.how})", digest=approval.digest)
    return journal


def refuse_failed(results: Sequence[CheckResult]) -> None:
    """Raise ChecksFailedError when one of these checks, all of one target, failed; it says how."""
    failed = [result for result in results if not result.passed]
    if failed:
        told = " ".join(f"{result.check.name}: {result.failure}." for result in failed)
        raise ChecksFailedError(tuple(result.check for result in failed), failed[0].target, told)


def as_failure(error: BaseException) -> KanmonError:
    """What stopped an attempt, as people read it."""
    if isinstance(error, KanmonError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return KanmonError(Code.INTERRUPTED, "The run was interrupted.")
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}")


def refuse_open(head: Head) -> None:
    """Raise HELD or UNFINISHED when an earlier attempt has not ended."""
    if head.held:
        raise KanmonError(Code.HELD, f"The attempt {head.attempt} left the environment held.")
    if head.attempt is not None:
        raise KanmonError(Code.UNFINISHED, f"The attempt {head.attempt} did not end.")


def note_live(world: World, release: str | None, pointer: Pointer) -> None:
    """Write down who is live."""
    world.ledger.amend_head(lambda head: head.model_copy(update={"live": release, "pointer": pointer}))


def note_slot(world: World, slot: Slot, release: str | None) -> None:
    """Write down what a slot holds; None while that is being changed."""

    def change(head: Head) -> Head:
        slots = {name: held for name, held in head.slots.items() if name is not slot}
        return head.model_copy(update={"slots": slots | ({slot: release} if release else {})})

    world.ledger.amend_head(change)


def note_return(world: World, attempt: Attempt, target: str | None, pointer: Pointer, reason: str) -> None:
    """Write down that users are back on `target`: what came after it is no longer stable; freeze."""

    def change(head: Head) -> Head:
        kept = head.stable[: head.stable.index(target) + 1] if target in head.stable else head.stable
        freeze = Freeze(reason=reason, since=datetime.now(UTC), attempt=attempt.number)
        return head.model_copy(update={"live": target, "pointer": pointer, "stable": kept, "freeze": freeze})

    world.ledger.amend_head(change)
