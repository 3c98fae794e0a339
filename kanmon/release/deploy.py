"""The deploy: from an approved plan to a stable release, or back to the old release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.checks.probe import Target, preview_address
from kanmon.errors import Code, KanmonError
from kanmon.model import OperationKind, Pointer, Result, State
from kanmon.naming import API, FOUNDATION, Output, snapshot_name
from kanmon.release.bake import Bake
from kanmon.release.events import EventKind
from kanmon.release.hooks import run_hooks
from kanmon.release.journal import as_failure
from kanmon.release.lease import lease
from kanmon.release.plan import Plan, outputs_of, slot_stack
from kanmon.release.provision import provision
from kanmon.release.steps import (
    ChecksFailedError,
    LoadedRelease,
    Outcome,
    Steps,
    end_of,
    files_of,
    open_operation,
    record_live,
    record_return,
    record_slot,
    record_stable,
    refuse_open,
)
from kanmon.release.triggers import switch_triggers

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.ledger.records import Head
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort, Services


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

    Raises FROZEN, UNFINISHED, HELD, NOT_APPROVED, LOCKED, PLAN_STALE.
    """
    if plan.unchanged:
        return Outcome(Result.UNCHANGED, plan.release)
    # Refuse first. Otherwise people would review a plan for days, and it could not run.
    head = services.ledger.head()
    refuse_open(head)
    _refuse_stale(services, plan, head)
    refuse_frozen(head, lift_freeze)
    approval = approver.approve(plan)
    if approval.digest != plan.digest:
        raise KanmonError(Code.PLAN_STALE, "The approval is for another plan.")
    # The lease comes after the approval, because a review may take days. Otherwise this run would hold the
    # lease for days, and nobody could roll back meanwhile.
    with lease(services.ledger, services.clock, services.fence, services.actor) as held:
        journal = open_operation(
            services,
            held,
            observer,
            kind=OperationKind.DEPLOY,
            release=plan.release,
            slot=plan.slot,
            reason=lift_freeze or reason,
            expected=head,
            approval=approval,
            digest=plan.digest,
        )
        return end_of(journal, _Deploy(Steps(services, journal), plan).run)


def refuse_frozen(head: Head, lift_freeze: str) -> None:
    """Raise FROZEN when a rollback froze the environment and `lift_freeze` gives no reason."""
    if head.freeze and not lift_freeze:
        since = f"{head.freeze.since:%Y-%m-%d %H:%M} UTC"
        raise KanmonError(Code.FROZEN, f"Frozen since {since}: {head.freeze.reason}.")


