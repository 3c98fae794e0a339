"""The steps of an operation, as :mod:`kanmon.release.transitions` names them. Each can be repeated."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kanmon.checks.probe import preview_address
from kanmon.codes import Code
from kanmon.config.checks import with_needed
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.model import OperationKind, ReleaseState, Result, Step
from kanmon.naming import SHARED_KINDS, STACK_KINDS
from kanmon.release.bake import Bake
from kanmon.release.checking import ChecksFailedError, check
from kanmon.release.decide import obey
from kanmon.release.events import EventKind
from kanmon.release.loaded import LoadedRelease, Loader, compared_in, files_of
from kanmon.release.own_tests import run_own_tests
from kanmon.release.pointers import Pointers
from kanmon.release.pruning import prune
from kanmon.release.restore import restore_stacks
from kanmon.release.slot import apply_plan, apply_record
from kanmon.release.stack_outputs import outputs_of
from kanmon.release.triggers import switch_triggers, switch_user_triggers, uses_user_triggers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.ledger.records import Operation
    from kanmon.model import Pointer
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.plan import Plan
    from kanmon.release.ports import Services, Site
    from kanmon.release.provision import Outputs


ARRIVAL = 90.0
"""The longest time in seconds for a new stage to be everywhere. AWS's own tests wait for 30 to 80 seconds
(https://github.com/aws/chalice/blob/master/tests/aws/test_features.py)."""
_STABLE_ARRIVAL = 10.0
"""The same for the stable release's preview, in seconds: users are on a failed release meanwhile."""


@dataclass(frozen=True)
class WayBack:
    """Where `roll_back` brings users."""

    target: LoadedRelease | None
    """None: before the first release."""
    left: LoadedRelease | None
    pointer: Pointer
    changes: tuple[str, ...]
    """The kinds of stack outside of the slots to restore."""


@dataclass
class Steps:
    """The steps of one operation under its lease."""

    services: Services
    journal: Journal

    @property
    def operation(self) -> Operation:
        """The operation, as it is recorded now."""
        return self.journal.operation

    @property
    def release(self) -> LoadedRelease:
        """The operation's release: of a deploy the new one, of a rollback its target."""
        return self._load(self.operation.release)

    @property
    def base(self) -> LoadedRelease | None:
        """The live release at the beginning; None before the first one."""
        return self._load(self.operation.base) if self.operation.base else None

    @cached_property
    def loader(self) -> Loader:
        """Reads the releases' files."""
        return Loader(self.services.blobs)

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs of all stacks by their kinds, as they are at the first use."""
        return outputs_of(self.services, self.release.config, self.operation.slot)

    @cached_property
    def site(self) -> Site:
        """The app from a user's side, as its stacks are at the first use."""
        return self.services.site(self.release.config, self.outputs)

    @property
    def pointers(self) -> Pointers:
        """Both pointers, and the preview."""
        return Pointers(self.site, self.journal)

    def lock(self) -> None:
        """Begin a rollback by hand."""
        with self._begin():
            pass

    def lock_candidate(self, plan: Plan) -> Bake:
        """Begin a deploy. Returns the alarms to watch."""
        with self._begin():
            # Compare the stored files with their names before anything uses one. Otherwise a holder of the
            # plan's role, or of an earlier version's, could exchange a file under its name.
            self.services.blobs.verify(self.release.uses() | plan.files(), compared_in(self.base))
            self.journal.writer.amend_release(
                plan.release,
                state=ReleaseState.CANDIDATE,
                base=plan.base,
                assets=plan.assets,
                verified_at=self.journal.now(),
            )
            # Read the alarms before any change. Otherwise the new slot could set off an alarm, and the bake
            # would ignore it as an old one.
            return Bake.begin(self, self.release.config.prefix, plan.slot)

    def provision(self, plan: Plan | None = None) -> None:
        """Bring the release completely into its slot: by its plan, or again as it was recorded."""
        with self.journal.step(Step.PROVISION):
            if plan:
                apply_plan(self, plan)
            else:
                apply_record(self)
            # Assets come before the preview and the live page. Otherwise a browser would load the new page,
            # ask for its assets and get 404.
            with self._doubting_base():
                self.site.web.publish(self.release.web, files_of(self.base), self.release.record.assets)

    @contextmanager
    def _doubting_base(self) -> Iterator[None]:
        """Let the next plan upload all hashed assets again, if some of the live release's are gone."""
        try:
            yield
        except KanmonError as error:
            if error.code is Code.BUNDLE_MISSING and self.base:
                self.journal.writer.amend_release(self.base.id, assets_gone=True)
            raise

    def obey(self) -> None:
        """Obey a person who aborted the release meanwhile. Raises ABORT_REQUESTED."""
        obey(self.services, self.journal)

    def verify(self) -> None:
        """Check the release as a candidate. Its preview stays open: a canary is checked through it."""
        with self.journal.step(Step.VERIFY):
            # A run that died here before has left a preview. Otherwise each repetition would leave another
            # stage, and an API takes ten.
            self.pointers.close_previews()
            candidate = self.pointers.open_preview(
                "candidate", self.release, self.release.record.pointer, arrival=ARRIVAL
            )
            address = preview_address(self.site.url, candidate.preview)
            self.journal.emit(EventKind.NOTE, phrase("preview {address}", address=address), preview=address)
            self.check_all(self.release, candidate)
            run_own_tests(self, candidate)

    def shift(self, bake: Bake) -> None:
        """Give the candidate rising shares of the API requests, and bake each."""
        if not (self.base and self.release.record.pointer.deployment and self.site.api.live()):
            # One of the releases has no API: there are no requests to share.
            return
        config = self.release.current_config
        target = self.release.target(deferred("candidate"), self.operation.previews[0])
        for share in config.traffic.shares:
            # The ledger has the step before the first request moves. Otherwise a run that dies after the
            # shift would seem to have no users: `recover` would abort it, and leave the canary on.
            with self.journal.step(Step.SHIFT, percent=share.percent):
                self.site.api.shift(self.release.record.pointer, share.percent)
                text = phrase(
                    "{percent} % of API requests go to {release}",
                    percent=share.percent,
                    release=self.release.id,
                )
                self.journal.emit(EventKind.TRAFFIC, text, percent=share.percent)
                promoted = bake.watch(config.checks, target, share.bake)
            if promoted:
                return

    def promote(self, bake: Bake) -> None:
        """Make the release live for all users, check it, and bake it."""
        release = self.release
        with self.journal.step(Step.PROMOTE):
            # The head names the new release before the checks. They may hold it, and then users stay on it.
            # Otherwise the head of a held environment would still name the old release.
            self._forward()
            live = release.target(deferred("live"))
            # Before the first release there is no live stage. A later move keeps the stage: the old release
            # answers where the move has not arrived.
            new = not self.operation.origin.deployment
            self.check_all(release, replace(live, arrival=ARRIVAL, api=release.api_paths) if new else live)
            bake.watch(release.config.checks, live, release.current_config.traffic.bake)

    def complete(self) -> None:
        """Record the live release as stable; then the operation ends."""
        release, base = self.release, self.base
        with self.journal.step(Step.COMPLETE):
            if self.journal.writer.head.live != release.id:
                # A person keeps a release held as a canary: it still has to move.
                self._forward()
            self.pointers.close_previews()
            # Old files go after the last check. Otherwise a rollback would have to write them again, and
            # users would wait for it.
            self.site.web.delete_stale_files(release.files, files_of(base))
            # Triggers move after the last check, too. Otherwise a bad release would process messages before
            # its checks fail.
            switch_triggers(self.services, self.journal, self.operation.slot, release, base)
            # "Stable" is recorded last. Otherwise a run that dies here would leave a stable release with its
            # triggers off.
            self.journal.record_stable(release.record)
            prune(self)
        # The operation closes after `record_stable`. Otherwise a run that dies between the two would leave a
        # live release outside the list of stable ones, and no rollback could return to it.
        self.journal.close(Result.STABLE)

    def _forward(self) -> None:
        """Move all users to the release: the user pool, the API, the page."""
        release, base = self.release, self.base
        # The pool comes first. Otherwise users of a new page would sign up without its functions until
        # CloudFormation has changed the pool.
        switch_user_triggers(self.services, self.journal, release.config.prefix, release, base)
        self.pointers.forward(release, base, self.operation.origin)
        self.journal.record_live(release.id, release.record.pointer)

    def abort(self, failure: KanmonError | None) -> None:
        """End the operation. No user was on the release."""
        with self.journal.step(Step.ABORT, failure):
            if self.operation.previews:
                self.pointers.close_previews()
            if self.operation.changes:
                self._restore(self.base, self.operation.changes)
            if self.operation.kind is OperationKind.DEPLOY:
                self.journal.writer.amend_release(self.operation.release, state=ReleaseState.ABORTED)
        # The operation closes last. Otherwise a run that dies here would leave the preview open, and
        # `recover` looks at open operations only.
        self.journal.close(Result.ABORTED, failure)

    def hold(self, failure: KanmonError) -> None:
        """Leave everything as it is, until a person decides."""
        with self.journal.step(Step.HOLD, failure), suppress(KanmonError):
            # Nobody needs the preview now. The decision closes it, when this fails.
            self.pointers.close_previews()
        self.journal.close(Result.HELD, failure)

    def roll_back(self, failure: KanmonError | None, began: float) -> None:
        """Return all users, then clean up and freeze the environment; then the operation ends.

        `began` is the clock's monotonic time of the failure, or of the decision.
        """
        way = self.way_back
        target, left = way.target, way.left
        # Users first. Otherwise an error in a later call would keep users on the failed release.
        with self.journal.step(Step.ROLL_BACK, failure):
            self.pointers.back(target, left, way.pointer)
            seconds = round(self.services.clock.monotonic() - began, 3)
            # The head has the return first. Otherwise a failed call below would leave users on a release that
            # the head does not name.
            self._record_return(way)
            if self.operation.rollback_seconds is None:
                # A recovery that repeats the step keeps the time of the real return.
                self.journal.note(rollback_seconds=seconds)
            # The pool is next: users sign up and log in by it, and so do the checks.
            switch_user_triggers(self.services, self.journal, self.release.config.prefix, target, left)
            self._report_return(target, seconds)
            self.pointers.close_previews()
            if target:
                self.pointers.apply_settings(target)
            # Files go after the users. Otherwise a run that dies between the two would leave a live page
            # without its files.
            self.site.web.delete_stale_files(files_of(target), files_of(left))
            switch_triggers(self.services, self.journal, way.pointer.slot, left, target)
            # Stacks outside of the slots come last: CloudFormation takes minutes for some of them.
            self._restore(target, way.changes)
        # The operation closes after the head is back. Otherwise a run that dies here would leave the failed
        # slot in the head as live, and the next deploy would update the slot with users on it.
        self.journal.close(Result.ROLLED_BACK, failure)

    @property
    def way_back(self) -> WayBack:
        """After a deploy the target is its base, in a rollback by hand its release."""
        operation, release, base = self.operation, self.release, self.base
        if operation.kind is OperationKind.DEPLOY:
            return WayBack(base, release, operation.origin, operation.changes)
        pointer = release.record.pointer.model_copy(update={"slot": operation.slot})
        return WayBack(release, base, pointer, self._shared_kinds)

    @property
    def _shared_kinds(self) -> tuple[str, ...]:
        """The kinds outside of the slots, of the release and of its base."""
        recorded = [self.release.record, *([self.base.record] if self.base else [])]
        own = {kind for one in recorded for kind in one.stacks if kind not in STACK_KINDS}
        return (*SHARED_KINDS, *sorted(own))

    def fails_on_stable(self, failure: ChecksFailedError) -> bool:
        """Run the failed checks on the stable release: it is still complete in its slot."""
        base, checks = self.base, with_needed(failure.failed, self.release.config.checks)
        if base is None or not all(one in base.config.checks for one in checks):
            # A new check fails on the stable release for another reason: it is not there yet.
            return False
        if self._logs_in_by_release(checks):
            # The pool calls the release's functions for all users, so a check proves nothing about the base.
            return False
        # Users wait for the rollback. So only these paths are there, and no preview closes before.
        paths = {one.path for one in checks if one.path}
        stable = self.pointers.open_preview(
            "stable", base, self.operation.origin, arrival=_STABLE_ARRIVAL, paths=paths
        )
        try:
            self.check(checks, stable)
        except ChecksFailedError as error:
            # A stage that did not arrive proves nothing. The stable release passed once: the better guess.
            return error.arrived
        return False

    def _logs_in_by_release(self, checks: Sequence[Check]) -> bool:
        """Whether checks log in, themselves or by the app, and the user pool has moved with the release."""
        moved = self.operation.step is Step.PROMOTE and uses_user_triggers(self.release, self.base)
        return moved and any(one.sign_in or one.capture.names for one in checks)

    def check_all(self, loaded: LoadedRelease, target: Target) -> None:
        """Run all checks of a release, and report those that this Kanmon can't run."""
        for note in loaded.config.unchecked:
            self.journal.emit(EventKind.NOTE, note)
        self.check(loaded.config.checks, target)

    def check(self, checks: Sequence[Check], target: Target) -> None:
        """Run checks and note their results. Raises ChecksFailedError when one failed."""
        check(self.site, self.journal, checks, target)

    def _load(self, release_id: str) -> LoadedRelease:
        return self.loader.load(self.journal.writer.releases[release_id])

    @contextmanager
    def _begin(self) -> Iterator[None]:
        with self.journal.step(Step.LOCK):
            if approval := self.operation.approval:
                note = phrase("approved by {person} ({how})", person=approval.by, how=approval.how)
                self.journal.emit(EventKind.NOTE, note, digest=approval.digest)
            yield

    def _report_return(self, target: LoadedRelease | None, seconds: float) -> None:
        """Check the live app, and report it with the seconds of the return."""
        text = phrase("users are on nothing again")
        if target:
            try:
                self.check_all(target, target.target("live"))
                text = phrase("users are on {release} again", release=target.id)
            except ChecksFailedError:
                text = phrase(
                    "users are on {release} again, though its checks do not pass", release=target.id
                )
        calls = self.operation.traffic_calls
        self.journal.emit(EventKind.TRAFFIC, text, seconds=seconds, calls=calls)

    def _restore(self, target: LoadedRelease | None, kinds: tuple[str, ...]) -> None:
        """Restore the stacks outside of the slots. Users get this at once, too, so check them again."""
        if target and restore_stacks(self.services, self.journal, target, kinds):
            try:
                self.check_all(target, target.target("live"))
            except ChecksFailedError as error:
                text = phrase("after the restoration: {failure}", failure=error.message)
                self.journal.emit(EventKind.NOTE, text)

    def _record_return(self, way: WayBack) -> None:
        writer, target, left = self.journal.writer, way.target, way.left
        # A rollback by hand may go to a newer release. The older one stays stable then.
        if left and (target is None or left.record.number > target.record.number):
            # A person may undo a deploy when its release was recorded as stable already. It is no target of
            # rollbacks then, as if the run had died one write earlier.
            never = {"stable_at": None} if self.operation.kind is OperationKind.DEPLOY else {}
            writer.amend_release(left.id, state=ReleaseState.ROLLED_BACK, **never)
        if target and target.record.state is not ReleaseState.STABLE:
            writer.amend_release(target.id, state=ReleaseState.STABLE)
        self.journal.record_return(target.id if target else None, way.pointer)
