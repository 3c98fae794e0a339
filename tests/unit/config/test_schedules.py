"""The times of a schedule: valid ones, and ones refused before AWS sees them (INF-7)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kanmon.config.schedules import Expression
from tests.fakes.app import make_config

EXPRESSION = TypeAdapter[str](Expression)


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(7 days)", "at(2026-12-24T18:00:00)",
        "cron(0 18 ? * MON-FRI *)", "cron(0/15 8-17 1,15 JAN-MAR,DEC ? 2026-2030)", "cron(0 0 L * ? *)",
        "cron(0 0 15W * ? *)", "cron(0 0 ? * 6#3 *)", "cron(0 0 ? * FRIL *)", "cron(*/5 * * * ? *)",
        "cron(59 23 LW 12 ? 2199)",
    ],
)  # fmt: skip
def test_a_valid_expression_is_understood(text: str) -> None:
    assert EXPRESSION.validate_python(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5 minutes", "It is not a schedule"),
        ("every(5 minutes)", "It is not a schedule"),
        ("rate(\u0665 minutes)", "It is not a schedule"),
        ("rate(5 minutes", "It is not a schedule"),
        ("rate(1 minutes)", "The rate is not"),
        ("rate(5 minute)", "The rate is not"),
        ("rate(0 minutes)", "The rate is not"),
        ("rate(30 seconds)", "The rate is not"),
        ("at(2026-13-24T18:00:00)", "The single time is not"),
        ("at(tomorrow)", "The single time is not"),
        ("cron(0 18 * * *)", "six fields"),
        ("cron(0 18 * * * *)", "must be `[?]`"),
        ("cron(0 18 ? * ? *)", "must be `[?]`"),
        ("cron(60 18 ? * MON *)", "minutes can't be 60"),
        ("cron(0 24 ? * MON *)", "hours can't be 24"),
        ("cron(0 0 32 * ? *)", "day of month can't be 32"),
        ("cron(0 0 0 * ? *)", "day of month can't be 0"),
        ("cron(0 0 1 13 ? *)", "month can't be 13"),
        ("cron(0 0 ? * 8 *)", "day of week can't be 8"),
        ("cron(0 0 ? * FOO *)", "day of week can't be FOO"),
        ("cron(0 0 ? * FOOL *)", "day of week can't be FOOL"),
        ("cron(0 0 1 * ? 1969)", "year can't be 1969"),
        ("cron(0/0 0 1 * ? *)", "minutes can't be 0/0"),
        ("cron(,1 0 1 * ? *)", "minutes can't be ,1"),
    ],
)
def test_an_expression_never_due_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        EXPRESSION.validate_python(text)


def _numbers(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high).map(str)
    one = (
        number
        | st.just("*")
        | st.builds("{}-{}".format, number, number)
        | st.builds("{}/{}".format, number, st.integers(1, 30))
    )
    return st.lists(one, min_size=1, max_size=3).map(",".join)


@settings(deadline=None)
@given(_numbers(0, 59), _numbers(0, 23), _numbers(1, 31), _numbers(1, 12), _numbers(1970, 2199))
def test_numbers_lists_ranges_and_steps_are_understood(
    minutes: str, hours: str, day: str, month: str, year: str
) -> None:
    text = f"cron({minutes} {hours} {day} {month} ? {year})"
    assert EXPRESSION.validate_python(text) == text


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Never an error of Kanmon's own."""
    for form in (text, f"cron({text})", f"rate({text})", f"at({text})"):
        with contextlib.suppress(ValidationError):
            assert EXPRESSION.validate_python(form) == form


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ({}, "needs one of the two"),
        ({"function": "api", "state_machine": "xy"}, "needs one of the two"),
        ({"function": "api", "timezone": "Mars"}, "not a time zone"),
    ],
)
def test_a_schedule_has_one_target_and_a_time_zone(schedule: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        make_config(schedules={"s1": {"expression": "rate(1 day)"} | schedule})


def test_a_schedule_runs_on_utc_by_default() -> None:
    config = make_config(schedules={"s1": {"expression": "rate(1 day)", "function": "api"}})
    assert config.schedules["s1"].timezone == "UTC"
