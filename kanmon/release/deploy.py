"""The deploy: from an approved plan to a stable release, or back to the old release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import PlannedRelease
from kanmon.model import OperationKind, ReleaseState, Result
from kanmon.release.lease import lease
from kanmon.release.loaded import Loader
from kanmon.release.required import required_release
from kanmon.release.walk import Outcome, open_operation, refuse_busy, refuse_moved, refuse_open, walk

if TYPE_CHECKING:
    from kanmon.ledger.records import Head
    from kanmon.release.events import Observer
    from kanmon.release.plan import Plan
    from kanmon.release.ports import ApprovalPort, Services
    from kanmon.release.steps import Steps


def deploy(
    services: Services,
    plan: Plan,
    approver: ApprovalPort,
    observer: Observer,
    *,
    reason: str = "",
    lift_freeze: str = "",
) -> Outcome:
    """Carry out a plan. A failure after the start is in the outcome; a refusal before it is raised.

    Raises FROZEN, UNFINISHED, HELD, NOT_APPROVED, NOT_STABLE_BEFORE, LOCKED, PLAN_STALE, CONTAINER_FAILED,
    COMMIT_MISSING.
    """
    if plan.unchanged:
        return Outcome(Result.UNCHANGED, plan.release)
    # Refuse first. Otherwise people would review a plan for days, and it could not run.
    head = services.ledger.head()
    present = services.ledger.open_operation(head)
    # Another run may have begun after this command looked for one. It is at work, and has not died.
    refuse_busy(present, head, services.clock.now())
    refuse_open(present)
    refuse_stale(services, plan, head)
    refuse_frozen(head, lift_freeze)
    refuse_unproven(services, plan)
    if plan.verify:
        services.preview_tests.prepare(plan.verify, plan.commit)
    approval = approver.approve(plan)
    if approval.digest != plan.digest:
        raise KanmonError(Code.PLAN_STALE, phrase("The approval is for another plan."))
    # The lease comes after the approval, because a review may take days. Otherwise this run would hold the
    # lease for days, and nobody could roll back meanwhile.
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        refuse_open(services.ledger.open_operation(held.writer.head))
        refuse_moved(held.writer.head, head)
        # A rollback may have frozen the environment during the review.
        refuse_frozen(held.writer.head, lift_freeze)
        # The other environment may have rolled the release back during the review.
        refuse_unproven(services, plan)
        held.writer.begin_release(
            PlannedRelease(
                id=plan.release,
                commit=plan.commit,
                bundle=plan.bundle,
                config=plan.config,
                created=plan.made,
            )
        )
        steps = open_operation(
            services,
            held,
            observer,
            kind=OperationKind.DEPLOY,
            release=plan.release,
            slot=plan.slot,
            reason=lift_freeze or reason,
            approval=approval,
            digest=plan.digest,
        )
        return walk(steps, lambda: _forward(steps, plan))


def _forward(steps: Steps, plan: Plan) -> None:
    bake = steps.lock_candidate(plan)
    steps.provision(plan)
    steps.verify()
    # A person may have aborted the release. The bakes look for it, too, but a bake may be short or none.
    steps.obey()
    steps.shift(bake)
    steps.obey()
    steps.promote(bake)
    steps.obey()
    steps.complete()


def refuse_frozen(head: Head, lift_freeze: str) -> None:
    """Raise FROZEN when a rollback froze the environment and `lift_freeze` gives no reason."""
    if head.freeze and not lift_freeze:
        problem = phrase(
            "Frozen since {since:%Y-%m-%d %H:%M} UTC: {reason}.",
            since=head.freeze.since,
            reason=head.freeze.cause,
        )
        raise KanmonError(Code.FROZEN, problem)


def refuse_unproven(services: Services, plan: Plan) -> None:
    """Raise NOT_STABLE_BEFORE unless the environment that the approved config requires had the bundle.

    The plan's own finding is not used: its role could have written it.
    """
    config = Loader(services.blobs).config(plan.config).current()
    required_release(services, config, plan.bundle)


def refuse_stale(services: Services, plan: Plan, head: Head) -> None:
    """Raise PLAN_STALE when the plan does not fit the ledger any more."""
    deployed = services.ledger.release(plan.release)
    recorded = deployed or services.ledger.planned(plan.release)
    if recorded is None or (recorded.bundle, recorded.config) != (plan.bundle, plan.config):
        problem = phrase("The ledger does not know {release} as it was planned.", release=plan.release)
        raise KanmonError(Code.PLAN_STALE, problem)
    if (head.live, head.pointer) != (plan.base, plan.origin):
        nothing = phrase("nothing")
        problem = phrase(
            "The plan was made when {then} was live; now {now} is.",
            then=plan.base or nothing,
            now=head.live or nothing,
        )
        raise KanmonError(Code.PLAN_STALE, problem)
    if deployed and deployed.state not in {ReleaseState.PLANNED, ReleaseState.ABORTED}:
        problem = phrase(
            "{release} was deployed already; it is {state}.", release=plan.release, state=deployed.state
        )
        raise KanmonError(Code.PLAN_STALE, problem)
