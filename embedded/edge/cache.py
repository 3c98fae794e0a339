"""The edge's cache: its entries, their keys, and for how long they stay.

After "Managing how long content stays in the cache", "Understand the cache key" and "How
CloudFront processes HTTP 4xx and 5xx status codes". Note the last: errors of GET requests are
kept for ten seconds even where a policy disables caching, unless the distribution sets less.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .messages import Request, Response, query_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from .distribution import Behavior, Distribution

Key = tuple[Any, ...]
ENTRIES = 4096
ALWAYS_KEPT_ERRORS = {404, 414, 500, 501, 502, 503, 504}
ERRORS_KEPT_BY_HEADER = {400, 403, 405, 412, 415}
# With these error codes an origin can forbid keeping.
ORIGIN_MAY_FORBID = {404, 410, 414, 501}
ERROR_SECONDS = 10.0
ERROR = 400


@dataclass(frozen=True)
class Entry:
    """A kept response."""

    response: Response
    stored: float
    seconds: float

    def fresh(self, now: float) -> bool:
        """Whether it may be served without asking the origin."""
        return now - self.stored < self.seconds


class Cache:
    """In memory, least recently used out first."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self.clock = clock

    def get(self, key: Key) -> Entry | None:
        """The entry, fresh or not."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, response: Response, seconds: float) -> None:
        """Keep a response; with zero seconds it only saves a transfer (revalidation)."""
        self._entries[key] = Entry(response, self.clock(), seconds)
        self._entries.move_to_end(key)
        while len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)

    def drop(self, key: Key) -> None:
        """Forget a response."""
        self._entries.pop(key, None)

    def renew(self, key: Key, entry: Entry, fresh: Response, seconds: float) -> Response:
        """The origin answered 304: its new headers on the kept body."""
        kept = {"content-length", "content-encoding", "content-type"}
        newer = {k: v for k, v in fresh.headers.items() if k not in kept}
        response = replace(entry.response, headers={**entry.response.headers, **newer})
        self.put(key, response, seconds)
        return response


def key_of(distribution: Distribution, behavior: Behavior, request: Request) -> Key:
    """The cache key: domain, path, and the additions of the cache policy. GET and HEAD share it."""
    parameters = behavior.cache_policy.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    headers = parameters.get("HeadersConfig", {})
    names = [n.lower() for n in headers.get("Headers", {}).get("Items", [])]
    wanted = names if headers.get("HeaderBehavior") == "whitelist" else []
    return (
        distribution.id,
        "OPTIONS" if request.method == "OPTIONS" else "GET",
        request.uri,
        tuple(selected(query_pairs(request.query), parameters.get("QueryStringsConfig", {}))),
        tuple(selected(request.cookies(), parameters.get("CookiesConfig", {}))),
        tuple((name, request.header(name)) for name in sorted(wanted)),
    )


def selected(pairs: list[tuple[str, str]], config: dict[str, Any]) -> list[tuple[str, str]]:
    """The query strings or cookies of a policy."""
    kind = "QueryStrings" if "QueryStringBehavior" in config else "Cookies"
    behavior = config.get("QueryStringBehavior") or config.get("CookieBehavior") or "none"
    names = set(config.get(kind, {}).get("Items", []))
    if behavior == "all":
        return pairs
    if behavior == "whitelist":
        return [pair for pair in pairs if pair[0] in names]
    if behavior == "allExcept":
        return [pair for pair in pairs if pair[0] not in names]
    return []


def seconds_to_keep(
    distribution: Distribution, behavior: Behavior, response: Response, now: float
) -> float | None:
    """How long to keep a response; None for not at all, 0 for revalidation only."""
    if response.status >= ERROR:
        return _seconds_of_error(distribution, response)
    policy = behavior.cache_policy
    minimum, maximum = float(policy.get("MinTTL", 0)), float(policy.get("MaxTTL", 31536000))
    if maximum == 0:
        return None
    directives = _directives(response)
    if directives.keys() & {"no-cache", "no-store", "private"}:
        if minimum > 0:
            return minimum
        return None if directives.keys() & {"no-store", "private"} else 0.0
    lifetime = _lifetime(response, directives, now)
    if lifetime is None:
        return max(minimum, float(policy.get("DefaultTTL", 86400)))
    return min(max(lifetime, minimum), max(maximum, minimum))


def _seconds_of_error(distribution: Distribution, response: Response) -> float | None:
    directives = _directives(response)
    lifetime = _lifetime(response, directives, 0.0)
    if response.status not in ALWAYS_KEPT_ERRORS and not (
        response.status in ERRORS_KEPT_BY_HEADER and lifetime is not None
    ):
        return None
    forbidden = directives.keys() & {"no-cache", "no-store", "private"}
    if forbidden and response.status in ORIGIN_MAY_FORBID:
        return None
    configured = distribution.errors.get(response.status, {}).get("ErrorCachingMinTTL")
    minimum = ERROR_SECONDS if configured is None else float(configured)
    return max(minimum, lifetime or 0.0) or None


def _directives(response: Response) -> dict[str, str]:
    header = (response.header("cache-control") or "").lower()
    pairs = [part.strip().partition("=") for part in header.split(",") if part.strip()]
    return {name: value.strip('"') for name, _equals, value in pairs}


def _lifetime(response: Response, directives: dict[str, str], now: float) -> float | None:
    for name in ("s-maxage", "max-age"):
        if re.fullmatch(r"\d+", directives.get(name, "")):
            return float(directives[name])
    expires = response.header("expires")
    if expires is None or not now:
        return None
    try:
        return max(0.0, email.utils.parsedate_to_datetime(expires).timestamp() - now)
    except ValueError:
        return 0.0
