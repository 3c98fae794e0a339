"""Texts and numbers in a form for people."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given

from kanmon.text import counted, cut, duration, inert, one_line, short_commit, visible
from tests.fakes.foreign import FOREIGN, PIECES, invisible


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


@pytest.mark.parametrize("end", ["", "-dirty"])
@pytest.mark.parametrize("length", [40, 64])
def test_a_short_commit_keeps_the_sign_of_changes(length: int, end: str) -> None:
    assert short_commit("a1" * (length // 2) + end) == "a1" * 6 + end


def test_another_name_of_a_commit_stays() -> None:
    assert short_commit("unversioned") == "unversioned"


@pytest.mark.parametrize(("number", "shown"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls")])
def test_one_thing_is_singular(number: int, shown: str) -> None:
    assert counted(number, "call") == shown


@pytest.mark.usefixtures("japanese")
def test_numbers_and_durations_in_japanese() -> None:
    """DOC-1: there is no plural."""
    assert [counted(number, "AWS call") for number in (1, 2)] == ["AWS 呼び出し 1 回", "AWS 呼び出し 2 回"]
    assert [duration(seconds) for seconds in (1.049, 12.34, 83.2)] == ["1.05 秒", "12.3 秒", "1 分 23 秒"]


def test_a_short_text_stays() -> None:
    assert cut("abc", 3) == "abc"


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert cut("abcd", 3) == "ab…"


def test_a_line_has_no_line_breaks() -> None:
    assert one_line(" a\n\tb c", 4) == "a b…"


@given(FOREIGN)
@example("".join(PIECES))
def test_a_visible_text_has_nothing_invisible(value: str) -> None:
    """TRU-5"""
    assert not invisible(visible(value))
    assert visible(visible(value)) == visible(value)


def test_of_all_characters_only_the_invisible_are_left_out() -> None:
    """TRU-5: Unicode's own properties name them."""
    whole = "|".join(map(chr, range(sys.maxunicode + 1)))
    assert set(whole) - set(visible(whole)) == invisible(whole)


@pytest.mark.parametrize("value", ["\u200d", "\ufe0f\u200c", "a \u200db", "\u200d\u2800\u200d"])
def test_a_joiner_with_nothing_before_it_is_left_out(value: str) -> None:
    """TRU-5: such a name would look empty."""
    assert visible(value) == re.sub("[^ab ]", "", value)


@given(FOREIGN)
@example("".join(PIECES))
def test_a_line_is_one_line(value: str) -> None:
    """TRU-5"""
    assert len(one_line(value).splitlines()) <= 1
    assert not invisible(one_line(value))


@given(FOREIGN)
@example("".join(PIECES))
def test_an_inert_text_has_no_link_and_no_mention(value: str) -> None:
    """TRU-5"""
    assert not re.search(r"@\w|#\d|GH-\d|www\.|://", inert(value), re.IGNORECASE)


@pytest.mark.parametrize("value", ["関門を通る", "نمی‌خواهم", "👩‍💻", "👩‍❤️‍👩", "क्‍ष", "naïve", "a\tb", "a\nb"])
def test_a_visible_text_stays_as_it_is(value: str) -> None:
    assert visible(value) == value


def test_a_colour_is_left_out_whole() -> None:
    """Many test runners colour their output."""
    assert visible("\x1b[1;32mok\x1b[0m \x9b31mred") == "ok red"
    assert visible("\x1b\x1b[1m[2Jx") == "[2Jx"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_break_is_a_line_feed(end: str) -> None:
    assert visible(f"a{end}b") == "a\nb"
