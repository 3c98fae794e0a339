"""The rollback by hand: to an earlier stable release, without a build (CD-9, CD-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import release_key
from kanmon.model import OperationKind, ReleaseState, Step
from kanmon.release.database_schema import refuse_older_schema
from kanmon.release.journal import as_failure
from kanmon.release.lease import lease
from kanmon.release.loaded import Loader
from kanmon.release.recover import end_open, return_path
from kanmon.release.slot import is_in_slot
from kanmon.release.transitions import recovery_step
from kanmon.release.walk import Outcome, open_operation, refuse_busy, refuse_moved, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Head, Operation, Release
    from kanmon.model import Approval
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, Services

_NO_TARGET = {Code.NO_ROLLBACK_TARGET, Code.UNKNOWN_RELEASE, Code.RELEASE_PRUNED, Code.SCHEMA_TOO_NEW}


def default_target(read: Callable[[str], Release | None], live: Release | None) -> Release | None:
    """The last stable release before the live one: its base, or the base's base when that was rolled back."""
    release = live
    while release and release.base:
        release = read(release.base)
        if release and release.state is ReleaseState.STABLE:
            return release
    return None


@dataclass(frozen=True)
class Targets:
    """The releases that a rollback may return to at present."""

    default: str | None
    """The one of a rollback without a named release."""
    named: tuple[str, ...]
    """Those that somebody may name, the newest first."""
    refusal: str = ""
    """Why there is no default."""


def present_targets(ledger: Ledger) -> Targets:
    """The releases that no rollback refuses now."""
    head = ledger.head()
    returning = _returning(ledger, head)
    # Each target is compared with the others. Otherwise every comparison reads all records again.
    read = cache(ledger.release)

    def found(wanted: str | None) -> tuple[str | None, str]:
        """A release, or why there is none."""
        try:
            return _target(read, head, returning, wanted).id, ""
        except KanmonError as error:
            if error.code not in _NO_TARGET:
                raise
            return None, error.message

    default, refusal = found(None)
    named = tuple(release for release in reversed(head.kept) if found(release)[0])
    return Targets(default, named, refusal)


def rollback_target(ledger: Ledger, wanted: str | None) -> Release:
    """The release to return to: `wanted`, or the last stable one before the live one.

    Raises UNKNOWN_RELEASE, NO_ROLLBACK_TARGET, RELEASE_PRUNED, SCHEMA_TOO_NEW.
    """
    head = ledger.head()
    return _target(ledger.release, head, _returning(ledger, head), wanted)


def _returning(ledger: Ledger, head: Head) -> str | None:
    """The release that the end of the open operation returns users to, if there is one."""
    present = ledger.open_operation(head)
    return returns_to(present) if present else None


def _target(
    read: Callable[[str], Release | None], head: Head, returning: str | None, wanted: str | None
) -> Release:
    if wanted is None and returning:
        # The rollback ends the open operation first, and users are there then. One command is one rollback.
        wanted = returning
    if wanted is None:
        live = read(head.live) if head.live else None
        target = default_target(read, live)
        if target is None:
            raise KanmonError(Code.NO_ROLLBACK_TARGET, _no_target(head))
        return _refuse_unfit(read, head, target)
    release = read(wanted)
    if release is None:
        problem = phrase("No deploy began a release {release}.", release=wanted)
        raise KanmonError(Code.UNKNOWN_RELEASE, problem)
    if head.live is None and not returning:
        # After `kanmon destroy` no record of a release leads to anything in AWS.
        raise KanmonError(Code.NO_ROLLBACK_TARGET, phrase("Nothing is live."))
    if wanted == head.live and not returning:
        problem = phrase("{release} is live already.", release=wanted)
        raise KanmonError(Code.NO_ROLLBACK_TARGET, problem)
    if release.stable_at is None:
        problem = phrase(
            "{release} was never stable; it is {state}.", release=wanted, state=release.state.value
        )
        raise KanmonError(Code.NO_ROLLBACK_TARGET, problem)
    return _refuse_unfit(read, head, release)


def _refuse_unfit(read: Callable[[str], Release | None], head: Head, release: Release) -> Release:
    _refuse_pruned(head, release)
    refuse_older_schema(read, head, release)
    return release


