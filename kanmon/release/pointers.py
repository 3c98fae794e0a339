"""Moves both pointers, in either direction, and opens the preview beside them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanmon.config.paths import is_api_path
from kanmon.language import phrase
from kanmon.naming import preview_token
from kanmon.release.events import EventKind
from kanmon.release.loaded import LoadedRelease, files_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from kanmon.checks.probe import Target
    from kanmon.config.served import ServedApi
    from kanmon.model import Pointer
    from kanmon.release.journal import Journal
    from kanmon.release.ports import Site


@dataclass(frozen=True)
class Pointers:
    """What decides who gets which release."""

    site: Site
    journal: Journal

    def forward(self, target: LoadedRelease, base: LoadedRelease | None, origin: Pointer) -> None:
        """Move all users to a release. `origin` is the API's pointer before."""
        # Settings come before the move. Otherwise the first requests would meet the old limits, and some
        # would get 429.
        self.apply_settings(target)
        # The API moves before the page. Otherwise a run that dies between the two would leave a new page on
        # the old API, and its calls to new routes would fail.
        self._move_api(target.record.pointer, frozenset({origin}))
        self._move_page(target, base)

    def back(self, target: LoadedRelease | None, left: LoadedRelease | None, pointer: Pointer) -> None:
        """Return all users to a release: the page first, then the API. To a newer one, the API first.

        An old page works with the new API, as it did during the canary. In the other order, a run that dies
        between the two moves would leave a new page on the old API, and its calls to new routes would fail.
        """
        if self.journal.operation.rollback_seconds is None:
            self.journal.note(traffic_calls=0)
        newer = target and left and target.record.number > left.record.number
        if newer:
            self._move_api(pointer, None)
        self._move_page(target, left)
        if not newer:
            self._move_api(pointer, None)

    def apply_settings(self, loaded: LoadedRelease) -> None:
        """Give the live stage a release's settings where they differ. No pointer moves."""
        api = loaded.config.api
        if api and self.site.api.apply_settings(api.throttle):
            self.journal.emit(
                EventKind.NOTE, phrase("the API's stage has the settings of {release}", release=loaded.id)
            )

    def open_preview(
        self,
        name: str,
        loaded: LoadedRelease,
        pointer: Pointer,
        *,
        arrival: float,
        paths: Collection[str] | None = None,
    ) -> Target:
        """Open a release to people with its address, through the edge and before any user.

        With `paths`, only these are there. The preview has `name` in messages about checks. They wait at most
        `arrival` seconds for its stage.
        """
        token = preview_token(loaded.id, secrets.token_hex(16))
        # The observer masks the token first. Otherwise an error text could show it in a public log.
        self.journal.emit(EventKind.PREVIEW, token)
        # The ledger has the token before the preview exists. Otherwise a run that dies here would leave the
        # candidate open to everybody with the address, and `recover` could not close it.
        self.journal.amend(previews=(*self.journal.operation.previews, token))
        calls, pages = _split(loaded.config.api, paths)
        if pages is None or pages:
            self.site.web.open_preview(token, loaded.web if pages is None else loaded.web.only(pages))
        if calls is None or calls:
            self.site.api.open_preview(token, pointer)
        return replace(loaded.target(name, token), arrival=arrival, api=loaded.api_paths)

    def close_previews(self) -> None:
        """Close the operation's previews, if it has any."""
        for token in self.journal.operation.previews:
            self.site.api.close_preview(token)
            self.site.web.close_preview(token)
        # The ledger forgets the tokens later, with its next write. Otherwise a run that dies here would leave
        # a preview open, and `recover` could not close it.
        self.journal.note(previews=())

    def _move_api(self, pointer: Pointer, allowed: frozenset[Pointer] | None) -> None:
        """Point the live stage at a release, in one call."""
        if self.site.api.move(pointer, allowed=allowed):
            self._count(1)
            text = phrase("the API serves the {slot} slot", slot=pointer.slot)
            self.journal.emit(EventKind.TRAFFIC, text, slot=pointer.slot.value)

    def _move_page(self, target: LoadedRelease | None, base: LoadedRelease | None) -> None:
        """Make a release's pages live, the entry page last. Without a release, remove the entry page."""
        web = self.site.web
        if target is None:
            if web.clear():
                self._count(1)
                self.journal.emit(EventKind.TRAFFIC, phrase("there is no live page any more"))
            return
        writes = web.move(target.web, files_of(base))
        self._count(writes)
        if writes:
            text = phrase("the page is that of {release}", release=target.id)
            self.journal.emit(EventKind.TRAFFIC, text, release=target.id)

    def _count(self, calls: int) -> None:
        self.journal.note(traffic_calls=self.journal.operation.traffic_calls + calls)


def _split(
    api: ServedApi | None, paths: Collection[str] | None
) -> tuple[Collection[str] | None, Collection[str] | None]:
    """The paths of the API and those of pages. None stands for all."""
    if paths is None:
        return None, None
    calls = {path for path in paths if api and is_api_path(path.partition("?")[0], api.answered)}
    return calls, set(paths) - calls
