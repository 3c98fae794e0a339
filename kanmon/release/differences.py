"""What a release has other than the live one: its web files, and the keys of its config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kanmon.config.changed import changed_keys
from kanmon.config.extremes import dotted
from kanmon.model import Record
from kanmon.release.loaded import files_of

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.config.served import ServedConfig
    from kanmon.config.stored import StoredConfig
    from kanmon.release.loaded import LoadedRelease


class WebPlan(Record):
    """The changes of the web app's files."""

    files: int
    assets: int
    changed: tuple[str, ...]
    """Files with fixed names and new content. Example: `index.html`."""
    served: dict[str, str | None] = Field(default_factory=dict)
    """Changed keys of the config with headers and settings of pages, and their new values; None: removed."""


def config_changes(config: StoredConfig, live: LoadedRelease | None) -> tuple[str, ...]:
    """The keys with other values than in the live release."""
    before = live.stored.content if live else config.content
    return tuple(dotted(place) for place in changed_keys(before, config.content))


def web_plan(manifest: Manifest, config: ServedConfig, live: LoadedRelease | None) -> WebPlan:
    """The changes of a bundle's web files, and of what its pages are served with."""
    base = files_of(live)
    old, new = _served(live.config if live else None), _served(config)
    pages = {name: file for name, file in manifest.web.items() if not file.immutable}
    return WebPlan(
        files=len(manifest.web),
        assets=len(manifest.web) - len(pages),
        changed=tuple(name for name, file in pages.items() if base.get(name) != file),
        served={key: new.get(key) for key in sorted(old | new) if old.get(key) != new.get(key)},
    )


def _served(config: ServedConfig | None) -> dict[str, str]:
    """The keys with headers and settings of a release's pages, and their values."""
    if config is None or config.web is None:
        return {}
    settings = {f"web.settings.{name}": value for name, value in config.web.settings.items()}
    settings |= {f"web.response_headers.{name}": value for name, value in config.web.others.items()}
    return {"web.content_security_policy": config.web.content_security_policy} | settings
