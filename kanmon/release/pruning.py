"""Deletes what nothing needs any more, after a stable release (AWS-2).

It marks what the kept releases need, from the records that the deploy role alone can write, and deletes the
rest. No failure here changes the release: users are safe, and the next one deletes what is left. So it is a
note.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kanmon.aws.objects import AT_ONCE
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import release_key
from kanmon.naming import API, FOUNDATION, Output
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.bundle.manifest import Manifest
    from kanmon.ledger.records import Head, Release
    from kanmon.release.journal import Journal
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.steps import Steps

_YOUNG = timedelta(days=31)
"""Younger files stay. A plan may wait for its approval, for 30 days in GitHub
(https://docs.github.com/actions/managing-workflow-runs/reviewing-deployments), and browsers with an old page
ask for its assets."""


def prune(steps: Steps) -> None:
    """Delete old database snapshots, and files that no kept release needs. You can repeat the call."""
    with _noted(steps.journal, phrase("database snapshots")):
        _delete_snapshots(steps)
    with _noted(steps.journal, phrase("files of releases")):
        limit = steps.release.current_config.releases.kept
        # The head loses a release before its files go. Otherwise a run that dies between the two would leave
        # a target of rollbacks without its files.
        steps.journal.record_kept(releases_to_keep(steps.journal.writer.head, limit))
        _delete_files(steps)


def releases_to_keep(head: Head, limit: int) -> tuple[str, ...]:
    """The newest of the kept releases, and those that users or a slot are on."""
    wanted = {*head.kept[-limit:], head.live, *head.slots.values()}
    return tuple(release for release in head.kept if release in wanted)


@dataclass(frozen=True)
class _Needed:
    """What the kept releases need, and a plan that waits."""

    releases: tuple[LoadedRelease, ...]
    waiting: tuple[Manifest, ...]
    """The plan role can write it: it adds to what is needed, and decides about nothing else."""

    @property
    def blobs(self) -> set[str]:
        """The digests of all their stored files."""
        own = (one.record.own_files for one in self.releases)
        # Of releases before packs, an asset is a blob of its own.
        uses = ((*manifest.files().values(), manifest.digest) for manifest in self.manifests)
        return {sha256 for found in (*own, *uses) for sha256 in found}

    @property
    def pages(self) -> set[str]:
        """The names of all their web files."""
        return {name for manifest in self.manifests for name in manifest.web}

    @property
    def folders(self) -> set[str]:
        """The folders of their hashed assets."""
        return {folder for one in self.releases if one.config.web for folder in one.config.web.folders}

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests of all, those of plans, too."""
        return tuple(one.manifest for one in self.releases) + self.waiting


def _delete_files(steps: Steps) -> None:
    """Mark, and delete the rest. As long as nothing is old, there is nothing to read either."""
    before = steps.journal.now() - _YOUNG
    # An asset is younger than its blob.
    old = steps.services.blobs.older_than(before)
    records = _records(steps) if old else ()
    needed = _Needed(_loaded(steps, records), _waiting(steps)) if old else None
    if needed:
        with _noted(steps.journal, phrase("files of bundles")):
            unneeded = old - needed.blobs
            steps.services.blobs.delete(unneeded)
            _report(steps.journal, len(unneeded), phrase("files of bundles"))
        with _noted(steps.journal, phrase("hashed assets")):
            number = steps.site.web.delete_old_assets(needed.folders, needed.pages, before)
            _report(steps.journal, number, phrase("hashed assets"))
    with _noted(steps.journal, phrase("snapshots of the routes")):
        _delete_routes(steps, records)


def _delete_routes(steps: Steps, records: tuple[Release, ...]) -> None:
    """Delete the snapshots of the routes that neither users, the API's stack nor a kept release needs."""
    api, head, origin = steps.site.api, steps.journal.writer.head, steps.operation.origin
    present = steps.outputs.get(API, {}).get(Output.DEPLOYMENT, "")
    if unneeded := api.snapshots() - {present, head.pointer.deployment, origin.deployment}:
        unneeded -= {record.pointer.deployment for record in records or _records(steps)}
        _report(steps.journal, api.delete_snapshots(unneeded), phrase("snapshots of the routes"))


def _records(steps: Steps) -> tuple[Release, ...]:
    """The kept releases, those in a slot, and those of the operation.

    Raises an error when one can't be read: an incomplete mark would delete needed files.
    """
    head, operation = steps.journal.writer.head, steps.operation
    wanted = {*head.kept, head.live, *head.slots.values(), operation.release, operation.base}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda one: _record(steps, one), sorted(filter(None, wanted))))


def _loaded(steps: Steps, records: tuple[Release, ...]) -> tuple[LoadedRelease, ...]:
    """The releases with their files. See :func:`_records`."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(steps.loader.load, records))


def _record(steps: Steps, release_id: str) -> Release:
    record = steps.services.ledger.release(release_id)
    if record is None:
        problem = phrase("The record of {release} is missing.", release=release_id)
        raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=release_key(release_id))
    return record


def _waiting(steps: Steps) -> tuple[Manifest, ...]:
    """The bundle of the newest planned release: it may have taken old files over, by their names.

    The plan role writes its record and its manifest. So these can only keep files, and unreadable ones stop
    nothing. A deploy looks for each file before it begins, also for templates: the worst is a plan to repeat.
    """
    waiting = steps.services.ledger.waiting_release()
    with suppress(KanmonError, ValueError, RecursionError):
        return (steps.loader.manifest(waiting.bundle),) if waiting else ()
    return ()


def _delete_snapshots(steps: Steps) -> None:
    """Keep the newest snapshots of the database, as many as the config names.

    Otherwise they would reach the region's quota, and no release could begin.
    """
    config = steps.release.current_config
    cluster = steps.outputs.get(FOUNDATION, {}).get(Output.DATABASE_CLUSTER) if config.database else None
    if config.database is None or cluster is None:
        return
    deleted = steps.services.snapshots.delete_old(cluster, config.prefix, config.database.snapshots)
    if deleted:
        text = phrase("deleted old database snapshots: {names}", names=", ".join(deleted))
        steps.journal.emit(EventKind.NOTE, text)


def _report(journal: Journal, number: int, what: str) -> None:
    if number:
        journal.emit(EventKind.NOTE, phrase("deleted old {things}: {number}", things=what, number=number))


@contextmanager
def _noted(journal: Journal, what: str) -> Iterator[None]:
    """Make a note of a failure in place of raising it. A lost lease is raised."""
    try:
        yield
    except KanmonError as error:
        if error.code is Code.LEASE_LOST:
            raise
        text = phrase("old {things} stay: {failure}", things=what, failure=error.message)
        journal.emit(EventKind.NOTE, text)
