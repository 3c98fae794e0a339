"""Slack: messages in Block Kit, by an incoming webhook or by a bot with one thread for each release.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from http.client import HTTPException
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

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import cut, inert

if TYPE_CHECKING:
    from slack_sdk.http_retry.handler import RetryHandler
    from slack_sdk.http_retry.request import HttpRequest
    from slack_sdk.http_retry.response import HttpResponse
    from slack_sdk.http_retry.state import RetryState

    from kanmon.notify.message import Message

_TIMEOUT = 5
_REPEATS = 3
"""Repeats of a call after a failed connection or a server error, with a longer pause before each."""
_PATIENCE = 10
"""The longest pause that Slack may ask for, in seconds. Other channels wait meanwhile."""
_OK = 200
_BROKEN = (OSError, HTTPException, ValueError)
"""The errors of the network, of HTTP, and of a wrong address."""
_NO_LOG = logging.Logger(__name__, logging.CRITICAL + 1)
"""The SDK logs the address of each repeated call, and a webhook's address is its secret."""
# https://docs.slack.dev/reference/block-kit/blocks
_HEADER, _TEXT, _FIELD, _FACTS = 150, 3000, 2000, 5
LIBRARIES = ("slack_sdk",)


@dataclass(frozen=True)
class SlackWebhook:
    """An incoming webhook. It has no threads: Slack does not return a message's id to it."""

    url: str = field(repr=False)

    def send(self, message: Message, thread: str) -> str:
        """Send a message; the given thread. Raises NOTIFY_FAILED."""
        client = WebhookClient(self.url, timeout=_TIMEOUT, retry_handlers=_retries(), logger=_NO_LOG)
        try:
            answer = client.send(text=_text(message), blocks=_blocks(message))
        except _BROKEN as error:
            raise _failed(_reason(error), _NO_ANSWER) from None
        if answer.status_code != _OK:
            answered = phrase(
                "it answered {status} ({body})", status=answer.status_code, body=cut(answer.body, 80)
            )
            raise _failed(answered, _WEBHOOK)
        return thread


@dataclass(frozen=True)
class SlackBot:
    """A bot with the scope `chat:write`. It keeps all messages of a release in one thread."""

    token: str = field(repr=False)
    channel: str
    api: str = WebClient.BASE_URL

    def send(self, message: Message, thread: str) -> str:
        """Send a message into a thread, or start one; the message's thread. Raises NOTIFY_FAILED.

        The last message of a release also appears in the channel.
        """
        client = WebClient(self.token, self.api, timeout=_TIMEOUT, retry_handlers=_retries(), logger=_NO_LOG)
        try:
            answer = client.chat_postMessage(
                channel=self.channel,
                text=_text(message),
                blocks=_blocks(message),
                thread_ts=thread or None,
                reply_broadcast=message.kind.ends if thread else None,
            )
        except SlackApiError as error:
            code = str(error.response.get("error") or phrase("an error"))
            raise _failed(phrase("it answered {code}", code=code), _FIXES.get(code)) from None
        except _BROKEN as error:
            raise _failed(_reason(error), _NO_ANSWER) from None
        return thread or str(answer.get("ts") or "")


def open_channel(secret: str) -> SlackBot | SlackWebhook:
    """Read a secret: a webhook's URL, or JSON with `token` and `channel`. Raises NOTIFY_FAILED."""
    plain = secret.strip()
    if _private(plain):
        return SlackWebhook(plain)
    try:
        content = json.loads(plain)
        bot = SlackBot(content["token"], content["channel"], content.get("api", WebClient.BASE_URL))
        if _private(bot.api):
            return bot
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    problem = phrase("The Slack secret is neither a webhook's URL nor JSON with `token` and `channel`.")
    fix = phrase(
        'Enter the webhook\'s URL, or `{"token": "xoxb-…", "channel": "C…"}`, as the secret\'s text.'
    )
    raise KanmonError(Code.NOTIFY_FAILED, problem, fix=fix)


def _private(address: str) -> bool:
    """True when a secret may go to this address: over HTTPS, or to this machine."""
    return address.startswith(("https://", "http://127.0.0.1:")) and "@" not in address.split("/", 3)[2]


_NEW_KEY = deferred("Enter a new token of the bot in the channel's secret.")
_FIXES = {
    "account_inactive": _NEW_KEY,
    "channel_not_found": deferred("Correct `channel` in the secret; in a private channel, invite the bot."),
    "invalid_auth": _NEW_KEY,
    "is_archived": deferred("Unarchive the channel, or name another one as `channel` in the secret."),
    "not_authed": _NEW_KEY,
    "missing_scope": deferred("Give the bot the scope `chat:write`, and install it again."),
    "not_in_channel": deferred("Invite the bot to the channel."),
    "token_expired": _NEW_KEY,
    "token_revoked": _NEW_KEY,
}
"""By Slack's errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors."""
_WEBHOOK = deferred("Make a new incoming webhook in Slack, and enter its URL in the channel's secret.")
_NO_ANSWER = deferred(
    "Let the runner reach Slack: see https://slack-status.com. Kanmon doesn't send the message again."
)


class _RateLimit(RateLimitErrorRetryHandler):
    """Waits as long as Slack asks, but not for too long. https://docs.slack.dev/apis/web-api/rate-limits."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        limited = super()._can_retry(state=state, request=request, response=response, error=error)
        return limited and _pause(response) <= _PATIENCE


def _pause(response: HttpResponse | None) -> int:
    headers = {name.lower(): values for name, values in (response.headers if response else {}).items()}
    return int(headers.get("retry-after", ["1"])[0])


def _retries() -> list[RetryHandler]:
    return [
        ConnectionErrorRetryHandler(_REPEATS),
        _RateLimit(_REPEATS),
        ServerErrorRetryHandler(_REPEATS),
    ]


def _failed(reason: str, fix: str | None) -> KanmonError:
    message = phrase("Slack did not take the message: {reason}.", reason=reason)
    return KanmonError(Code.NOTIFY_FAILED, message, fix=phrase(fix) if fix else None)


def _reason(error: Exception) -> str:
    """The cause of a missing answer, without the address: a webhook's address is its secret."""
    cause = getattr(error, "reason", None)
    return str(getattr(cause, "strerror", None) or type(cause or error).__name__)


def _text(message: Message) -> str:
    """The text of notifications. https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    text = inert(message.headline).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return cut(f"{message.kind.sign} {text}", _TEXT)


def _blocks(message: Message) -> list[Block]:
    """The message as blocks. Foreign text is plain: it can contain no mention, link or emphasis."""
    blocks: list[Block] = [HeaderBlock(text=_plain(f"{message.kind.sign} {message.headline}", _HEADER))]
    blocks += [SectionBlock(text=_plain(text, _TEXT)) for text in message.paragraphs if text.strip()]
    for first in range(0, len(message.facts), _FACTS):
        fields = [
            element
            for name, value in message.facts[first : first + _FACTS]
            for element in (MarkdownTextObject(text=f"*{name}*"), _plain(value, _FIELD))
        ]
        blocks.append(SectionBlock(fields=fields))
    if message.buttons:
        links = "  ·  ".join(f"<{address}|{label}>" for label, address in message.buttons)
        blocks.append(ContextBlock(elements=[MarkdownTextObject(text=links)]))
    return blocks


def _plain(text: str, length: int) -> PlainTextObject:
    """A text on one line, cut to `length`. An empty text becomes `-`, because Slack refuses it."""
    return PlainTextObject(text=cut(inert(text), length) or "-", emoji=False)
