"""The timeline: the release of users' answers, second by second, from the viewer's log."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .seen import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .seen import Seen
    from .story import Act

WIDTH = 1160.0
BUCKET = 1.0
"""Seconds to count together."""


@dataclass(frozen=True)
class Piece:
    """A release's share of a second: a rectangle. `top` and `height` are shares of the ribbon's height."""

    x: float
    width: float
    top: float
    height: float
    release: str
    label: str


@dataclass(frozen=True)
class Band:
    """The time of an act."""

    x: float
    width: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """The whole drawing."""

    ribbons: dict[str, list[Piece]]
    bands: list[Band]
    ticks: list[tuple[float, str]]
    width: float = WIDTH


def draw(seen: Sequence[Seen], acts: Sequence[Act]) -> Timeline:
    """Draw the viewer's log from its first request on."""
    begin = min(one.start for one in seen)
    end = max(one.end for one in seen)
    scale = WIDTH / (end - begin)
    ribbons = {
        "Page": _ribbon(seen, Kind.PAGE, begin, scale),
        "API": _ribbon(seen, Kind.API, begin, scale),
    }
    bands = [band for act in acts if (band := _band(act, begin, scale))]
    ticks = [(second * scale, f"{second} s") for second in range(0, math.ceil(end - begin), 10)]
    return Timeline(ribbons, bands, ticks)


def _ribbon(seen: Sequence[Seen], kind: Kind, begin: float, scale: float) -> list[Piece]:
    counts: dict[int, Counter[str]] = {}
    for one in seen:
        if one.kind is kind and one.release:
            counts.setdefault(int((one.end - begin) / BUCKET), Counter())[one.release] += 1
    pieces: list[Piece] = []
    known = sorted(counts)
    for second, after in zip(known, [*known[1:], (known or [0])[-1] + 1], strict=True):
        x, width = second * BUCKET * scale, (after - second) * BUCKET * scale
        pieces += _shares(counts[second], x, width, second)
    return pieces


def _shares(counts: Counter[str], x: float, width: float, second: int) -> list[Piece]:
    """One second's releases on top of each other. It lasts until the next second with an answer."""
    whole, top, pieces = sum(counts.values()), 0.0, []
    for release, count in sorted(counts.items()):
        share = count / whole
        label = f"{second} s: {release} gave {count} of {whole} answers"
        pieces.append(Piece(x, min(width, WIDTH - x), top, share, release, label))
        top += share
    return pieces


def _band(act: Act, begin: float, scale: float) -> Band | None:
    start = (act.ran[0].began - begin) * scale
    end = (act.ran[-1].ended - begin) * scale
    if end <= 0:
        return None
    start = max(0.0, start)
    return Band(start, min(WIDTH, end) - start, act.label)
