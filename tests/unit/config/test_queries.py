"""Queries of checks: bounded in time and memory, whatever an answer holds (TRU-6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from kanmon.config.queries import JmesPath, query, shown
from tests.unit.config.refused import mistake_of

_MANY: list[Any] = [1] * 100_000


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
    assert words in mistake_of(JmesPath, expression)


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


@pytest.mark.parametrize(
    ("expression", "document"),
    [
        ("|".join(["[*]"] * 250), _MANY),
        (f"[{','.join('@' * 100)}][]", _MANY),
        (f"[{','.join('@' * 100)}] | to_string(@)", _MANY),
        ("|".join(["to_string([@])"] * 60), '"' * 500_000),
        ("join(a, b)", {"a": "x" * 500_000, "b": ["y"] * 100_000}),
        ("join('', [a,a,a,a,a])", {"a": "x" * 500_000}),
        ("|".join(["[:]"] * 200), _MANY),
        ("[length(@)" + ",length(@)" * 80 + "]", _MANY),
    ],
    ids=["projections", "flat", "copies", "quotes", "glue", "parts", "slices", "functions"],
)
def test_an_endless_evaluation_is_a_problem(expression: str, document: Any) -> None:
    """TRU-6: each needs minutes, or gigabytes, for an answer of 1 MB."""
    TypeAdapter(JmesPath).validate_python(expression)
    value, problem = query(expression, document)
    assert value is None
    assert problem == f"{expression} is too much work with this answer: ask for a smaller part of it"


@pytest.mark.parametrize(
    ("expression", "found"),
    [("length(@)", 100_000), ("[*] | [0]", 1), ("sum(@[:10])", 10), ("[0]", 1), ("length(@[?@ > `1`])", 0)],
)
def test_a_large_answer_takes_a_usual_query(expression: str, found: int) -> None:
    assert query(expression, _MANY) == (found, "")


def test_the_problem_of_a_type_leaves_the_value_out() -> None:
    """It can be much larger than the answer."""
    expected = "abs(@) can't be evaluated: abs() takes number, and got array"
    assert query("abs(@)", _MANY) == (None, expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), ({"a": [1, "é"]}, r'{"a": [1, "\u00e9"]}'), ([1] * 30, "[1, 1, 1, 1, 1, 1, …")],
)
def test_only_the_beginning_of_a_value_is_shown(value: object, text: str) -> None:
    assert shown(value, 20) == text


def test_a_value_of_many_copies_is_shown_at_once() -> None:
    """TRU-6: all of it would be two gigabytes."""
    assert len(shown([[_MANY] * 40] * 40, 200)) <= 200
