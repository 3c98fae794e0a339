"""The steps of deploy, rollback and recover. One place moves both pointers, in either direction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.checks.probe import Target
from kanmon.errors import Code, KanmonError
from kanmon.ledger.records import Freeze, Operation, Release
from kanmon.model import OperationKind, Pointer, Result, Slot, State
from kanmon.naming import preview_token
from kanmon.release.events import EventKind
from kanmon.release.journal import Journal, as_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanmon.bundle.manifest import Manifest
    from kanmon.checks.execution import CheckResult
    from kanmon.config.checks import Check
    from kanmon.ledger.records import Head
    from kanmon.model import Approval, WebFile
    from kanmon.release.events import Observer
    from kanmon.release.lease import HeldLease
    from kanmon.release.ports import Services, Site


class ChecksFailedError(KanmonError):
    """Smoke checks failed; `failed` has these checks."""

    def __init__(self, failed: tuple[Check, ...], target: Target, message: str) -> None:
        super().__init__(Code.CHECK_FAILED, message, where=f"{target.release} as {target.name}")
        self.failed = failed


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    result: Result
    release: str
    operation: Operation | None = None
    failure: KanmonError | None = None

    @property
    def open(self) -> bool:
        """Whether the operation has not ended: it needs `kanmon recover`, or another run has taken over."""
        return self.result is Result.FAILED


@dataclass(frozen=True)
class LoadedRelease:
    """A release with its manifest: enough to bring users to it."""

    record: Release
    manifest: Manifest

    @property
    def id(self) -> str:
        """The release's id, such as `r42`."""
        return self.record.id

    @property
    def files(self) -> Mapping[str, WebFile]:
        """The web app's files, by name."""
        return self.manifest.web


def files_of(loaded: LoadedRelease | None) -> Mapping[str, WebFile]:
    """The web files of a release; none without one."""
    return loaded.files if loaded else {}


@dataclass
class Steps:
    """The steps of one operation under its lease."""

    services: Services
    journal: Journal
    opened: Site | None = None

    @property
    def site(self) -> Site:
        """The open site. Callers set `opened` first; raises INTERNAL when one forgot it."""
        if self.opened is None:
            raise KanmonError(Code.INTERNAL, "The site isn't open yet.")
        return self.opened

    def load(self, release_id: str | None) -> LoadedRelease | None:
        """A release of the operation with its manifest; None without one."""
        release = self.journal.writer.releases[release_id] if release_id else None
        return LoadedRelease(release, self.services.blobs.manifest(release.bundle)) if release else None

    def require(self, release_id: str) -> LoadedRelease:
        """Like `load`, but the release must exist. Raises UNKNOWN_RELEASE."""
        loaded = self.load(release_id)
        if loaded is None:
            raise KanmonError(Code.UNKNOWN_RELEASE, f"There is no release {release_id}.")
        return loaded

    def check(self, checks: Sequence[Check], target: Target) -> None:
        """Run checks and record them. Raises ChecksFailedError when one failed."""
        results = self.site.checks.run(checks, target)
        self.journal.record_checks(results)
        refuse_failed(results)

    def passes(self, checks: Sequence[Check], target: Target) -> bool:
        """Run checks and record them; True when all passed."""
        try:
            self.check(checks, target)
        except ChecksFailedError:
            return False
        return True

    def open_preview(self, release_id: str, pointer: Pointer) -> Target:
        """Open a release to people with its address, through the edge and before any user."""
        token = preview_token(release_id, secrets.token_hex(16))
        # The observer masks the token first. Otherwise an error text could show it in a public log.
        self.journal.emit(EventKind.PREVIEW, token)
        # The ledger has the token before the preview exists. Otherwise a run that dies here would leave the
        # candidate open to everybody with the address, and `recover` could not close it.
        self.journal.amend(preview=token)
        self.site.api.open_preview(token, pointer)
        return Target("candidate", release_id, token)

    def close_preview(self) -> None:
        """Close the operation's preview, if it has one."""
        if self.journal.operation.preview and self.opened:
            # The ledger forgets the token last. Otherwise a run that dies here would leave the preview open,
            # and `recover` could not close it.
            self.opened.api.close_preview(self.journal.operation.preview)
            self.journal.amend(preview="")

    def move_api(self, pointer: Pointer, allowed: frozenset[Pointer]) -> None:
        """Point the live stage at a release, in one call."""
        if self.site.api.move(pointer, allowed=allowed):
            self._count(1)
            text = f"the API serves the {pointer.slot} slot"
            self.journal.emit(EventKind.TRAFFIC, text, slot=pointer.slot.value)

    def apply_settings(self, loaded: LoadedRelease) -> None:
        """Give the live stage a release's settings where they differ. No pointer moves."""
        api = loaded.manifest.config.api
        if api and self.site.api.apply_settings(api.throttle):
            self.journal.emit(EventKind.NOTE, f"the API's stage has the settings of {loaded.id}")

    def move_page(self, target: LoadedRelease | None, base: LoadedRelease | None) -> None:
        """Make a release's pages live, the entry page last. Without a release, remove the entry page."""
        web = self.site.web
        if target is None:
            if web.clear():
                self._count(1)
                self.journal.emit(EventKind.TRAFFIC, "there is no live page any more")
            return
        writes = web.move(target.id, target.files, files_of(base))
        self._count(writes)
        if writes:
            text = f"the page is that of {target.id}"
            self.journal.emit(EventKind.TRAFFIC, text, release=target.id)

    def return_users(
        self, target: LoadedRelease | None, left: LoadedRelease | None, pointer: Pointer
    ) -> None:
        """Move both pointers back to a release: the page first, then the API.

        An old page works with the new API, as it did during the canary. With the API first, a run that dies
        between the two moves would leave a new page on the old API, and its calls to new routes would fail.
        """
        self.journal.amend(traffic_calls=0)
        with self.journal.step(State.ROLLING_BACK, f"back to {target.id if target else 'nothing live'}"):
            self.move_page(target, left)
            present = self.site.api.live()
            if present is not None:
                self.move_api(pointer, frozenset({present}))

    def confirm(self, target: LoadedRelease | None) -> bool:
        """Check the live app after the return of users; True when all checks passed."""
        if target is None:
            return True
        return self.passes(target.manifest.config.checks, Target("live", target.id))

    def _count(self, calls: int) -> None:
        self.journal.amend(traffic_calls=self.journal.operation.traffic_calls + calls)