def _no_target(head: Head) -> str:
    if head.live:
        return phrase("No stable release was live before {release}.", release=head.live)
    return phrase("Nothing is live.")


def _refuse_pruned(head: Head, release: Release) -> None:
    """Raise RELEASE_PRUNED unless the release's files are kept.

    The head decides, and not a look into the bucket: under the name of a deleted file, the plan role can
    write another one, and the release still has the record of a comparison.
    """
    if release.id not in head.kept:
        problem = phrase(
            "The files of {release} (commit {commit}) are not kept any more.",
            release=release.id,
            commit=release.commit[:12],
        )
        raise KanmonError(Code.RELEASE_PRUNED, problem, where=release_key(release.id))


def returns_to(operation: Operation) -> str | None:
    """The release that the end of an open operation returns users to; None when they stay where they are."""
    if operation.kind is OperationKind.ROLLBACK:
        return operation.release
    undone = operation.held or recovery_step(operation) is Step.ROLL_BACK
    return operation.base if undone else None


@dataclass(frozen=True)
class RollbackRequest:
    """A rollback as a reviewer approves it: the release, and the digest of its whole record.

    The record has all that the rollback uses: bundle, templates, parameters and their sources, pointer. An
    automatic rollback has no approval of its own. It returns to the base, and only the deploy role can write
    that record, too.
    """

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
    """Return users to a release. An open operation ends first: a held one is undone, a dead one recovered.

    A failure after the start is in the outcome; a refusal before it is raised: NOT_APPROVED, LOCKED,
    PLAN_STALE, LEDGER_UNREADABLE, RELEASE_PRUNED.
    """
    head = services.ledger.head()
    # Refuse first. Otherwise people would review a rollback that can't run.
    refuse_busy(services.ledger.open_operation(head), head, services.clock.now())
    _refuse_incomplete(services, target)
    # The lease comes after the approval, because a review may take days. Otherwise this run would hold the
    # lease for days, and no other run could roll back meanwhile.
    approval = approver.approve(RollbackRequest(target.id, target.digest))
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        refuse_moved(held.writer.head, head)
        # A release and its rollback may have come and gone during the approval.
        _refuse_pruned(held.writer.head, target)
        _refuse_changed(held.writer.adopt_release(target.id), target, approval)
        ended = None
        if head.operation is not None:
            ended = end_open(services, held, observer, approval, reason)
            if ended.open or held.writer.head.live == target.id:
                return ended
        try:
            # Look at the slots under the lease: a deploy may have failed during the approval. With the head
            # from before, users would move into a half-updated slot.
            present_head = held.writer.head
            ready = is_in_slot(services, config.prefix, present_head, target)
            steps = open_operation(
                services,
                held,
                observer,
                kind=OperationKind.ROLLBACK,
                release=target.id,
                slot=target.slot if ready else present_head.pointer.slot.other,
                reason=reason,
                approval=approval,
            )
            return walk(steps, lambda: return_path(steps, ready=ready))
        except (Exception, KeyboardInterrupt) as error:
            if ended is None:
                raise
            # An operation has ended here already: this is no refusal.
            return replace(ended, failure=as_failure(error))


def _refuse_changed(present: Release, target: Release, approval: Approval) -> None:
    """Raise PLAN_STALE unless the target's record is the approved one. `present` was read under the lease.

    A review may take days. Without this, the rollback would use the record of that day.
    """
    if not present.digest == target.digest == approval.digest:
        problem = phrase(
            "The record of {release} is not the approved one: it changed during the review.",
            release=target.id,
        )
        fix = phrase("Run `kanmon rollback` again: the reviewers then approve the present record.")
        raise KanmonError(Code.PLAN_STALE, problem, where=release_key(target.id), fix=fix)


def _refuse_incomplete(services: Services, target: Release) -> None:
    """Raise LEDGER_UNREADABLE when the record lacks the routes of its API. Without, the API would go."""
    if Loader(services.blobs).load(target).config.api and not target.pointer.deployment:
        problem = phrase("The record of {release} has no snapshot of its routes.", release=target.id)
        raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=release_key(target.id))
