"""Polling of AWS. The pauses are short at first, because most things are quick, and then grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from kanmon.clock import Clock

_FIRST, _GROWTH = 0.1, 1.3


def polls(
    clock: Clock, stop: threading.Event | None = None, *, longest: float = 2.0, limit: float = math.inf
) -> Iterator[None]:
    """Yield at once, then after growing pauses of at most `longest` seconds.

    It ends when `stop` is set, or after `limit` seconds.
    """
    end, pause = clock.monotonic() + limit, _FIRST
    while not (stop and stop.is_set()) and clock.monotonic() <= end:
        yield
        clock.pause(pause, stop)
        pause = min(longest, pause * _GROWTH)
