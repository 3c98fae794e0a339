"""Time as a port: the clock of the machine, or one that tests move."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock(Protocol):
    """Time and waiting."""

    def now(self) -> datetime:
        """The time of day, in UTC: for records, and for leases, since other machines read them."""

    def monotonic(self) -> float:
        """Seconds for durations. The value never decreases; its zero has no meaning."""

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait, but not after `stop` is set. Ctrl-C ends the wait with an exception."""

    def every(self, seconds: float, action: Callable[[], object]) -> AbstractContextManager[None]:
        """Repeat an action beside the caller until the context ends, the first time after `seconds`.

        The action must not raise. The end of the context waits for an action in progress.
        """


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

    @contextmanager
    def every(self, seconds: float, action: Callable[[], object]) -> Iterator[None]:
        """See :class:`Clock`."""
        ended = threading.Event()

        def repeat() -> None:
            while not ended.wait(seconds):
                action()

        thread = threading.Thread(target=repeat, name="every", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


SYSTEM_CLOCK = SystemClock()
