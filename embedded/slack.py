"""Slack on loopback: an incoming webhook and `chat.postMessage`; both record the messages.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from .github.loopback import Loopback, Message, Reply

if TYPE_CHECKING:
    from typing import Self

TOKEN = "xoxb-local"


@dataclass(frozen=True)
class SlackMessage:
    """A received message; `channel` is empty when it came by the webhook."""

    channel: str
    text: str
    content: dict[str, Any]


class LocalSlack:
    """Slack, from `start` to `stop`."""

    def __init__(self) -> None:
        self.messages: list[SlackMessage] = []
        self._failures: list[Reply] = []
        self._changed = threading.Condition()
        self._loopback = Loopback(self._handle)

    @property
    def webhook(self) -> str:
        """The incoming webhook's address: a secret."""
        return f"{self._loopback.url}/services/T00000000/B00000000/LocalSlackSecret"

    @property
    def api(self) -> str:
        """The API's address, for `WebClient(base_url=...)`; its token is `TOKEN`."""
        return f"{self._loopback.url}/api/"

    def start(self) -> Self:
        """Serve."""
        self._loopback.start()
        return self

    def stop(self) -> None:
        """End."""
        self._loopback.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail(self, status: int, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next requests with this status, and ask for a pause in seconds."""
        failure = Reply(status, b"service_unavailable", {"Retry-After": str(retry_after)})
        with self._changed:
            self._failures += [failure] * times

    def forget(self) -> None:
        """Forget the messages, and the failures for requests that never came."""
        with self._changed:
            self.messages.clear()
            self._failures.clear()

    def wait(self, count: int = 1, timeout: float = 10.0) -> list[SlackMessage]:
        """Block until this many messages have arrived; returns all of them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.messages) >= count, timeout)
            return list(self.messages)

    def _handle(self, message: Message) -> Reply:
        with self._changed:
            if self._failures:
                return self._failures.pop(0)
            if message.method == "POST" and re.fullmatch(r"/services/\w+/\w+/\w+", message.path):
                return self._webhook(message)
            if message.method == "POST" and message.path == "/api/chat.postMessage":
                return self._post(message)
        return Reply(404, b"no_service")

    def _webhook(self, message: Message) -> Reply:
        try:
            content = json.loads(message.body)
        except ValueError:
            return Reply(400, b"invalid_payload")
        if not isinstance(content, dict) or not (content.keys() & {"text", "blocks", "attachments"}):
            return Reply(400, b"no_text")
        self._keep("", content)
        return Reply(200, b"ok", {"Content-Type": "text/html"})

    def _post(self, message: Message) -> Reply:
        if message.headers.get("authorization") != f"Bearer {TOKEN}":
            return _answer({"ok": False, "error": "not_authed"})
        is_json = message.headers.get("content-type", "").startswith("application/json")
        content = json.loads(message.body) if is_json else dict(parse_qsl(message.body.decode()))
        if not content.get("channel"):
            return _answer({"ok": False, "error": "channel_not_found"})
        if not (content.keys() & {"text", "blocks", "attachments"}):
            return _answer({"ok": False, "error": "no_text"})
        self._keep(content["channel"], content)
        stamp = f"{len(self.messages)}.000100"
        message_view = {"text": content.get("text", "")}
        return _answer({"ok": True, "channel": content["channel"], "ts": stamp, "message": message_view})

    def _keep(self, channel: str, content: dict[str, Any]) -> None:
        self.messages.append(SlackMessage(channel, str(content.get("text", "")), content))
        self._changed.notify_all()


def _answer(body: dict[str, Any]) -> Reply:
    """Slack's API answers 200 even to refused calls."""
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})
