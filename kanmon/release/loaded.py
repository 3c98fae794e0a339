"""A release with its manifest and its config."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.checks.probe import Target
from kanmon.codes import Code
from kanmon.config.served import ServedWeb
from kanmon.config.stored import LARGEST, StoredConfig, parse_config
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import release_key
from kanmon.naming import slot_logs
from kanmon.traffic.pages import WebRelease

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.config.served import ServedConfig
    from kanmon.ledger.records import Release
    from kanmon.model import WebFile
    from kanmon.release.ports import BlobsPort


@dataclass(frozen=True)
class LoadedRelease:
    """A release with its manifest and its config: enough to bring users to it."""

    record: Release
    manifest: Manifest
    stored: StoredConfig

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
        return self.stored.served

    @property
    def current_config(self) -> Config:
        """The whole config, for its deploy by this Kanmon. Raises BUNDLE_OTHER_VERSION."""
        return self.stored.current()

    def uses(self) -> dict[str, str]:
        """Every blob's SHA-256 of its bundle and its config, and its use in words."""
        config = {self.record.config: phrase("the config")} if self.record.config else {}
        return self.manifest.uses() | dict.fromkeys(self.record.assets, phrase("hashed assets")) | config

    @property
    def api_paths(self) -> tuple[str, ...]:
        """The patterns of its API's paths, such as `/api/*`; none without an API."""
        return self.config.api.answered if self.config.api else ()

    def target(self, name: str, preview: str = "") -> Target:
        """The release to check, as `candidate`, `live` or `stable`; with the token of its preview."""
        slot = self.record.slot
        return Target(name, self.id, preview, logs=slot_logs(self.config.prefix, slot), slot=slot)


@dataclass(frozen=True)
class Loader:
    """Reads releases, each file once."""

    blobs: BlobsPort
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """Those it has read, by their digests."""
    configs: dict[str, StoredConfig] = field(default_factory=dict)

    def load(self, record: Release) -> LoadedRelease:
        """A release with its files.

        Raises BUNDLE_MISSING, BLOB_REPLACED, BUNDLE_DAMAGED, BUNDLE_OTHER_VERSION or LEDGER_UNREADABLE.
        """
        manifest = self.manifest(record.bundle)
        if record.config:
            return LoadedRelease(record, manifest, self.config(record.config))
        if manifest.config is None:
            problem = phrase("The record of {release} names no config.", release=record.id)
            raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=release_key(record.id))
        return LoadedRelease(record, manifest, StoredConfig(manifest.config))

    def manifest(self, digest: str) -> Manifest:
        """The manifest of a bundle."""
        if digest not in self.manifests:
            self.manifests[digest] = self.blobs.manifest(digest)
        return self.manifests[digest]

    def config(self, digest: str) -> StoredConfig:
        """A stored config, verified by its digest."""
        if digest not in self.configs:
            content = self.blobs.get(digest, LARGEST)
            self.configs[digest] = parse_config(content, self.blobs.key(digest))
        return self.configs[digest]


def files_of(loaded: LoadedRelease | None) -> Mapping[str, WebFile]:
    """The web files of a release; none without one."""
    return loaded.files if loaded else {}


def published_in(loaded: LoadedRelease | None) -> Mapping[str, WebFile]:
    """The web files of a live release, unless some of its hashed assets are gone."""
    return {} if loaded and loaded.record.assets_gone else files_of(loaded)


def compared_in(loaded: LoadedRelease | None) -> Collection[str]:
    """The digests of a live release's blobs, if a deploy or a rollback compared them with S3.

    Nobody can write them again: the bucket's policy lets nobody write a key twice, and pruning deletes no
    blob of a kept release.
    """
    return loaded.uses().keys() if loaded and loaded.record.verified_at else ()
