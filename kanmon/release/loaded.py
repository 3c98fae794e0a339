"""A release with its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.checks.probe import Target
from kanmon.config.served import ServedWeb
from kanmon.naming import slot_logs
from kanmon.traffic.pages import WebRelease

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.served import ServedConfig
    from kanmon.ledger.records import Release
    from kanmon.model import WebFile


@dataclass(frozen=True)
class LoadedRelease:
    """A release with its manifest: enough to bring users to it."""

    record: Release
    manifest: Manifest

    @property
    def id(self) -> str:
        """The release's id, such as `r42`."""
        return self.record.id

    @property
    def files(self) -> Mapping[str, WebFile]:
        """The web app's files, by name."""
        return self.manifest.web

    @property
    def web(self) -> WebRelease:
        """The web app with what it is served with."""
        web, settings = self.config.web or ServedWeb(), self.record.settings
        served = web if settings is None else web.model_copy(update={"settings": settings})
        return WebRelease(self.id, self.files, served)

    @property
    def config(self) -> ServedConfig:
        """The part of its config that serves users, of whatever version of Kanmon."""
        return self.manifest.served

    @property
    def api_paths(self) -> tuple[str, ...]:
        """The patterns of its API's paths, such as `/api/*`; none without an API."""
        return self.config.api.answered if self.config.api else ()

    def target(self, name: str, preview: str = "") -> Target:
        """The release to check, as `candidate`, `live` or `stable`; with the token of its preview."""
        slot = self.record.slot
        return Target(name, self.id, preview, logs=slot_logs(self.config.prefix, slot), slot=slot)


def files_of(loaded: LoadedRelease | None) -> Mapping[str, WebFile]:
    """The web files of a release; none without one."""
    return loaded.files if loaded else {}


def compared_in(loaded: LoadedRelease | None) -> Collection[str]:
    """The digests of a live release's blobs, if a deploy or a rollback compared them with S3.

    Nobody can write them again: the bucket's policy lets nobody write a key twice, and pruning deletes no
    blob of a kept release.
    """
    return loaded.manifest.uses().keys() if loaded and loaded.record.verified_at else ()
