"""Checks the live release through the changes outside of its slot: users get them at once (CD-7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.checks.probe import Target
from kanmon.codes import Code
from kanmon.config.checks import with_needed
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import SLOT
from kanmon.release.checking import ChecksFailedError, refuse_failed
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from kanmon.config.checks import Check
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.plan import PlannedStack
    from kanmon.release.ports import Services, Site
    from kanmon.release.provision import Outputs


@dataclass(frozen=True)
class LiveCheck:
    """The checks of the live release. Each passed before the first change."""

    site: Site | None
    """None without users."""
    journal: Journal
    live: Target
    checks: tuple[Check, ...]

    @classmethod
    def begin(
        cls, services: Services, journal: Journal, base: LoadedRelease | None, outputs: Outputs
    ) -> LiveCheck:
        """Run the checks of the live release before the first change. Without a release, none ever runs.

        A check that fails twice does not count: the release may be its repair. With one run, a short
        disturbance would take a check out, and nobody would see the harm of a change.
        """
        if base is None:
            return cls(None, journal, Target("live", ""), ())
        site, live = services.site(base.config, outputs), base.target("live")
        results = site.checks.run(base.config.checks, live)
        if failed := [one.check for one in results if not one.passed]:
            needed = with_needed(failed, base.config.checks)
            again = {one.check.name: one for one in site.checks.run(needed, live)}
            results = [again.get(one.check.name, one) for one in results]
        journal.record_checks(results)
        for result in (one for one in results if not one.passed):
            text = phrase(
                "{check} fails on {release} already and does not count: {failure}",
                check=result.check.name,
                release=base.id,
                failure=result.failure,
            )
            journal.emit(EventKind.NOTE, text)
        return cls(site, journal, live, tuple(one.check for one in results if one.passed))

    def run(self, stack: PlannedStack) -> None:
        """Check the live release after the change of a stack. Raises CHANGE_HARMS_LIVE."""
        if self.site is None or stack.kind == SLOT:
            return
        results = self.site.checks.run(self.checks, self.live)
        self.journal.record_checks(results)
        try:
            refuse_failed(results)
        except ChecksFailedError as error:
            problem = phrase(
                "Users got the change of {stack} at once, and it harms {release}: {failure}",
                stack=stack.name,
                release=self.live.release,
                failure=error.message,
            )
            fix = None if error.invoked else error.fix
            raise KanmonError(Code.CHANGE_HARMS_LIVE, problem, where=stack.name, fix=fix) from error
