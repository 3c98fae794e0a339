"""The rollback by hand: to an earlier stable release, without a build (CD-9, CD-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.model import OperationKind, ReleaseState
from kanmon.release.lease import lease
from kanmon.release.recover import return_path, undo_held
from kanmon.release.slot import is_in_slot
from kanmon.release.walk import Outcome, open_operation, refuse_moved, refuse_unfinished, walk

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Release
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, Services


def default_target(ledger: Ledger, live: Release | None) -> Release | None:
    """The last stable release before the live one: its base, or the base's base when that was rolled back."""
    release = live
    while release and release.base:
        release = ledger.release(release.base)
        if release and release.state is ReleaseState.STABLE:
            return release
    return None


def rollback_target(ledger: Ledger, wanted: str | None) -> Release:
    """The release to return to: `wanted`, or the last stable one before the live one.

    Raises UNKNOWN_RELEASE, NO_ROLLBACK_TARGET.
    """
    head = ledger.head()
    held = ledger.open_operation(head)
    if wanted is None and held and held.held:
        # The release before the held one. A release held as a canary is not live.
        wanted = held.base
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
    if wanted == head.live and not (held and held.held):
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
    """Return users to a release. A held operation is undone first: the rollback is the decision about it.

    A failure after the start is in the outcome; a refusal before it is raised: NOT_APPROVED, UNFINISHED,
    LOCKED, PLAN_STALE.
    """
    head = services.ledger.head()
    # Refuse first. Otherwise people would review a rollback that can't run.
    refuse_unfinished(services.ledger.open_operation(head))
    # The lease comes after the approval, because a review may take days. Otherwise this run would hold the
    # lease for days, and no other run could roll back meanwhile.
    approval = approver.approve(RollbackRequest(target.id, target.bundle))
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        present = services.ledger.open_operation(held.writer.head)
        refuse_unfinished(present)
        refuse_moved(held.writer.head, head)
        if present:
            undone = undo_held(services, held, observer, f"{approval.by} rolled it back: {reason}.")
            if undone.open or held.writer.head.live == target.id:
                return undone
        # Look at the slots under the lease: during the approval a failed deploy may have changed the slot.
        # With the head from before, users would move into a half-updated slot.
        ready = is_in_slot(services, config.prefix, held.writer.head, target)
        steps = open_operation(
            services,
            held,
            observer,
            kind=OperationKind.ROLLBACK,
            release=target.id,
            slot=target.slot if ready else held.writer.head.pointer.slot.other,
            reason=reason,
            approval=approval,
        )
        return walk(steps, lambda: return_path(steps, ready=ready))
