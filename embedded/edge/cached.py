"""Values read from the emulator. They may be a little old, and each is loaded once at a time.

CloudFront takes minutes to notice a change; this takes about a second under traffic. A value past
its time is still used once while it is read again: no viewer waits.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
LONGEST_STALE_SECONDS = 3.0


class Cached:
    """A small cache over awaited reads."""

    def __init__(self, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._values: dict[Any, tuple[float, Any]] = {}
        self._locks: dict[Any, asyncio.Lock] = {}
        self._refreshing: set[asyncio.Task[Any]] = set()

    async def get(self, key: Any, load: Callable[[], Awaitable[T]]) -> T:
        """The value; read at once if there is none, or only a much older one."""
        found = self._values.get(key)
        age = self._clock() - found[0] if found else float("inf")
        if found is None or age > self._seconds + LONGEST_STALE_SECONDS:
            return await self._read(key, load)
        if age > self._seconds and not self._lock(key).locked():
            task = asyncio.ensure_future(self._read(key, load))
            self._refreshing.add(task)
            task.add_done_callback(self._done)
        value: T = found[1]
        return value

    def forget(self, key: Any) -> None:
        """Read again next time: the value led to a refusal, and may be out of date."""
        self._values.pop(key, None)

    async def _read(self, key: Any, load: Callable[[], Awaitable[T]]) -> T:
        async with self._lock(key):
            found = self._values.get(key)
            if found and self._clock() - found[0] <= self._seconds:
                present: T = found[1]
                return present
            value = await load()
            self._values[key] = (self._clock(), value)
            return value

    def _lock(self, key: Any) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._refreshing.discard(task)
        if not task.cancelled():
            # A failed refresh is the next reader's problem; it is asked for here so as not to warn.
            task.exception()
