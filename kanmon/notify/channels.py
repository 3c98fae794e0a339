"""Tells all channels at once, and takes no for an answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.notify.message import Message

_PATIENCE = 10.0
"""Seconds that all channels together have."""


class Channel(Protocol):
    """Where people are told."""

    def send(self, message: Message, thread: str) -> str:
        """Send a message into a thread, or begin one (empty); the thread that the next one belongs to.

        Raises KanmonError.
        """


@dataclass
class Told:
    """Who could be told."""

    thread: str
    """For the next message of the same release."""
    warnings: list[KanmonError] = field(default_factory=list)


def tell(channels: Iterable[Channel], message: Message, thread: str) -> Told:
    """Send a message to all channels. One that fails, or takes longer than ten seconds, is only warned of."""
    told = Told(thread)
    threads = [threading.Thread(target=_send, args=(one, message, told), daemon=True) for one in channels]
    for one in threads:
        one.start()
    deadline = time.monotonic() + _PATIENCE
    for one in threads:
        one.join(max(0.0, deadline - time.monotonic()))
    if any(one.is_alive() for one in threads):
        late = f"A channel did not take the message in {_PATIENCE:.0f} seconds."
        told.warnings.append(KanmonError(Code.NOTIFY_FAILED, late))
    return told


def _send(channel: Channel, message: Message, told: Told) -> None:
    given = told.thread
    try:
        thread = channel.send(message, given)
    except KanmonError as error:
        told.warnings.append(KanmonError(Code.NOTIFY_FAILED, error.message, where=error.where))
    except Exception as error:  # noqa: BLE001 - a message is never worth a release
        told.warnings.append(KanmonError(Code.NOTIFY_FAILED, f"A channel failed: {type(error).__name__}."))
    else:
        if thread != given:
            told.thread = thread
