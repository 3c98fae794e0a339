"""Texts and numbers in a form for people."""

from __future__ import annotations

import pytest

from kanmon.text import cut, duration, one_line


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 s"),
        (1.049, "1.05 s"),
        (12.34, "12.3 s"),
        (45.0, "45 s"),
        (59.7, "1 min 0 s"),
        (83.2, "1 min 23 s"),
        (3725.0, "62 min 5 s"),
    ],
)
def test_a_duration_has_two_or_three_digits(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_short_text_stays() -> None:
    assert cut("abc", 3) == "abc"


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert cut("abcd", 3) == "ab…"


def test_a_line_has_no_line_breaks() -> None:
    assert one_line(" a\n\tb c", 4) == "a b…"
