"""A run is shown elsewhere while it works. Nothing there may delay or end the run (CD-11)."""

from __future__ import annotations

import threading

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Result
from kanmon.release.events import Event, EventKind
from kanmon.report.feed import feed
from tests.fakes.clock import BEGIN
from tests.fakes.cloud import Cloud
from tests.fakes.runs import release


def _state(number: int) -> Event:
    return Event(EventKind.STEP, "live", {"operation": number}, at=BEGIN)


def _ignore(error: KanmonError) -> None:
    raise AssertionError(error)


def test_each_change_of_state_is_shown() -> None:
    shown: list[int] = []
    seen = threading.Event()

    def show(number: int) -> None:
        shown.append(number)
        seen.set()

    with feed(show, _ignore) as observer:
        for number in (1, 2):
            seen.clear()
            observer(_state(number))
            assert seen.wait(5)
    assert shown == [1, 2]


def test_other_events_are_not_shown() -> None:
    shown: list[int] = []
    with feed(shown.append, _ignore) as observer:
        observer(Event(EventKind.NOTE, "live", {"operation": 1}, at=BEGIN))
    assert shown == []


def test_a_slow_place_gets_the_newest_state_only() -> None:
    shown: list[int] = []
    begun, free, newest = threading.Event(), threading.Event(), threading.Event()

    def show(number: int) -> None:
        shown.append(number)
        begun.set()
        free.wait(5)
        if number == 4:
            newest.set()

    with feed(show, _ignore) as observer:
        observer(_state(1))
        assert begun.wait(5)
        for number in (2, 3, 4):
            observer(_state(number))
        free.set()
        assert newest.wait(5)
    assert shown == [1, 4]


def test_the_run_does_not_wait_for_the_place() -> None:
    free = threading.Event()
    waits: list[bool] = []
    with feed(lambda _: waits.append(free.wait(5)), _ignore) as observer:
        observer(_state(1))
        free.set()
    assert waits == [True]


def test_a_failing_place_is_one_warning_and_delays_nothing() -> None:
    warnings: list[KanmonError] = []
    calls: list[int] = []

    def show(number: int) -> None:
        calls.append(number)
        raise KanmonError(Code.GITHUB_UNREACHABLE, "It is away.")

    with feed(show, warnings.append) as observer:
        assert release(Cloud(), "a1", observer=observer).result is Result.STABLE
    assert [warning.code for warning in warnings] == [Code.GITHUB_UNREACHABLE]
    assert len(calls) == 1


def test_an_unexpected_error_is_a_warning_too() -> None:
    warnings: list[KanmonError] = []

    def show(_: int) -> None:
        raise ZeroDivisionError

    with feed(show, warnings.append) as observer:
        observer(_state(1))
    assert [warning.code for warning in warnings] == [Code.INTERNAL]
