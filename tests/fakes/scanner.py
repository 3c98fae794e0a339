"""A scanner of security headers: the problems of an answer, and its grade (INF-8).

The rules: https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring. An answer starts with 100
points, loses some for each problem, and wins some for each extra. From 100 points on, it is an A+.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Headers = dict[str, str]
CSP, HSTS = "content-security-policy", "strict-transport-security"
SPARING = "strict-origin-when-cross-origin"
HALF_A_YEAR = 15768000


def _sources(headers: Headers, directive: str) -> set[str]:
    """Where something may come from; without a directive of its own, where anything may."""
    policy = [entry.split() for entry in headers.get(CSP, "").split(";") if entry.strip()]
    directives = {name.lower(): set(values) for name, *values in policy}
    return directives.get(directive, directives.get("default-src", {"*"}))


def _max_age(headers: Headers) -> int:
    value = headers.get(HSTS, "max-age=0")
    return int(value.partition(";")[0].removeprefix("max-age="))


LOOSE = {"*", "http:", "https:", "data:", "'unsafe-inline'", "'unsafe-eval'"}
RULES: list[tuple[str, int, Callable[[Headers], bool]]] = [
    ("no content security policy", -25, lambda h: CSP not in h),
    ("scripts from anywhere", -20, lambda h: bool(_sources(h, "script-src") & LOOSE)),
    ("styles in the page", -20, lambda h: bool(_sources(h, "style-src") & LOOSE)),
    ("plug-ins", -10, lambda h: _sources(h, "object-src") != {"'none'"}),
    ("a policy without unsafe sources", 5, lambda h: not _sources(h, "script-src") & LOOSE),
    ("plain HTTP is remembered too shortly", -20, lambda h: _max_age(h) < HALF_A_YEAR),
    ("preloaded", 5, lambda h: "; preload" in h.get(HSTS, "")),
    ("subdomains by plain HTTP", -5, lambda h: "includeSubDomains" not in h.get(HSTS, "")),
    ("types are guessed", -5, lambda h: h.get("x-content-type-options") != "nosniff"),
    ("can be framed", -20, lambda h: h.get("x-frame-options") != "DENY"),
    ("framing forbidden by policy", 5, lambda h: _sources(h, "frame-ancestors") == {"'none'"}),
    ("the referrer is a whole address", -5, lambda h: "referrer-policy" not in h),
    ("the referrer is a short address", 5, lambda h: h.get("referrer-policy") == SPARING),
    ("open to every origin", -50, lambda h: h.get("access-control-allow-origin") == "*"),
    ("for its own pages only", 10, lambda h: h.get("cross-origin-resource-policy") == "same-origin"),
    ("shares its window", -5, lambda h: h.get("cross-origin-opener-policy") != "same-origin"),
    ("devices may be asked for", -5, lambda h: "camera=()" not in h.get("permissions-policy", "")),
    ("names the server behind it", -5, lambda h: "S3" in h.get("server", "")),
]  # fmt: skip


def grade(headers: Headers) -> int:
    """Points; names in lower case."""
    return 100 + sum(points for _, points, applies in RULES if applies(headers))


def wrong(headers: Headers) -> list[str]:
    """The problems that cost points."""
    return [name for name, points, applies in RULES if points < 0 and applies(headers)]
