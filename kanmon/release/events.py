"""The events of a run, as they happen. One stream feeds the terminal, GitHub, the page and the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class EventKind(StrEnum):
    """The subject of an event."""

    STEP = "step"
    STACK = "stack"
    HOOK = "hook"
    CHECK = "check"
    TRAFFIC = "traffic"
    NOTE = "note"
    FAILURE = "failure"
    PREVIEW = "preview"
    """The text is a preview's token, sent before the preview exists. A public log must not show it."""


@dataclass(frozen=True)
class Event:
    """One event. Example: `TRAFFIC`, "50 % of API requests go to r42", `{"percent": 50}`."""

    kind: EventKind
    text: str
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    at: datetime = field(kw_only=True)


Observer = Callable[[Event], None]
