"""The machine's clock: what it repeats beside its caller."""

from __future__ import annotations

import threading

from kanmon.clock import SYSTEM_CLOCK


def test_an_action_is_repeated_until_the_context_ends() -> None:
    """CD-14"""
    repeated = threading.Semaphore(0)
    with SYSTEM_CLOCK.every(0.001, repeated.release):
        for _ in range(3):
            assert repeated.acquire(timeout=10)
    while repeated.acquire(blocking=False):
        pass
    assert not repeated.acquire(timeout=0.01)


def test_an_action_in_progress_ends_with_the_context() -> None:
    begun, ended = threading.Event(), list[str]()

    def act() -> None:
        if not ended:
            begun.set()
            ended.append("done")

    with SYSTEM_CLOCK.every(0.001, act):
        assert begun.wait(10)
    assert ended == ["done"]
