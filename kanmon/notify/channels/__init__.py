"""The room of chat channels, one module for each. Releases and alarms use the same code.

A module has the name of its key under `notifications.channels` in the config. The key's value is the
channel's secret in Secrets Manager: `slack: my-slack-secret` needs the module `slack.py`. The module has:

- `open_channel(secret)`
- `LIBRARIES`: its packages, without those of Lambda's own runtime.

For a new channel, add its module here and its name to `ChannelName` in `kanmon/config/notifications.py`.
Kanmon derives the rest from the config: the roles with access to the secret, the notifier of alarms and the
threads of releases.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from kanmon.notify.message import Message


class Channel(Protocol):
    """An open chat channel."""

    def send(self, message: Message, thread: str) -> str:
        """Send a message into a thread, or start one when `thread` is empty; the thread of the next message.

        A channel without threads returns `thread`. A repeated call sends the message again. Raises
        NOTIFY_FAILED.
        """


class ChannelModule(Protocol):
    """The contents of each module in this room."""

    LIBRARIES: tuple[str, ...]

    def open_channel(self, secret: str) -> Channel:
        """Open a channel with its secret's value. Raises NOTIFY_FAILED."""


def channel_module(name: str) -> ChannelModule:
    """The module of a channel, by its key in the config."""
    return cast("ChannelModule", import_module(f"{__name__}.{name}"))
