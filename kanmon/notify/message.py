"""A message, before a channel renders it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kanmon.text import is_address


class MessageKind(StrEnum):
    """The event behind a message: of a release, or of an alarm."""

    WAITING = "waiting"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    ALARM = "alarm"
    RECOVERED = "recovered"

    @property
    def ends(self) -> bool:
        """True for the last message. A channel shows it outside of the thread, too."""
        return self not in {MessageKind.WAITING, MessageKind.STARTED}

    @property
    def sign(self) -> str:
        """An emoji before the headline."""
        return _SIGNS[self]


_SIGNS = {
    MessageKind.WAITING: "✋",
    MessageKind.STARTED: "🚀",
    MessageKind.SUCCEEDED: "✅",
    MessageKind.FAILED: "❌",
    MessageKind.ROLLED_BACK: "↩️",
    MessageKind.HELD: "⚠️",
    MessageKind.ALARM: "🚨",
    MessageKind.RECOVERED: "✅",
}


@dataclass(frozen=True)
class Message:
    """A message for people. Do not trust its texts: anybody may have written them."""

    kind: MessageKind
    app: str
    environment: str
    release: str
    headline: str
    """One line, complete by itself."""
    paragraphs: tuple[str, ...] = ()
    """The cause and the fix."""
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values, the most important first."""
    links: tuple[tuple[str, str], ...] = ()
    """Labels and addresses. The labels are constants."""

    @property
    def buttons(self) -> tuple[tuple[str, str], ...]:
        """The links with a plain HTTPS address."""
        return tuple((label, address) for label, address in self.links if is_address(address))
