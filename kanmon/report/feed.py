"""Shows a run elsewhere while it goes on, without ever holding it up."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.release.events import Event, Kind, Observer
from kanmon.release.session import as_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanmon.errors import KanmonError

_PATIENCE = 3.0
"""Seconds that the last showing may take; a cancelled job has no more to give."""


@contextmanager
def feed(show: Callable[[int], None], warn: Callable[[KanmonError], None]) -> Iterator[Observer]:
    """An observer that has each attempt's number shown, in a thread, whenever its state changes.

    Where states change faster than they are shown, some are left out. `show` that fails is warned of once
    and not called again.
    """
    news: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def work() -> None:
        number = news.get()
        while number is not None:
            try:
                show(number)
            except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on without
                return warn(as_failure(error))
            number = _newest(news)
        return None

    def observe(event: Event) -> None:
        if event.kind is Kind.STATE:
            news.put(int(event.facts["attempt"]))

    thread = threading.Thread(target=work, name="feed", daemon=True)
    thread.start()
    try:
        yield observe
    finally:
        news.put(None)
        thread.join(_PATIENCE)


def _newest(news: queue.SimpleQueue[int | None]) -> int | None:
    """The next number, or the last of those that came meanwhile; None at the end."""
    number = news.get()
    while number is not None and not news.empty():
        number = news.get()
    return number
