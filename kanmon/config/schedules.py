"""Schedules, with the expressions of EventBridge Scheduler.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from kanmon.config.section import MistakeError, Section
from kanmon.config.values import Name, Payload
from kanmon.language import deferred, phrase


@dataclass(frozen=True)
class _Field:
    """One of cron's six fields: numbers, names for numbers (`MON`), and forms for this field only (`L`)."""

    name: str
    low: int
    high: int
    names: str = ""
    forms: str = "(?!)"

    @property
    def fix(self) -> str:
        """The allowed values, for people."""
        low, high, names = self.low, self.high, self.names.split("|")
        if not self.names:
            return phrase(
                "Write numbers from {low} to {high}, `*`, or several with `,` `-` `/`.", low=low, high=high
            )
        return phrase(
            "Write numbers from {low} to {high}, {first} to {last}, `*`, or several with `,` `-` `/`.",
            low=low,
            high=high,
            first=names[0],
            last=names[-1],
        )

    def allows(self, text: str) -> bool:
        """Whether every comma-separated item is valid."""
        return all(self._allows(item) for item in text.split(","))

    def _allows(self, item: str) -> bool:
        value = rf"(?:\d+|{self.names})" if self.names else r"\d+"
        if not re.fullmatch(rf"\*|(?:\*|{value}(?:-{value})?)(?:/[1-9]\d*)?|{self.forms}", item):
            return False
        numbers = re.findall(r"\d+", re.sub(r"[/#]\d+", "", item))
        return all(self.low <= int(number) <= self.high for number in numbers)


_WEEKDAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
_FIELDS = (
    _Field(deferred("minutes"), 0, 59),
    _Field(deferred("hours"), 0, 23),
    _Field(deferred("day of month"), 1, 31, forms=r"\?|L|LW|\d+W"),
    _Field(deferred("month"), 1, 12, "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"),
    _Field(deferred("day of week"), 1, 7, _WEEKDAYS, forms=rf"\?|L|(?:[1-7]|{_WEEKDAYS})(?:L|#[1-5])"),
    _Field(deferred("year"), 1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def _rate(value: str) -> None:
    match = re.fullmatch(r"([1-9]\d*) (minute|hour|day)(s?)", value)
    if not match or (match[1] == "1") is bool(match[3]):
        raise MistakeError(
            phrase("The rate is not a whole number with minutes, hours or days."),
            phrase(
                "Write, for example, `rate(1 minute)`, `rate(5 minutes)`, `rate(12 hours)` or `rate(1 day)`."
            ),
        )


def _at(value: str) -> None:
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the time zone is a key of its own
    except ValueError:
        raise MistakeError(
            phrase("The single time is not a date with a time."),
            phrase("Write, for example, `at(2026-12-24T18:00:00)`."),
        ) from None


def _cron(value: str) -> None:
    texts = value.split()
    if len(texts) != len(_FIELDS):
        raise MistakeError(
            phrase("AWS's cron has six fields, and here are {number}.", number=len(texts)),
            phrase(
                "Write minutes, hours, day of month, month, day of week and year: `cron(0 18 ? * MON-FRI *)`."
            ),
        )
    for text, field in zip(texts, _FIELDS, strict=True):
        if not field.allows(text):
            raise MistakeError(
                phrase("In cron, {field} can't be {text}.", field=phrase(field.name), text=text), field.fix
            )
    if (texts[_DAY_OF_MONTH] == "?") is (texts[_DAY_OF_WEEK] == "?"):
        raise MistakeError(
            phrase("In cron, exactly one of day of month and day of week must be `?`."),
            phrase(
                "Write `cron(0 18 ? * MON-FRI *)` for days of the week, or `cron(0 18 1 * ? *)` "
                "for days of the month."
            ),
        )


_KINDS = {"rate": _rate, "at": _at, "cron": _cron}


def _expression(value: str) -> str:
    kind, _, rest = value.partition("(")
    if kind not in _KINDS or not rest.endswith(")") or not value.isascii():
        raise MistakeError(
            phrase("It is not a schedule."),
            phrase(
                "Write, for example, `rate(5 minutes)`, `cron(0 18 ? * MON-FRI *)` or "
                "`at(2026-12-24T18:00:00)`."
            ),
        )
    _KINDS[kind](rest.removesuffix(")"))
    return value


@cache
def _zones() -> frozenset[str]:
    """The time zones of this machine, read from its disk once."""
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    # A machine without a database of time zones has none. Then AWS checks the name.
    if _zones() and value not in _zones():
        raise MistakeError(
            phrase("It is not a time zone."),
            phrase("Write, for example, `Asia/Tokyo`, `Europe/Berlin` or `UTC`."),
        )
    return value


Expression = Annotated[str, Field(max_length=256), AfterValidator(_expression)]
"""`rate(…)`, `cron(…)` or `at(…)`."""
TimeZone = Annotated[str, AfterValidator(_zone)]
"""A name in IANA's database of time zones: `Asia/Tokyo`."""


class Schedule(Section):
    """A schedule: it invokes a function or starts a state machine."""

    expression: Expression = Field(
        examples=["cron(0 18 ? * MON-FRI *)"],
        description="The times. Every five minutes: `rate(5 minutes)`. On workdays at 18:00: `cron(0 18 ? * "
        "MON-FRI *)`. Once: `at(2026-12-24T18:00:00)`. AWS's cron has six fields: minutes, hours, day of "
        "month, month, day of week, year.",
    )
    timezone: TimeZone = Field(
        "UTC",
        examples=["Asia/Tokyo"],
        description="The time zone of `cron(…)` and `at(…)`, such as `Asia/Tokyo`. Daylight saving time is "
        "respected.",
    )
    function: Name | None = Field(
        None,
        examples=["tidy"],
        description="The function to invoke: a name under `functions`. Give this or `state_machine`.",
    )
    state_machine: Name | None = Field(
        None,
        examples=["report"],
        description="The state machine to start: a name under `state_machines`. Give this or `function`.",
    )
    payload: Payload = Field(
        default_factory=dict,
        examples=[{"kind": "daily"}],
        description="The event of the function, or the input of the state machine, such as `{kind: daily}`. "
        "Never put a secret here.",
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.function is None) == (self.state_machine is None):
            problem = (
                deferred(
                    "The schedule names both `function` and `state_machine`, but it needs one of the two."
                )
                if self.function
                else deferred(
                    "The schedule names no `function` and no `state_machine`, but it needs one of the two."
                )
            )
            raise MistakeError(
                phrase(problem),
                phrase("Keep one of them, such as `function: tidy`."),
            )
        return self
