"""The method of a deployed API for a path ("Amazon API Gateway REST API: resources").

Segment by segment, a literal wins over a path parameter, and a parameter over a greedy one; a
named method wins over ANY. A greedy parameter takes one or more segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Match:
    """The found method, with the values of its path parameters."""

    resource_id: str
    resource_path: str
    method: dict[str, Any]
    parameters: dict[str, str]


def match(resources: dict[str, dict[str, Any]], method: str, path: str) -> Match | None:
    """The best resource for a path with this method; None is "Missing Authentication Token"."""
    segments = [part for part in path.split("/") if part]
    candidates = []
    for identifier, resource in resources.items():
        wanted = [part for part in resource.get("path", "/").split("/") if part]
        filled = _fill(wanted, segments)
        methods = resource.get("resourceMethods") or {}
        if filled is not None and methods:
            candidates.append((_rank(wanted), identifier, resource, filled))
    for _, identifier, resource, filled in sorted(candidates, key=lambda c: c[0]):
        methods = resource["resourceMethods"]
        chosen = methods.get(method) or methods.get("ANY")
        if chosen:
            return Match(identifier, resource["path"], chosen, filled)
    return None


def _rank(wanted: Iterable[str]) -> list[int]:
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in wanted]


def _fill(wanted: list[str], segments: list[str]) -> dict[str, str] | None:
    filled: dict[str, str] = {}
    for position, part in enumerate(wanted):
        if part.endswith("+}"):
            rest = segments[position:]
            return {**filled, part[1:-2]: unquote("/".join(rest))} if rest else None
        if position >= len(segments):
            return None
        if part.startswith("{"):
            filled[part[1:-1]] = unquote(segments[position])
        elif part != unquote(segments[position]):
            return None
    return filled if len(wanted) == len(segments) else None
