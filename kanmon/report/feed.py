"""Shows the progress of a run in another place, without delaying the run."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.release.events import Event, EventKind, Observer
from kanmon.release.journal import as_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanmon.errors import KanmonError

_LAST_SHOW = 3.0
"""Seconds for the last call of `show`. A cancelled job has no more time."""


@contextmanager
def feed(show: Callable[[int], None], warn: Callable[[KanmonError], None]) -> Iterator[Observer]:
    """Yield an observer. It calls `show` with the operation's number, in a thread, for each change of state.

    If states change faster than `show` works, some are left out. If `show` fails, `warn` gets the error and
    `show` is not called again.
    """
    news: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def work() -> None:
        number = news.get()
        while number is not None:
            try:
                show(number)
            except Exception as error:  # noqa: BLE001 - no error here may stop the run
                return warn(as_failure(error))
            number = _newest(news)
        return None

    def observe(event: Event) -> None:
        if event.kind is EventKind.STEP:
            news.put(int(event.facts["operation"]))

    thread = threading.Thread(target=work, name="feed", daemon=True)
    thread.start()
    try:
        yield observe
    finally:
        news.put(None)
        thread.join(_LAST_SHOW)


def _newest(news: queue.SimpleQueue[int | None]) -> int | None:
    """Wait for the next number, and return the newest one. None at the end."""
    number = news.get()
    while number is not None and not news.empty():
        number = news.get()
    return number
