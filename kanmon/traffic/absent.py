"""Stand-ins for an app without an API or without a web app, without any calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from kanmon.config.api import Throttle
    from kanmon.model import Pointer, WebFile
    from kanmon.traffic.pages import WebRelease


class NoApi:
    """The stages of an app without an API; see :class:`kanmon.traffic.stages.ApiStages`."""

    def live(self) -> Pointer | None:
        """There is no stage."""
        return None

    def move(self, target: Pointer, *, allowed: frozenset[Pointer] | None) -> bool:
        """No call was needed."""
        del target, allowed
        return False

    def shift(self, candidate: Pointer, percent: int) -> None:
        """There are no requests to share."""

    def apply_settings(self, throttle: Throttle) -> bool:
        """No setting differs."""
        del throttle
        return False

    def open_preview(self, token: str, pointer: Pointer) -> None:
        """The candidate's pages need no stage."""

    def close_preview(self, token: str) -> None:
        """There is no stage to remove."""

    def snapshots(self) -> set[str]:
        """There are no routes."""
        return set()

    def delete_snapshots(self, unneeded: Collection[str]) -> int:
        """There are no routes."""
        del unneeded
        return 0


class NoWeb:
    """The pages of an app without a web app; see :class:`kanmon.traffic.pages.WebPages`."""

    def publish(self, web: WebRelease, base: Mapping[str, WebFile], packs: Iterable[str] = ()) -> None:
        """There are no files."""

    def open_preview(self, token: str, web: WebRelease) -> None:
        """There are no files."""

    def close_preview(self, token: str) -> None:
        """There are no files."""

    def move(self, web: WebRelease, base: Mapping[str, WebFile]) -> int:
        """No write was needed."""
        del web, base
        return 0

    def clear(self) -> bool:
        """No write was needed."""
        return False

    def delete_stale_files(self, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> None:
        """There are no files."""

    def delete_old_assets(self, folders: Iterable[str], needed: Collection[str], before: datetime) -> int:
        """There are no files."""
        del folders, needed, before
        return 0
