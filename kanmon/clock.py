"""Time as a port: the clock of the machine, or one that tests move."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """Time and waiting."""

    def now(self) -> datetime:
        """The time of day, in UTC: for records, and for leases, since other machines read them."""

    def monotonic(self) -> float:
        """Seconds for durations. The value never decreases; its zero has no meaning."""

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait, but not after `stop` is set. Ctrl-C ends the wait with an exception."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """See :class:`Clock`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        """See :class:`Clock`."""
        (stop.wait if stop else time.sleep)(seconds)


SYSTEM_CLOCK = SystemClock()
