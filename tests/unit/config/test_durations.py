"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.config.durations import parse_duration

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


@given(st.integers(0, 10**6), st.sampled_from(sorted(_UNITS)))
@settings(max_examples=50, deadline=None)
def test_a_duration_reads_as_written(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == pytest.approx(number * _UNITS[unit])


@given(st.text(max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_refused(text: str) -> None:
    number = text.removesuffix("s").removesuffix("m").removesuffix("h").removesuffix("m")
    if number.replace(".", "", 1).isdecimal():
        return
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["5s\n", " 5s", "5 s", "-5s", "5", "5d", "s", "1e3s", ".5s", "5S"])
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
