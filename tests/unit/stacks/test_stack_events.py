"""The events of a stack are read page by page (AWS-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from kanmon.stacks.stack_events import EventReader

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 100


class _History:
    """A stack with a long life: its events, oldest first, and the number of pages that were read."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.read = 0

    def get_paginator(self, _: str) -> _History:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for newest in range(self.events, 0, -_PAGE):
            self.read += 1
            yield {"StackEvents": [_event(number) for number in range(newest, max(newest - _PAGE, 0), -1)]}


def _event(number: int) -> dict[str, str]:
    return {"EventId": str(number), "StackName": "shop", "LogicalResourceId": str(number)}


def _reader(history: _History) -> tuple[EventReader, list[int]]:
    sent: list[int] = []
    return EventReader(cast("Any", history), "arn:shop", lambda event: sent.append(int(event.id))), sent


def test_only_new_events_are_sent_over_all_pages() -> None:
    """Between two looks, a stack of 500 resources may have more than a page of them."""
    history = _History(1000)
    reader, sent = _reader(history)
    reader.begin()
    for history.events in (1250, 1250, 1251):
        reader.read()
    assert sent == [*range(1001, 1252)]


def test_pages_of_earlier_operations_stay_unread() -> None:
    history = _History(10_000)
    reader, sent = _reader(history)
    reader.begin()
    history.events += 1
    reader.read()
    assert sent == [10_001]
    assert history.read == 2


def test_a_new_stacks_events_are_all_sent() -> None:
    reader, sent = _reader(_History(250))
    reader.read()
    assert sent == [*range(1, 251)]