def _refuse_stale(services: Services, plan: Plan, head: Head) -> None:
    release = services.ledger.release(plan.release)
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

    steps: Steps
    plan: Plan

    def __post_init__(self) -> None:
        self.services = self.steps.services
        self.journal = self.steps.journal
        self.pointer = Pointer()

    @property
    def config(self) -> Config:
        return self.manifest.config

    def run(self) -> Outcome:
        """Walk from locked to stable. After a failure, abort, roll back or hold."""
        self.journal.begin()
        self.base = self.steps.load(self.plan.base)
        self.manifest = self.services.blobs.manifest(self.plan.bundle)
        try:
            self._lock()
            self._provision()
            candidate = self._verify()
            self._shift(candidate)
            self._go_live()
            self._complete()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - after any error, users come first
            return self._handle_failure(error)
        return self._outcome(Result.STABLE)

    def _lock(self) -> None:
        with self.journal.step(State.LOCKED, f"{self.plan.release} goes into the {self.plan.slot} slot"):
            # Record the approved bundle. The plan's record may have changed since: its role can still write
            # it. With its bundle, a rollback would return to something without an approval.
            self.journal.writer.amend_release(
                self.plan.release,
                state=State.LOCKED,
                base=self.plan.base,
                bundle=self.plan.bundle,
                commit=self.manifest.commit,
            )
            # Read the alarms before any change. Otherwise the new slot could set off an alarm, and the bake
            # would ignore it as an old one.
            self.bake = Bake.begin(self.steps, self.config.prefix, self.plan.slot)

    def _provision(self) -> None:
        outputs = outputs_of(self.services, self.config, self.plan.slot)
        with self.journal.step(State.PROVISIONED, "provisioning"):
            # The snapshot comes before every change. After a failed migration you restore the data from it. A
            # later snapshot would hold half-migrated data.
            self._take_snapshot(outputs)
            # Empty the slot's entry in the head before its stack changes. Otherwise a run that dies in
            # `provision` would leave the old entry, and a rollback would move users into a broken slot.
            record_slot(self.journal, self.plan.slot, None)
            outputs = provision(self.services, self.journal, self.config, self.plan.stacks, outputs)
            record_slot(self.journal, self.plan.slot, self.plan.release)
            stack = slot_stack(self.plan)
            deployment = outputs.get(API, {}).get(Output.DEPLOYMENT, "")
            self.pointer = Pointer(deployment=deployment, slot=self.plan.slot)
            deployed = self.services.stacks.find(stack.name)
            # The record gets its pointer before any user moves. Otherwise a run that dies after the move
            # would leave a live release without a pointer, and `recover` could not complete it.
            self.journal.writer.amend_release(
                self.plan.release,
                slot=self.plan.slot,
                slot_template=stack.template,
                slot_parameters=deployed.parameters if deployed else {},
                pointer=self.pointer,
            )
            self.steps.opened = self.services.site(self.config, outputs)
            # Hooks run before the checks. Otherwise the checks would meet the schema of the old release, and
            # fail.
            run_hooks(self.services, self.journal, self.config, self.plan.release, self.plan.slot)
            # Assets come before the preview and the live page. Otherwise a browser would load the new page,
            # ask for its assets and get 404.
            self.steps.site.web.publish(self.plan.release, self.manifest.web)
        self._amend_release(State.PROVISIONED)

    def _take_snapshot(self, outputs: dict[str, dict[str, str]]) -> None:
        cluster = outputs.get(FOUNDATION, {}).get(Output.DATABASE_CLUSTER)
        if cluster is None:
            return
        name = snapshot_name(self.config.prefix, self.plan.release, self.journal.operation.number)
        self.services.snapshots.begin(cluster, name)
        # Wait for its end. Otherwise the snapshot could fail after the migration, with no data to restore.
        self.services.snapshots.wait(name)
        self.journal.emit(EventKind.NOTE, f"database snapshot {name}", snapshot=name)

    def _verify(self) -> Target:
        with self.journal.step(State.VERIFIED, f"checking {self.plan.release} as candidate"):
            candidate = self.steps.open_preview(self.plan.release, self.pointer)
            address = preview_address(self.steps.site.url, candidate.preview)
            self.journal.emit(EventKind.NOTE, f"preview {address}", preview=address)
            self.steps.check(self.config.checks, candidate)
        self._amend_release(State.VERIFIED)
        # The preview stays open: the bake of a canary checks the candidate through it.
        return candidate

    def _shift(self, candidate: Target) -> None:
        if self.base is None or self.steps.site.api.live() is None:
            # There is no API, or it had no users yet: there are no requests to share.
            return
        for step in self.config.traffic.shares:
            # The ledger has the step before the first request moves. Otherwise a run that dies after the
            # shift would seem to have no users: `recover` would abort it, and leave the canary on.
            with self.journal.step(State.SHIFTING, f"{step.percent} % of API requests"):
                self.steps.site.api.shift(self.pointer, step.percent)
                self.journal.emit(
                    EventKind.TRAFFIC,
                    f"{step.percent} % of API requests go to {self.plan.release}",
                    percent=step.percent,
                )
                self.bake.watch(self.config.checks, candidate, step.bake)

    def _go_live(self) -> None:
        record = self.journal.writer.amend_release(self.plan.release, state=State.LIVE)
        self.loaded = LoadedRelease(record, self.manifest)
        with self.journal.step(State.LIVE, f"{self.plan.release} goes live"):
            # Settings come before the move. Otherwise the first requests would meet the old limits, and some
            # would get 429.
            self.steps.apply_settings(self.loaded)
            # The API moves before the page. Otherwise a run that dies between the two would leave a new page
            # on the old API, and its calls to new routes would fail.
            self.steps.move_api(self.pointer, frozenset({self.plan.origin}))
            self.steps.move_page(self.loaded, self.base)
            # The head names the new release before the checks. They may hold it, and then users stay on it.
            # Otherwise the head of a held environment would still name the old release.
            record_live(self.journal, self.plan.release, self.pointer)
            live = Target("live", self.plan.release)
            self.steps.check(self.config.checks, live)
            self.bake.watch(self.config.checks, live, self.config.traffic.bake)

    def _complete(self) -> None:
        with self.journal.step(State.STABLE, f"{self.plan.release} is stable"):
            self.steps.close_preview()
            # Old files go after the last check. Otherwise a rollback would have to write them again, and
            # users would wait for it.
            self.steps.site.web.delete_stale_files(self.manifest.web, files_of(self.base))
            # Triggers move after the last check, too. Otherwise a bad release would process messages before
            # its checks fail.
            switch_triggers(self.steps, self.plan.slot, self.loaded, self.base)
            # "Stable" is recorded last. Otherwise a run that dies here would leave a stable release with its
            # triggers off.
            record_stable(self.journal, self.plan.release)
        # The operation closes after `record_stable`. Otherwise a run that dies between the two would leave a
        # live release outside the list of stable ones, and no rollback could return to it.
        self.journal.close(Result.STABLE)

    def _handle_failure(self, error: BaseException) -> Outcome:
        # Read the clock first: users also wait during the comparison with the stable release.
        failed_at = self.services.clock.monotonic()
        failure = as_failure(error)
        if failure.code is Code.LEASE_LOST:
            # Another run has the lease, and it decides. A rollback here could move users off a release after
            # the other run completed it.
            raise failure from error
        self.journal.record_failure(failure)
        # `takes_traffic` is false for STABLE. So look for STABLE first. Otherwise a live release would be
        # recorded as aborted.
        if self.journal.operation.state is State.STABLE:
            return self._leave_to_recover(failure)
        if not self.journal.operation.state.takes_traffic:
            return self._abort(failure)
        if failure.code is Code.ALARMS_UNREADABLE:
            return self._hold(failure)
        if isinstance(failure, ChecksFailedError) and self._fails_on_stable_too(failure):
            return self._hold(self._fails_everywhere(failure))
        return self._roll_back(failure, failed_at)

    def _abort(self, failure: KanmonError) -> Outcome:
        with self.journal.step(State.ABORTED, f"{self.plan.release} is aborted; no user was on it"):
            self.steps.close_preview()
            self._amend_release(State.ABORTED)
        # The operation closes last. Otherwise a run that dies here would leave the preview open, and
        # `recover` looks at open operations only.
        self.journal.close(Result.ABORTED, failure)
        return self._outcome(Result.ABORTED, failure)

    def _leave_to_recover(self, failure: KanmonError) -> Outcome:
        """Leave the operation open for `recover`: the release is live and passed everything."""
        incomplete = KanmonError(
            failure.code,
            f"{self.plan.release} is live and passed everything, but could not be completed: "
            f"{failure.message}",
            where=failure.where,
            fix="Run `kanmon recover`, or release again: both complete it first. "
            "`kanmon recover --undo` rolls it back instead.",
        )
        return self._outcome(Result.FAILED, incomplete)

    def _fails_on_stable_too(self, failure: ChecksFailedError) -> bool:
        """Run the failed checks on the stable release: it is still complete in its slot."""
        if self.base is None:
            return False
        try:
            # Close the candidate's preview first: the ledger has room for one token. Otherwise the second
            # token would replace the first, and a run that dies here would leave the first preview open.
            self.steps.close_preview()
            preview = self.steps.open_preview(self.base.id, self.plan.origin)
            stable = Target("stable", preview.release, preview.preview)
            passed = self.steps.passes(failure.failed, stable)
            self.steps.close_preview()
        except KanmonError:
            # Nothing is known about the stable release now. It passed its checks once: the better guess.
            return False
        return not passed

    def _fails_everywhere(self, failure: ChecksFailedError) -> KanmonError:
        base = self.base.id if self.base else ""
        return KanmonError(
            Code.CHECK_FAILS_EVERYWHERE,
            f"{failure.message} It fails on the stable release {base} too, so a rollback would not help.",
            where=failure.where,
        )

    def _hold(self, failure: KanmonError) -> Outcome:
        with self.journal.step(State.HELD, "held: a person has to decide"):
            self._amend_release(State.HELD)
        self.journal.close(Result.HELD, failure)
        return self._outcome(Result.HELD, failure)

    def _roll_back(self, failure: KanmonError, failed_at: float) -> Outcome:
        left = LoadedRelease(
            self.journal.writer.amend_release(self.plan.release, state=State.ROLLING_BACK), self.manifest
        )
        roll_back(self.steps, self.base, left, failed_at)
        # The operation closes after the head is back. Otherwise a run that dies here would leave the failed
        # slot in the head as live, and the next deploy would update the slot with users on it.
        self.journal.close(Result.ROLLED_BACK, failure)
        return self._outcome(Result.ROLLED_BACK, failure)

    def _amend_release(self, state: State) -> None:
        self.journal.writer.amend_release(self.plan.release, state=state)

    def _outcome(self, result: Result, failure: KanmonError | None = None) -> Outcome:
        return Outcome(result, self.plan.release, self.journal.operation, failure)


