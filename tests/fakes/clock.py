"""Time that tests move: the one clock of a fake AWS and of every process on it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kanmon.release.lease import LENGTH

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
AFTER_LEASE = LENGTH + timedelta(seconds=1)
"""A lease that nobody renews has expired by then."""


@dataclass
class Clock:
    """The clock of :class:`kanmon.release.ports.Services`. Only tests and pauses move it."""

    time: datetime = BEGIN
    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)
    after_pause: Callable[[], object] = lambda: None
    """What happens while a run waits."""
    repeated: list[Callable[[], object]] = field(default_factory=list)
    """The actions to repeat now. A test repeats them; time alone does not."""

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        del stop
        self.pauses.append(seconds)
        self.move(timedelta(seconds=seconds))
        self.after_pause()

    @contextmanager
    def every(self, seconds: float, action: Callable[[], object]) -> Iterator[None]:
        del seconds
        self.repeated.append(action)
        try:
            yield
        finally:
            self.repeated.remove(action)

    def move(self, length: timedelta) -> None:
        """Let time pass."""
        self.time += length
        self.seconds += length.total_seconds()

    def outlast_lease(self) -> None:
        """Let as much time pass that every lease has expired."""
        self.move(AFTER_LEASE)
