"""Deletes what nothing needs any more, after a stable release (AWS-2).

No failure here changes the release: users are safe, and the next one deletes what is left. So it is a note.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import FOUNDATION, Output
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.ledger.records import Head
    from kanmon.release.journal import Journal
    from kanmon.release.steps import Steps


def prune(steps: Steps) -> None:
    """Delete old database snapshots, and choose the releases to keep. You can repeat the call."""
    with _noted(steps.journal, "database snapshots"):
        _delete_snapshots(steps)
    with _noted(steps.journal, "files of releases"):
        limit = steps.release.manifest.current_config().releases.kept
        steps.journal.record_kept(releases_to_keep(steps.journal.writer.head, limit))


def releases_to_keep(head: Head, limit: int) -> tuple[str, ...]:
    """The newest of the kept releases, and those that users or a slot are on."""
    wanted = {*head.kept[-limit:], head.live, *head.slots.values()}
    return tuple(release for release in head.kept if release in wanted)


def _delete_snapshots(steps: Steps) -> None:
    """Keep the newest snapshots of the database, as many as the config names.

    Otherwise they would reach the region's quota, and no release could begin.
    """
    config = steps.release.manifest.current_config()
    cluster = steps.outputs.get(FOUNDATION, {}).get(Output.DATABASE_CLUSTER) if config.database else None
    if config.database is None or cluster is None:
        return
    deleted = steps.services.snapshots.delete_old(cluster, config.prefix, config.database.snapshots)
    if deleted:
        steps.journal.emit(EventKind.NOTE, f"deleted old database snapshots: {', '.join(deleted)}")


@contextmanager
def _noted(journal: Journal, what: str) -> Iterator[None]:
    """Make a note of a failure in place of raising it. A lost lease is raised."""
    try:
        yield
    except KanmonError as error:
        if error.code is Code.LEASE_LOST:
            raise
        journal.emit(EventKind.NOTE, f"old {what} stay: {error.message}")
