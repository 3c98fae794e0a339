"""Polling of AWS. The pauses are short at first, because most things are quick, and then grow."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def polls(
    stop: threading.Event | None = None, first: float = 0.1, longest: float = 2.0, growth: float = 1.3
) -> Iterator[None]:
    """Yield until `stop` is set: at once, then after growing pauses of `first` to `longest` seconds."""
    ended = stop or threading.Event()
    pause = first
    while not ended.is_set():
        yield
        ended.wait(pause)
        pause = min(longest, pause * growth)
