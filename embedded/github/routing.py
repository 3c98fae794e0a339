"""An endpoint, a call of it, and its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .state import Repository, State, Token

PREFIX = "/repos/{owner}/{repo}"
_PAGING = frozenset({"per_page", "page"})
_WITH_SLASHES = ("{basehead}", "{branch}", "{path}", "{tag}")
_T = TypeVar("_T")


class RefusedError(Exception):
    """A call is refused. `played` is False where GitHub itself would not refuse it, only this server does."""

    def __init__(
        self,
        status: int,
        message: str,
        *errors: str,
        played: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.played = status, message, errors, played
        self.headers = headers or {}


@dataclass(frozen=True)
class Answer:
    """A status with JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A permitted call of an endpoint, on an existing repository."""

    state: State
    repository: Repository
    base: str
    url: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    token: Token

    @property
    def actor(self) -> str:
        """Who calls."""
        return self.token.actor

    @property
    def api(self) -> str:
        """The repository's address in the API."""
        return f"{self.base}/repos/{self.repository.name}"

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.base}/{self.repository.name}"

    def find(self, things: Mapping[int, _T], name: str) -> _T:
        """The thing with the path's number, or 404."""
        return found(things.get(int(self.path[name])))


@dataclass(frozen=True)
class Route:
    """An endpoint below `PREFIX`.

    `needs` is what a token must have, as a workflow file writes it ("issues: write or pull-requests: write").
    `query` names the played parameters, besides those of paging.
    """

    method: str
    path: str
    needs: str
    handler: Callable[[Call], Answer]
    query: str = ""

    @property
    def template(self) -> str:
        """The path as the description has it."""
        return PREFIX + self.path

    @property
    def known(self) -> frozenset[str]:
        """The played query parameters."""
        return _PAGING.union(self.query.split())

    def match(self, path: str) -> dict[str, str] | None:
        """The path's values for the template, decoded. Some hold slashes, as in `compare/main...fix/typo`."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        if self.path.endswith(_WITH_SLASHES):
            pattern = pattern.removesuffix("[^/]+)") + ".+)"
        filled = re.fullmatch(pattern, path)
        return {name: unquote(value) for name, value in filled.groupdict().items()} if filled else None

    def fill(self, values: Mapping[str, str]) -> str:
        """The path for these values, each one encoded whole."""
        return self.template.format(**{name: quote(value, safe="") for name, value in values.items()})

    def allowed(self, permissions: Mapping[str, str]) -> bool:
        """Whether a token's permissions suffice. Everybody may read metadata."""
        wanted = (part.split(": ") for part in self.needs.split(" or "))
        return any(
            scope == "metadata" or permissions.get(scope) in {level, "write"} for scope, level in wanted
        )


def found(thing: _T | None) -> _T:
    """The thing, or 404."""
    if thing is None:
        raise RefusedError(404, "Not Found")
    return thing


def stamp(moment: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def newest(things: Mapping[int, _T]) -> list[_T]:
    """The newest first, as GitHub lists most things."""
    return [things[number] for number in sorted(things, reverse=True)]


def listed(call: Call, things: Sequence[_T], view: Callable[[_T], Any], key: str = "") -> Answer:
    """One page, with a Link header to its neighbours; under `key` with a total where GitHub wraps its lists.

    https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    size = max(1, min(int(call.query.get("per_page", 30)), 100))
    number = max(1, int(call.query.get("page", 1)))
    last = max(1, -(-len(things) // size))
    neighbours = {"prev": number - 1, "first": 1} if number > 1 else {}
    if number < last:
        neighbours |= {"next": number + 1, "last": last}
    links = [
        f'<{call.base}{call.url}?{urlencode({**call.query, "page": page})}>; rel="{name}"'
        for name, page in neighbours.items()
    ]
    shown = [view(thing) for thing in things[(number - 1) * size : number * size]]
    body = {"total_count": len(things), key: shown} if key else shown
    return Answer(body, headers={"Link": ", ".join(links)} if links else {})
