"""Slack: messages in Block Kit, by an incoming webhook or by a bot that keeps to one thread.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.webhook import WebhookClient

from kanmon.errors import Code, KanmonError
from kanmon.notify.message import Kind, Message, cut

if TYPE_CHECKING:
    from slack_sdk.http_retry.handler import RetryHandler

_TIMEOUT = 5
_GOOD = 200
# https://docs.slack.dev/reference/block-kit/blocks
_HEADER, _TEXT, _FIELD, _FACTS = 150, 3000, 2000, 5
_SIGNS = {
    Kind.WAITING: "✋",
    Kind.STARTED: "🚀",
    Kind.SUCCEEDED: "✅",
    Kind.FAILED: "❌",
    Kind.ROLLED_BACK: "↩️",
    Kind.HELD: "⚠️",
}


@dataclass(frozen=True)
class SlackWebhook:
    """An incoming webhook; it can't put messages into threads, since it never learns which they are."""

    url: str = field(repr=False)

    def send(self, message: Message, thread: str) -> str:
        """Send a message; the thread as it was. Raises NOTIFY_FAILED."""
        client = WebhookClient(self.url, timeout=_TIMEOUT, retry_handlers=_retries())
        try:
            answer = client.send(text=_text(message), blocks=_blocks(message))
        except (OSError, ValueError) as error:
            raise _failed(_reason(error)) from None
        if answer.status_code != _GOOD:
            raise _failed(f"it answered {answer.status_code} ({cut(answer.body, 80)})")
        return thread


@dataclass(frozen=True)
class SlackBot:
    """A bot with `chat:write`, which keeps all that is said of a release in one thread."""

    token: str = field(repr=False)
    channel: str
    api: str = WebClient.BASE_URL

    def send(self, message: Message, thread: str) -> str:
        """Send a message into a thread, or begin one; which it is in. Raises NOTIFY_FAILED.

        What ends a release is shown in the channel as well.
        """
        client = WebClient(self.token, self.api, timeout=_TIMEOUT, retry_handlers=_retries())
        try:
            answer = client.chat_postMessage(
                channel=self.channel,
                text=_text(message),
                blocks=_blocks(message),
                thread_ts=thread or None,
                reply_broadcast=message.kind.ends if thread else None,
            )
        except SlackApiError as error:
            raise _failed(f"it answered {error.response.get('error', 'an error')}") from None
        except (OSError, ValueError) as error:
            raise _failed(_reason(error)) from None
        return thread or str(answer.get("ts") or "")


def slack_channel(secret: str) -> SlackBot | SlackWebhook:
    """What a secret speaks of: a webhook's URL, or `token` and `channel` as JSON. Raises NOTIFY_FAILED."""
    plain = secret.strip()
    # The address is a secret: unencrypted it may only go to this machine.
    if plain.startswith(("https://", "http://127.0.0.1:")) and not plain.split("/", 3)[2].count("@"):
        return SlackWebhook(plain)
    try:
        content = json.loads(plain)
        return SlackBot(content["token"], content["channel"], content.get("api", WebClient.BASE_URL))
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = "The Slack secret is neither a webhook's URL nor JSON with `token` and `channel`."
        raise KanmonError(Code.NOTIFY_FAILED, problem) from None


def _retries() -> list[RetryHandler]:
    return [ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(), ServerErrorRetryHandler()]


def _failed(reason: str) -> KanmonError:
    return KanmonError(Code.NOTIFY_FAILED, f"Slack was not told: {reason}.")


def _reason(error: Exception) -> str:
    """Why there was no answer, without the address: that of a webhook is its secret."""
    cause = getattr(error, "reason", None)
    return str(getattr(cause, "strerror", None) or type(cause or error).__name__)


def _text(message: Message) -> str:
    """What notifications show. https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    text = message.headline.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return cut(" ".join(f"{_SIGNS[message.kind]} {text}".split()), _TEXT)


def _blocks(message: Message) -> list[Block]:
    """The message as blocks, in which foreign text is plain: no mention, link or emphasis can be in it."""
    blocks: list[Block] = [HeaderBlock(text=_plain(f"{_SIGNS[message.kind]} {message.headline}", _HEADER))]
    for first in range(0, len(message.facts), _FACTS):
        fields = [
            part
            for name, value in message.facts[first : first + _FACTS]
            for part in (MarkdownTextObject(text=f"*{name}*"), _plain(value, _FIELD))
        ]
        blocks.append(SectionBlock(fields=fields))
    if message.cause.strip():
        blocks.append(SectionBlock(text=_plain(message.cause, _TEXT)))
    if message.links:
        links = "  ·  ".join(f"<{address}|{words}>" for words, address in message.links)
        blocks.append(ContextBlock(elements=[MarkdownTextObject(text=links)]))
    return blocks


def _plain(text: str, length: int) -> PlainTextObject:
    """The words of a text on one line; Slack refuses an empty one."""
    return PlainTextObject(text=cut(" ".join(text.split()) or "-", length), emoji=False)
