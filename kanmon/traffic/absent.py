"""What takes the place of the half that an app doesn't have: no API, or no web app. It points nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanmon.bundle import Manifest
    from kanmon.ledger import Pointer


class NoApi:
    """The stages of an app without an API; see :class:`kanmon.traffic.ApiStages`."""

    def live(self) -> Pointer | None:
        """No stage."""
        return None

    def move(self, target: Pointer, *, allowed: frozenset[Pointer]) -> bool:
        """No call was needed."""
        del target, allowed
        return False

    def shift(self, candidate: Pointer, percent: int) -> None:
        """There are no requests to share."""

    def settle(self, manifest: Manifest) -> bool:
        """No setting differs."""
        del manifest
        return False

    def open_trial(self, token: str, pointer: Pointer) -> None:
        """The candidate's pages need no stage."""

    def close_trial(self, token: str) -> None:
        """There is none."""


class NoWeb:
    """The pages of an app without a web app; see :class:`kanmon.traffic.WebPages`."""

    def live(self) -> str | None:
        """No page."""
        return None

    def publish(self, release: str, manifest: Manifest) -> None:
        """There are no files."""

    def move(self, release: str, manifest: Manifest, base: Manifest | None) -> int:
        """No write was needed."""
        del release, manifest, base
        return 0

    def clear(self) -> bool:
        """No write was needed."""
        return False

    def settle(self, manifest: Manifest, base: Manifest | None) -> None:
        """There are no files."""