def roll_back(steps: Steps, base: LoadedRelease | None, left: LoadedRelease, failed_at: float) -> None:
    """Return users from `left` to `base`, the live release before the operation, then clean up.

    `failed_at` is the clock's monotonic time of the failure.
    """
    operation = steps.journal.operation
    # Users first. Otherwise an error in a later call would keep users on the failed release.
    steps.return_users(base, left, operation.origin)
    report_return(steps, base, failed_at)
    with steps.journal.step(State.ROLLED_BACK, f"{left.id} was rolled back"):
        steps.close_preview()
        if base:
            steps.apply_settings(base)
            # Files go after the users. Otherwise a run that dies between the two would leave a live page
            # without its files.
            steps.site.web.delete_stale_files(base.files, left.files)
        switch_triggers(steps, operation.origin.slot, left, base)
        steps.journal.writer.amend_release(left.id, state=State.ROLLED_BACK)
        reason = f"{left.id} was rolled back"
        record_return(steps.journal, base.id if base else None, operation.origin, reason)


def report_return(steps: Steps, target: LoadedRelease | None, began: float) -> None:
    """Check the live app after the return of users; record and report the seconds.

    `began` is the clock's monotonic time at the start.
    """
    confirmed = steps.confirm(target)
    seconds = round(steps.services.clock.monotonic() - began, 3)
    steps.journal.amend(rollback_seconds=seconds)
    steps.journal.emit(
        EventKind.TRAFFIC,
        f"users are on {target.id if target else 'nothing'} again"
        + ("" if confirmed else ", though its checks do not pass"),
        seconds=seconds,
        calls=steps.journal.operation.traffic_calls,
    )
