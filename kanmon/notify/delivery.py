"""Sends a message to all channels in parallel. A failed channel is a warning, not an error."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.clock import Clock
    from kanmon.notify.channels import Channel
    from kanmon.notify.message import Message

_TIMEOUT = 10.0
"""Seconds for all channels together."""


@dataclass
class Delivery:
    """The result of sending a message."""

    threads: dict[str, str] = field(default_factory=dict)
    """The thread for the next message of the same release, by the channel's name."""
    warnings: list[KanmonError] = field(default_factory=list)


def deliver(
    channels: Mapping[str, Channel], message: Message, threads: Mapping[str, str], clock: Clock
) -> Delivery:
    """Send a message to all channels, by their names; `threads` has the release's threads so far.

    A failed channel becomes a warning (NOTIFY_FAILED), and so does one without an answer after ten seconds.
    """
    delivery = Delivery(dict(threads))
    senders = [
        threading.Thread(target=_send, args=(name, channel, message, delivery), daemon=True)
        for name, channel in channels.items()
    ]
    for sender in senders:
        sender.start()
    deadline = clock.monotonic() + _TIMEOUT
    for sender in senders:
        sender.join(max(0.0, deadline - clock.monotonic()))
    if any(sender.is_alive() for sender in senders):
        late = phrase("A channel did not take the message in {seconds:.0f} seconds.", seconds=_TIMEOUT)
        delivery.warnings.append(KanmonError(Code.NOTIFY_FAILED, late))
    return delivery


def _send(name: str, channel: Channel, message: Message, delivery: Delivery) -> None:
    try:
        thread = channel.send(message, delivery.threads.get(name, ""))
    except KanmonError as error:
        delivery.warnings.append(
            KanmonError(Code.NOTIFY_FAILED, error.message, where=error.where, fix=error.fix)
        )
    except Exception as error:  # noqa: BLE001 - a message is never worth a release
        delivery.warnings.append(
            KanmonError(Code.NOTIFY_FAILED, phrase("A channel failed: {error}.", error=type(error).__name__))
        )
    else:
        if thread:
            delivery.threads[name] = thread
