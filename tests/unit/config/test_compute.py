"""Workflows, queues and schedules in the config: what they may say, and what they name (INF-7)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kanmon.config.expressions import Expression
from tests.fakes.app import make_config, make_full_config

EXPRESSION = TypeAdapter[str](Expression)
FUNCTION = {"handler": "a", "artifact": "b"}


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(7 days)", "at(2026-12-24T18:00:00)",
        "cron(0 18 ? * MON-FRI *)", "cron(0/15 8-17 1,15 JAN-MAR,DEC ? 2026-2030)", "cron(0 0 L * ? *)",
        "cron(0 0 15W * ? *)", "cron(0 0 ? * 6#3 *)", "cron(0 0 ? * FRIL *)", "cron(*/5 * * * ? *)",
        "cron(59 23 LW 12 ? 2199)",
    ],
)  # fmt: skip
def test_what_is_due_is_understood(text: str) -> None:
    assert EXPRESSION.validate_python(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5 minutes", "is not rate"),
        ("every(5 minutes)", "is not rate"),
        ("rate(\u0665 minutes)", "is not rate"),
        ("rate(5 minutes", "is not rate"),
        ("rate(1 minutes)", "a rate is"),
        ("rate(5 minute)", "a rate is"),
        ("rate(0 minutes)", "a rate is"),
        ("rate(30 seconds)", "a rate is"),
        ("at(2026-13-24T18:00:00)", "a single time"),
        ("at(tomorrow)", "a single time"),
        ("cron(0 18 * * *)", "six fields"),
        ("cron(0 18 * * * *)", "one must be"),
        ("cron(0 18 ? * ? *)", "one must be"),
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
def test_what_is_never_due_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
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


@given(_numbers(0, 59), _numbers(0, 23), _numbers(1, 31), _numbers(1, 12), _numbers(1970, 2199))
def test_numbers_lists_ranges_and_steps_are_understood(
    minutes: str, hours: str, day: str, month: str, year: str
) -> None:
    text = f"cron({minutes} {hours} {day} {month} ? {year})"
    assert EXPRESSION.validate_python(text) == text


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Never an error of Kanmon's own."""
    for form in (text, f"cron({text})", f"rate({text})", f"at({text})"):
        with contextlib.suppress(ValidationError):
            assert EXPRESSION.validate_python(form) == form


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"functions": {"api": FUNCTION | {"starts": ["xy"]}}},
            "names the workflow xy, .* `workflows`",
        ),
        (
            {"functions": {"api": FUNCTION | {"sends": ["xy"]}}},
            "names the queue xy, .* `queues`",
        ),
        ({"functions": {"api": FUNCTION | {"users": True}}}, "wants the users, but there is no `users`"),
        ({"queues": {"mail": {"function": "xy"}}}, "queue mail names the function xy, .* `functions`"),
        (
            {"schedules": {"s1": {"expression": "rate(1 day)", "function": "xy"}}},
            "s1 names the function xy",
        ),
        ({"schedules": {"s1": {"expression": "rate(1 day)", "workflow": "xy"}}}, "xy, .* `workflows`"),
        ({"schedules": {"s1": {"expression": "rate(1 day)"}}}, "one of them"),
        (
            {"schedules": {"s1": {"expression": "rate(1 day)", "function": "api", "workflow": "xy"}}},
            "one of them",
        ),
        (
            {"schedules": {"s1": {"expression": "rate(1 day)", "function": "api", "timezone": "Mars"}}},
            "not a time zone",
        ),
        (
            {"queues": {"mail": {"function": "api"}, "mail-dead": {"function": "api"}}},
            "comes with the queue mail",
        ),
        ({"queues": {"aws-x": {"function": "api"}}}, "AWS_X_QUEUE_URL"),
        ({"secrets": {"kanmon-x": {}}}, "KANMON_X_SECRET_ARN"),
        ({"workflows": {"aws-x": {"definition": "a"}}}, "AWS_X_WORKFLOW_ARN"),
        ({"workflows": {"x1": {"definition": "../a"}}}, "inside the app's folder"),
        ({"functions": {"api": FUNCTION | {"environment": {"MAIL_QUEUE_URL": "x"}}}}, "belong to Kanmon"),
        ({"functions": {"api": FUNCTION | {"environment": {"X_WORKFLOW_ARN": "x"}}}}, "belong to Kanmon"),
        ({"functions": {"api": FUNCTION | {"environment": {"USER_POOL_ID": "x"}}}}, "belong to Kanmon"),
        ({"queues": {"mail": {"function": "api", "batch_size": 10_001}}}, "10000"),
        ({"queues": {"mail": {"function": "api", "retention_days": 15}}}, "14"),
        (
            {"schedules": {"a" * 32: {"expression": "rate(1 day)", "function": "api"}}, "app": "s" * 25},
            "5 characters too long",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], told: str) -> None:
    base: dict[str, Any] = {"functions": {"api": FUNCTION}, "hooks": []}
    with pytest.raises(ValidationError, match=told):
        make_config(**base | changes)


def test_everything_together_is_fine() -> None:
    config = make_full_config()
    assert config.queues["mail"].retries == 3
    assert config.schedules["tidy"].timezone == "UTC"
