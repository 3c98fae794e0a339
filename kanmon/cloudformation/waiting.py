"""Waiting for AWS: often at first, because most things are quick, then ever more calmly."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def moments(
    stop: threading.Event | None = None, first: float = 0.1, longest: float = 2.0, growth: float = 1.3
) -> Iterator[None]:
    """Yield until `stop` is set: at once, then after pauses (seconds) that grow up to `longest`."""
    ended = stop or threading.Event()
    pause = first
    while not ended.is_set():
        yield
        ended.wait(pause)
        pause = min(longest, pause * growth)
