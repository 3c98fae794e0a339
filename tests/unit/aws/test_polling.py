"""Waiting for AWS: often at first, then ever more rarely."""

from __future__ import annotations

import threading
from itertools import islice

from kanmon.aws.polling import polls


class _Stop(threading.Event):
    """Keeps the pauses, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return self.is_set()


def test_pauses_grow_up_to_a_limit() -> None:
    stop = _Stop()
    assert len(list(islice(polls(stop, first=1, longest=3, growth=2), 6))) == 6
    assert stop.pauses == [1, 2, 3, 3, 3]


def test_polls_end_when_they_are_stopped() -> None:
    stop = _Stop()
    made = 0
    for _ in polls(stop):
        made += 1
        if made == 3:
            stop.set()
    assert made == 3
