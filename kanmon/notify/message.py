"""A message, before it is put into a channel's form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a message tells."""

    WAITING = "waiting"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    HELD = "held"

    @property
    def ends(self) -> bool:
        """Nothing follows it; those who don't read a thread should see it too."""
        return self not in {Kind.WAITING, Kind.STARTED}


@dataclass(frozen=True)
class Message:
    """What people are told. Its texts may come from anybody."""

    kind: Kind
    app: str
    environment: str
    release: str
    headline: str
    """One line, complete by itself."""
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values, the most important first."""
    cause: str = ""
    """Why it did not go well."""
    links: tuple[tuple[str, str], ...] = ()
    """Words and addresses."""


def cut(text: str, length: int) -> str:
    """The text in at most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"
