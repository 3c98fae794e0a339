"""The timeline: who answered users, second by second, counted from the viewer's log."""

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
"""Seconds that are counted together."""


@dataclass(frozen=True)
class Piece:
    """A release's share of a moment: a rectangle, `top` and `height` being parts of the ribbon's height."""

    x: float
    width: float
    top: float
    height: float
    release: str
    told: str


@dataclass(frozen=True)
class Band:
    """The time in which an act was played."""

    x: float
    width: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """All that is drawn."""

    ribbons: dict[str, list[Piece]]
    bands: list[Band]
    ticks: list[tuple[float, str]]
    width: float = WIDTH


def draw(seen: Sequence[Seen], acts: Sequence[Act]) -> Timeline:
    """Draw what the viewer saw from its first request on."""
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
    moments: dict[int, Counter[str]] = {}
    for one in seen:
        if one.kind is kind and one.release:
            moments.setdefault(int((one.end - begin) / BUCKET), Counter())[one.release] += 1
    pieces: list[Piece] = []
    known = sorted(moments)
    for moment, following in zip(known, [*known[1:], (known or [0])[-1] + 1], strict=True):
        pieces += _shares(
            moments[moment], moment * BUCKET * scale, (following - moment) * BUCKET * scale, moment
        )
    return pieces


def _shares(counts: Counter[str], x: float, width: float, moment: int) -> list[Piece]:
    """One moment's releases on top of each other; it lasts until the next one in which somebody answered."""
    whole, top, pieces = sum(counts.values()), 0.0, []
    for release, count in sorted(counts.items()):
        share = count / whole
        told = f"{moment} s: {release} gave {count} of {whole} answers"
        pieces.append(Piece(x, min(width, WIDTH - x), top, share, release, told))
        top += share
    return pieces


def _band(act: Act, begin: float, scale: float) -> Band | None:
    start = (act.ran[0].began - begin) * scale
    end = (act.ran[-1].ended - begin) * scale
    if end <= 0:
        return None
    start = max(0.0, start)
    return Band(start, min(WIDTH, end) - start, act.label)