def open_operation(
    services: Services,
    held: HeldLease,
    observer: Observer,
    *,
    kind: OperationKind,
    release: str,
    slot: Slot,
    reason: str,
    expected: Head,
    approval: Approval,
    digest: str = "",
) -> Journal:
    """Make a new operation; `Journal.begin` writes it.

    Raises UNFINISHED, HELD, or PLAN_STALE when the head moved.
    """
    head = held.writer.head
    # Refuse again, under the lease. Without this, two runs could be approved for the same slot and start one
    # after the other. The second would update the slot with users on it.
    refuse_open(head)
    if (head.live, head.pointer) != (expected.live, expected.pointer):
        raise KanmonError(Code.PLAN_STALE, f"{head.live or 'Nothing'} is live now, not {expected.live}.")
    operation = Operation(
        number=head.operations + 1,
        kind=kind,
        release=release,
        base=head.live,
        slot=slot,
        actor=services.actor,
        run=services.run,
        reason=reason,
        digest=digest,
        approval=approval,
        began=services.clock.now(),
        origin=head.pointer,
    )
    for release_id in filter(None, (release, head.live)):
        held.writer.adopt_release(release_id)
    return Journal(services.clock, held, operation, observer)


def end_of(journal: Journal, walk: Callable[[], Outcome]) -> Outcome:
    """The outcome of a walk, also after an error that the walk could not handle.

    Once an operation has begun, no error is a refusal: users may be on another release than before.
    """
    try:
        return walk()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no error may look like a refusal
        return _unfinished(journal, as_failure(error))


def _unfinished(journal: Journal, failure: KanmonError) -> Outcome:
    operation, code = journal.operation, failure.code
    message = failure.message
    if journal.failure and journal.failure is not failure:
        message = f"{journal.failure.message} Then this failed, too: {message}"
    if code is Code.LEASE_LOST:
        fix = "Look at `kanmon status`: the other run decides."
    else:
        fix = "Run `kanmon recover`. Have the credentials expired? Get new ones first."
        if operation.state in {State.ROLLING_BACK, State.ROLLED_BACK} and code is not Code.INTERRUPTED:
            code = Code.ROLLBACK_FAILED
    message = f"{message} Operation {operation.number} is open. Its last step was: {operation.state.value}."
    failed = KanmonError(code, message, where=failure.where, fix=fix)
    return Outcome(Result.FAILED, operation.release, operation, failed)


def refuse_failed(results: Sequence[CheckResult]) -> None:
    """Raise ChecksFailedError with the reasons when one of these checks failed. All have one target."""
    failed = [result for result in results if not result.passed]
    if failed:
        message = " ".join(f"{result.check.name}: {result.failure}." for result in failed)
        raise ChecksFailedError(tuple(result.check for result in failed), failed[0].target, message)


def refuse_open(head: Head) -> None:
    """Raise HELD or UNFINISHED when an earlier operation has not ended."""
    if head.held:
        raise KanmonError(Code.HELD, f"The operation {head.operation} left the environment held.")
    if head.operation is not None:
        raise KanmonError(Code.UNFINISHED, f"The operation {head.operation} did not end.")


def record_live(journal: Journal, release: str | None, pointer: Pointer) -> None:
    """Record the live release and its pointer in the head."""
    journal.writer.amend_head(lambda head: head.model_copy(update={"live": release, "pointer": pointer}))


def record_slot(journal: Journal, slot: Slot, release: str | None) -> None:
    """Record the release in a slot. Record None before the slot changes, and the release after it.

    With a later None, a run that dies during the change would leave the old entry. A rollback would trust it
    and move users into a half-updated slot.
    """

    def change(head: Head) -> Head:
        slots = {name: held for name, held in head.slots.items() if name is not slot}
        return head.model_copy(update={"slots": slots | ({slot: release} if release else {})})

    journal.writer.amend_head(change)


def record_stable(journal: Journal, release: str) -> Release:
    """Record a release as stable: it is live, a rollback may return to it, and the freeze ends."""
    stable = journal.writer.amend_release(release, state=State.STABLE, stable_at=journal.now())

    def change(head: Head) -> Head:
        return head.model_copy(update={"live": release, "pointer": stable.pointer, "freeze": None})

    journal.writer.amend_head(change)
    return stable


def record_return(journal: Journal, target: str | None, pointer: Pointer, reason: str) -> None:
    """Record users as back on `target`, and freeze the environment."""

    def change(head: Head) -> Head:
        freeze = Freeze(reason=reason, since=journal.now(), operation=journal.operation.number)
        return head.model_copy(update={"live": target, "pointer": pointer, "freeze": freeze})

    journal.writer.amend_head(change)
