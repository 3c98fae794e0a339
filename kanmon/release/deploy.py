"""The deploy: from an approved plan to a stable release, or back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon.checks import Target
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Head, Pointer, Result, State
from kanmon.release.background import follow
from kanmon.release.bake import Bake
from kanmon.release.blueprint import API, FOUNDATION
from kanmon.release.events import Kind
from kanmon.release.lease import lease
from kanmon.release.plan import Plan, outputs_of, slot_stack
from kanmon.release.provision import provision
from kanmon.release.session import (
    ChecksFailedError,
    Edition,
    Outcome,
    Session,
    as_failure,
    note_live,
    note_return,
    note_slot,
    open_attempt,
    refuse_open,
)

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, World


def deploy(
    world: World,
    plan: Plan,
    approver: ApprovalPort,
    observer: Observer,
    *,
    reason: str = "",
    lift_freeze: str = "",
) -> Outcome:
    """Carry out a plan. Failures after the start are in the outcome; refusals before it are raised.

    Raises FROZEN, UNFINISHED, HELD, NOT_APPROVED, LOCKED, PLAN_STALE.
    """
    if plan.unchanged:
        return Outcome(Result.UNCHANGED, plan.release)
    head = world.ledger.head()
    refuse_open(head)
    _refuse_stale(world, plan, head)
    refuse_frozen(head, lift_freeze)
    approval = approver.approve(plan)
    if approval.digest != plan.digest:
        raise KanmonError(Code.PLAN_STALE, "The approval is for another plan.")
    with lease(world.ledger, world.actor) as held:
        journal = open_attempt(
            world,
            held,
            observer,
            kind="deploy",
            release=plan.release,
            slot=plan.slot,
            reason=lift_freeze or reason,
            expected=head,
            approval=approval,
            digest=plan.digest,
        )
        return _Deploy(Session(world, journal), plan).run()


def refuse_frozen(head: Head, lift_freeze: str) -> None:
    """Raise FROZEN when a rollback froze the environment and no reason is given to lift that."""
    if head.freeze and not lift_freeze:
        since = f"{head.freeze.since:%Y-%m-%d %H:%M} UTC"
        raise KanmonError(Code.FROZEN, f"Frozen since {since}: {head.freeze.reason}.")


def _refuse_stale(world: World, plan: Plan, head: Head) -> None:
    release = world.ledger.release(plan.release)
    if release is None or release.bundle != plan.bundle:
        raise KanmonError(Code.PLAN_STALE, f"The ledger does not know {plan.release} as it was planned.")
    if (head.live, head.pointer) != (plan.base, plan.origin):
        now, then = head.live or "nothing", plan.base or "nothing"
        raise KanmonError(Code.PLAN_STALE, f"The plan was made when {then} was live; now {now} is.")
    if release.state not in {State.PLANNED, State.ABORTED}:
        raise KanmonError(Code.PLAN_STALE, f"{plan.release} was deployed already; it is {release.state}.")


@dataclass
class _Deploy:
    """One run of the deploy, step by step."""

    session: Session
    plan: Plan

    def __post_init__(self) -> None:
        self.world = self.session.world
        self.journal = self.session.journal
        self.base = self.session.edition(self.plan.base)
        self.manifest = self.world.blobs.manifest(self.plan.bundle)
        self.pointer = Pointer()

    @property
    def config(self) -> Config:
        return self.manifest.config

    def run(self) -> Outcome:
        """From locked to stable; whatever stops it is undone."""
        try:
            self._lock()
            self._provision()
            trial = self._verify()
            self._shift(trial)
            self._go_live()
            self._settle()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is, users come first
            return self._end_badly(error)
        return self._outcome(Result.STABLE)

    def _lock(self) -> None:
        with self.journal.step(State.LOCKED, f"{self.plan.release} goes into the {self.plan.slot} slot"):
            self._amend_release(State.LOCKED)
            self.bake = Bake.begin(self.session, self.config.prefix, self.plan.slot)

    def _provision(self) -> None:
        outputs = outputs_of(self.world, self.config, self.plan.slot)
        with self.journal.step(State.PROVISIONED, "provisioning"):
            self._take_snapshot(outputs)
            note_slot(self.world, self.plan.slot, None)
            outputs = provision(self.world, self.journal, self.config, self.plan.stacks, outputs)
            note_slot(self.world, self.plan.slot, self.plan.release)
            stack = slot_stack(self.plan)
            deployment = outputs.get(API, {}).get("Deployment", "")
            self.pointer = Pointer(deployment=deployment, slot=self.plan.slot)
            deployed = self.world.stacks.find(stack.name)
            self.world.ledger.amend_release(
                self.plan.release,
                slot=self.plan.slot,
                slot_template=stack.template,
                slot_parameters=deployed.parameters if deployed else {},
                pointer=self.pointer,
            )
            self.session.entrance = self.world.entrance(self.config, outputs)
            self._run_hooks()
            self.session.entrance.web.publish(self.plan.release, self.manifest)
        self._amend_release(State.PROVISIONED)

    def _take_snapshot(self, outputs: dict[str, dict[str, str]]) -> None:
        cluster = outputs.get(FOUNDATION, {}).get("DatabaseCluster")
        if cluster is None:
            return
        name = f"{self.config.prefix}-{self.plan.release}-{self.journal.attempt.number}"
        self.world.database.begin_snapshot(cluster, name)
        self.world.database.await_snapshot(name)
        self.journal.tell(Kind.NOTE, f"database snapshot {name}", snapshot=name)

    def _run_hooks(self) -> None:
        for hook in self.config.hooks:
            self.journal.guard()
            answer = self.world.hooks.run(hook, self.plan.slot, self.plan.release)
            self.journal.tell(Kind.HOOK, answer, hook=hook.name)

    def _verify(self) -> Target:
        with self.journal.step(State.VERIFIED, f"checking {self.plan.release} as candidate"):
            trial = self.session.open_trial(self.plan.release, self.pointer)
            link = f"{self.session.open_entrance.url}/?kanmon-preview={trial.preview}"
            self.journal.tell(Kind.NOTE, f"preview {link}", preview=link)
            self.session.check(self.config.checks, trial)
        self._amend_release(State.VERIFIED)
        return trial

    def _shift(self, trial: Target) -> None:
        if self.config.traffic.strategy != "canary" or self.base is None:
            return
        if self.session.open_entrance.api.live() is None:
            # No API, or none that users were on before: there are no requests to take a share of.
            return
        for step in self.config.traffic.steps:
            with self.journal.step(State.SHIFTING, f"{step.percent} % of API requests"):
                self.journal.guard()
                self.session.open_entrance.api.shift(self.pointer, step.percent)
                self.journal.tell(
                    Kind.TRAFFIC,
                    f"{step.percent} % of API requests go to {self.plan.release}",
                    percent=step.percent,
                )
                self.bake.watch(self.config.checks, trial, step.bake)

    def _go_live(self) -> None:
        release = self.world.ledger.amend_release(self.plan.release, state=State.LIVE)
        self.edition = Edition(release, self.manifest)
        with self.journal.step(State.LIVE, f"{self.plan.release} goes live"):
            # Before the move, for a release may need its limits; that they can be had, the trial has shown.
            self.session.settle_api(self.edition)
            self.session.move_api(self.pointer, frozenset({self.plan.origin}))
            self.session.move_page(self.edition, self.base)
            note_live(self.world, self.plan.release, self.pointer)
            live = Target("live", self.plan.release)
            self.session.check(self.config.checks, live)
            self.bake.watch(self.config.checks, live, self.config.traffic.bake)

    def _settle(self) -> None:
        with self.journal.step(State.STABLE, f"{self.plan.release} is stable"):
            self.session.close_trial()
            web = self.session.open_entrance.web
            web.settle(self.manifest, self.base.manifest if self.base else None)
            follow(self.session, self.plan.slot, self.edition, self.base)
            self.world.ledger.amend_release(
                self.plan.release, state=State.STABLE, stable_at=datetime.now(UTC)
            )
            self.world.ledger.amend_head(self._with_stable)
        self.journal.close(Result.STABLE)

    def _with_stable(self, head: Head) -> Head:
        stable = tuple(known for known in head.stable if known != self.plan.release)
        return head.model_copy(update={"stable": (*stable, self.plan.release), "freeze": None})

    def _end_badly(self, error: BaseException) -> Outcome:
        failed_at = time.monotonic()
        failure = as_failure(error)
        if failure.code is Code.LEASE_LOST:
            # Whoever has the lease now decides; nothing may be touched any more.
            raise failure from error
        self.journal.tell(Kind.FAILURE, failure.message, code=failure.code.id)
        if self.journal.attempt.state is State.STABLE:
            return self._leave_to_recover(failure)
        if not self.journal.attempt.state.takes_traffic:
            return self._abort(failure)
        if failure.code is Code.ALARMS_UNREADABLE:
            return self._hold(failure)
        if isinstance(failure, ChecksFailedError) and self._fails_on_stable_too(failure):
            return self._hold(self._everywhere(failure))
        return self._roll_back(failure, failed_at)

    def _abort(self, failure: KanmonError) -> Outcome:
        with self.journal.step(State.ABORTED, f"{self.plan.release} is given up; nobody saw it"):
            self.session.close_trial()
            self._amend_release(State.ABORTED)
        self.journal.close(Result.ABORTED, failure)
        return self._outcome(Result.ABORTED, failure)

    def _leave_to_recover(self, failure: KanmonError) -> Outcome:
        """The release passed everything and users are on it: the attempt stays open for what is left."""
        unsettled = KanmonError(
            failure.code,
            f"{self.plan.release} is live and passed everything, but could not be completed: "
            f"{failure.message}",
            where=failure.where,
            fix="Run `kanmon recover`, or release again: both begin by finishing it. "
            "`kanmon recover --undo` takes it back instead.",
        )
        return self._outcome(Result.FAILED, unsettled)

    def _fails_on_stable_too(self, failure: ChecksFailedError) -> bool:
        """The same checks on the stable release, which is still whole in its slot."""
        if self.base is None:
            return False
        try:
            # The ledger knows one trial at a time, so that none is ever left behind.
            self.session.close_trial()
            trial = self.session.open_trial(self.base.release.id, self.plan.origin)
            stable = Target("stable", trial.release, trial.preview)
            passed = self.session.passes(failure.failed, stable)
            self.session.close_trial()
        except KanmonError:
            # It can't be known; the release that was stable is the better guess.
            return False
        return not passed

    def _everywhere(self, failure: ChecksFailedError) -> KanmonError:
        base = self.base.release.id if self.base else ""
        return KanmonError(
            Code.CHECK_FAILS_EVERYWHERE,
            f"{failure.message} It fails on the stable release {base} too, so going back would not help.",
            where=failure.where,
        )

    def _hold(self, held: KanmonError) -> Outcome:
        with self.journal.step(State.HELD, "held: a person has to decide"):
            self._amend_release(State.HELD)
        self.journal.close(Result.HELD, held)
        return self._outcome(Result.HELD, held)

    def _roll_back(self, failure: KanmonError, failed_at: float) -> Outcome:
        left = Edition(
            self.world.ledger.amend_release(self.plan.release, state=State.ROLLING_BACK), self.manifest
        )
        try:
            take_back(self.session, self.base, left, failed_at)
        except KanmonError as error:
            if error.code is Code.LEASE_LOST:
                raise
            told = f"{failure.message} Taking {self.plan.release} back failed, too: {error.message}"
            failed = KanmonError(Code.ROLLBACK_FAILED, told, where=error.where)
            return self._outcome(Result.FAILED, failed)
        self.journal.close(Result.ROLLED_BACK, failure)
        return self._outcome(Result.ROLLED_BACK, failure)

    def _amend_release(self, state: State) -> None:
        self.world.ledger.amend_release(self.plan.release, state=state)

    def _outcome(self, result: Result, failure: KanmonError | None = None) -> Outcome:
        return Outcome(result, self.plan.release, self.journal.attempt, failure)


def take_back(session: Session, base: Edition | None, left: Edition, failed_at: float) -> None:
    """Return users to the release that was live before the attempt, then tidy up."""
    attempt = session.journal.attempt
    session.go_back(base, left, attempt.origin)
    confirmed = session.confirm(base)
    seconds = time.monotonic() - failed_at
    session.journal.amend(rollback_seconds=round(seconds, 3))
    session.journal.tell(
        Kind.TRAFFIC,
        f"users are on {base.release.id if base else 'nothing'} again"
        + ("" if confirmed else ", though its checks do not pass"),
        seconds=round(seconds, 3),
        calls=session.journal.attempt.traffic_calls,
    )
    with session.journal.step(State.ROLLED_BACK, f"{left.release.id} was taken back"):
        session.close_trial()
        if base:
            session.settle_api(base)
            session.open_entrance.web.settle(base.manifest, left.manifest)
        follow(session, attempt.origin.slot, left, base)
        session.world.ledger.amend_release(left.release.id, state=State.ROLLED_BACK)
        note_return(
            session.world,
            attempt,
            base.release.id if base else None,
            attempt.origin,
            f"{left.release.id} was taken back",
        )
