"""Runs the live release's smoke checks at any time. Example: `kanmon smoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.checks.probe import Target
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import slot_logs
from kanmon.release.events import Event, EventKind
from kanmon.release.journal import check_event
from kanmon.release.loaded import Loader
from kanmon.release.stack_outputs import outputs_of

if TYPE_CHECKING:
    from kanmon.checks.execution import CheckResult
    from kanmon.config.schema import Config
    from kanmon.release.events import Observer
    from kanmon.release.ports import Services


def smoke(services: Services, config: Config, observer: Observer) -> list[CheckResult]:
    """Run the live release's own checks from a user's side. Changes nothing.

    Raises UNKNOWN_RELEASE before the first release, BUNDLE_OTHER_VERSION when no check can run.
    """
    head = services.ledger.head()
    release = services.ledger.release(head.live) if head.live else None
    if release is None:
        raise KanmonError(
            Code.UNKNOWN_RELEASE,
            phrase("Nothing is live in {environment} yet.", environment=config.environment),
            fix=phrase("Release the app first, with `kanmon deploy`."),
        )
    served = Loader(services.blobs).load(release).config
    for note in served.unchecked:
        observer(Event(EventKind.NOTE, note, at=services.clock.now()))
    if not served.checks:
        problem = phrase("This Kanmon can run none of the checks of {release}.", release=release.id)
        raise KanmonError(Code.BUNDLE_OTHER_VERSION, problem, fix=phrase("Update Kanmon."))
    site = services.site(served, outputs_of(services, served, head.pointer.slot))
    live = Target("live", release.id, logs=slot_logs(served.prefix, release.slot), slot=release.slot)
    results = site.checks.run(served.checks, live)
    for result in results:
        observer(check_event(result, services.clock.now()))
    return results
