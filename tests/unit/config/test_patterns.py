"""Patterns of checks: bounded in time, whatever an answer holds (TRU-6)."""

from __future__ import annotations

import threading
import time

import pytest
from pydantic import TypeAdapter

from kanmon.config.patterns import SEARCHED, Pattern, contains
from tests.unit.config.refused import mistake_of


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)", "RE2 does not look ahead or behind"),
        ("(?<!a)b", "RE2 does not look ahead or behind"),
        (r"(a)\1", r"RE2 has no `\1`"),
        (r"(?P<x>a)(?P=x)", "RE2 does not look"),
        (r"end\Z", r"has `\z` for `\Z`"),
        ("(", "missing ): ("),
        ("a{1001}", "at most 1000"),
        ("a{99999999999999999999}b**", "bad repetition operator"),
        ("((((a{100}){100}){100}){100})", "at most 1000"),
        (r"\pL{300}", "program of"),
        ("(a))", "unexpected )"),
        ("x" * 1001, "1001 characters"),
    ],
)
def test_other_patterns_are_refused_with_a_way_out(pattern: str, words: str) -> None:
    assert words in mistake_of(Pattern, pattern)


@pytest.mark.parametrize(
    "pattern", ["<title>Shop", "^ok$", r"(?i)straße", r"[\p{Hiragana}]+", "a{1,3}|b", ""]
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert TypeAdapter(Pattern).validate_python(pattern) == pattern


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_pattern_explodes(pattern: str) -> None:
    """TRU-6: with Python's own expressions, 28 letters took 30 seconds, and each more doubled them."""
    began = time.process_time()
    contains(pattern, b"a" * 60 + b"!")
    assert time.process_time() - began < 0.5


def test_other_threads_run_during_a_search() -> None:
    """TRU-6: one of them renews the lease."""
    text = b"ab" * SEARCHED
    beats = 0
    searching = threading.Thread(target=contains, args=("(?:[ab]?){500}[ab]{500}c", text))
    searching.start()
    while searching.is_alive():
        beats += 1
        searching.join(0.005)
    assert beats > 1


def test_a_search_ends_after_its_limit() -> None:
    assert contains("needle", b" " * (SEARCHED - 6) + b"needle")
    assert not contains("needle", b" " * SEARCHED + b"needle")


def test_bytes_that_are_no_text_can_be_searched() -> None:
    assert contains("ok", b"\xff\xfe\x00ok")


@pytest.mark.parametrize("text", ["naïve", "価格"])
def test_text_of_any_language_is_found(text: str) -> None:
    assert contains(f"^{text}$", text.encode())
