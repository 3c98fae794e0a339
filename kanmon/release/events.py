"""What a run tells while it goes on. One stream feeds the terminal, the page and the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What an event is about."""

    STATE = "state"
    STACK = "stack"
    HOOK = "hook"
    CHECK = "check"
    TRAFFIC = "traffic"
    NOTE = "note"
    FAILURE = "failure"
    PREVIEW = "preview"
    """The text is a trial's token, told before the trial exists: a log that others read must not show it."""


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    kind: Kind
    text: str
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


Observer = Callable[[Event], None]
