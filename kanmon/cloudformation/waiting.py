"""Waiting for AWS: often at first, because most things are quick, then ever more calmly."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE = threading.Event()


def moments(first: float = 0.1, longest: float = 2.0, growth: float = 1.3) -> Iterator[None]:
    """Yield without end: at once, then after pauses (seconds) that grow up to `longest`."""
    pause = first
    while True:
        yield
        _PAUSE.wait(pause)
        pause = min(longest, pause * growth)
