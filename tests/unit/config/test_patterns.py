"""Patterns and queries of checks: bounded in time, whatever an answer holds (TRU-6)."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from kanmon.config.patterns import SEARCHED, JmesPath, Pattern, contains, query


def _refusal(kind: Any, value: str) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    [error] = refused.value.errors()
    return str(error["ctx"]["error"])


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
    assert words in _refusal(Pattern, pattern)


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


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a[", "not a JMESPath"),
        ("(" * 900, "not a JMESPath"),
        ("a." * 400, "not a JMESPath"),
        (f"a[{'9' * 400}]" * 3, "1209 characters"),
        (f"`{'9' * 990}`[", "not a JMESPath"),
        ('`"\\ud800"`', "not a JMESPath"),
        ("|".join(["[@,@][]"] * 20), "copy the answer 1048576 times"),
        ("|".join(["{a: @, b: @}"] * 7), "copy the answer 128 times"),
    ],
)
def test_other_queries_are_refused_with_a_way_out(expression: str, words: str) -> None:
    assert words in _refusal(JmesPath, expression)


@pytest.mark.parametrize(
    "expression", ["status", "items[0].name", "length(items)", "[a, b]", "items[?ok == `true`] | [0]"]
)
def test_usual_queries_are_taken(expression: str) -> None:
    assert TypeAdapter(JmesPath).validate_python(expression) == expression


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("ceil(a)", '{"a": 1e999}'),
        ("floor(a)", '{"a": -1e999}'),
        ("sum(a)", '{"a": ["x"]}'),
        ("nothing(a)", "{}"),
        ("avg(a)", '{"a": {}}'),
        ("sort(a)", '{"a": [1, "x"]}'),
    ],
)
def test_a_query_without_a_value_is_a_problem(expression: str, body: str) -> None:
    value, problem = query(expression, json.loads(body))
    assert value is None
    assert problem.startswith(f"{expression} can't be evaluated")
