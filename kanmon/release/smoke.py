"""Asks the live app what its release promised, whenever somebody wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.checks import Target
from kanmon.errors import Code, KanmonError
from kanmon.release.journal import check_event
from kanmon.release.plan import outputs_of

if TYPE_CHECKING:
    from kanmon.checks import CheckResult
    from kanmon.config import Config
    from kanmon.release.events import Observer
    from kanmon.release.ports import World


def smoke(world: World, config: Config, observer: Observer) -> list[CheckResult]:
    """Run the live release's own checks as its users would meet it. Nothing is changed.

    Raises UNKNOWN_RELEASE before the first release.
    """
    head = world.ledger.head()
    release = world.ledger.release(head.live) if head.live else None
    if release is None:
        raise KanmonError(Code.UNKNOWN_RELEASE, f"Nothing is live in {config.environment} yet.")
    manifest = world.blobs.manifest(release.bundle)
    entrance = world.entrance(manifest.config, outputs_of(world, config, head.pointer.slot))
    results = entrance.checks.run(manifest.config.checks, Target("live", release.id))
    for result in results:
        observer(check_event(result))
    return results
