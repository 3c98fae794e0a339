"""Waiting for AWS: often at first, then ever more rarely."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

from kanmon.aws.polling import polls
from tests.fakes.clock import Clock


def test_pauses_grow_up_to_a_limit() -> None:
    clock = Clock()
    assert len(list(islice(polls(clock, longest=0.15), 5))) == 5
    assert clock.pauses == pytest.approx([0.1, 0.13, 0.15, 0.15])


def test_polls_end_when_they_are_stopped() -> None:
    stop = threading.Event()
    made = 0
    for _ in polls(Clock(), stop):
        made += 1
        if made == 3:
            stop.set()
    assert made == 3


def test_polls_end_after_their_time() -> None:
    clock = Clock()
    assert list(polls(clock, limit=60.0))
    assert 60 < clock.monotonic() < 63
