"""Messages to Slack: whole, within its limits, harmless; and the results of failures (CD-12, SEC-5)."""

from __future__ import annotations

import json
import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embedded.slack import TOKEN
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.notify.channels.slack import SlackBot, SlackWebhook, open_channel
from kanmon.notify.message import Message, MessageKind
from tests.fakes.foreign import FOREIGN, PIECES, invisible
from tests.unit.notify.blocks import HOSTILE, LENGTHS, texts

if TYPE_CHECKING:
    from embedded.slack import LocalSlack


def message(
    kind: MessageKind = MessageKind.SUCCEEDED, text: str = "mandala production: r42 is live", **more: Any
) -> Message:
    return Message(kind, "mandala", "production", "r42", text, **more)


def bot(slack: LocalSlack) -> SlackBot:
    secret = {"token": TOKEN, "channel": "C1", "api": slack.api}
    channel = open_channel(json.dumps(secret))
    assert isinstance(channel, SlackBot)
    return channel


def test_a_webhook_gets_the_whole_message(slack: LocalSlack) -> None:
    channel = open_channel(f" {slack.webhook}\n")
    assert isinstance(channel, SlackWebhook)
    sent = message(facts=(("by", "hanako"),), paragraphs=("KNM-501: no",), links=(("Run", "https://run"),))
    assert channel.send(sent, "1.0") == "1.0"
    [got] = slack.messages
    assert got.text == "✅ mandala production: r42 is live"
    assert [block["type"] for block in got.content["blocks"]] == ["header", "section", "section", "context"]
    assert got.content["blocks"][1]["text"]["text"] == "KNM-501: no"
    assert got.content["blocks"][-1]["elements"][0]["text"] == "<https://run|Run>"


def test_a_bot_keeps_to_one_thread(slack: LocalSlack) -> None:
    channel = bot(slack)
    thread = channel.send(message(MessageKind.WAITING), "")
    assert thread
    assert channel.send(message(MessageKind.STARTED), thread) == thread
    first, second = (got.content for got in slack.messages)
    assert "thread_ts" not in first
    assert str(second["thread_ts"]) == thread


def test_a_bot_shows_the_end_of_a_thread_to_all(slack: LocalSlack) -> None:
    channel = bot(slack)
    for kind in (MessageKind.WAITING, MessageKind.STARTED, MessageKind.ROLLED_BACK):
        channel.send(message(kind), "1.0")
    shown = [str(got.content.get("reply_broadcast", False)).lower() for got in slack.messages]
    assert shown == ["false", "false", "true"]


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(list(MessageKind)),
    st.text(min_size=1, max_size=400),
    st.lists(st.tuples(st.sampled_from(["by", "took"]), st.text(max_size=3000)), max_size=12),
    st.lists(st.text(max_size=5000), max_size=3),
)
@example(MessageKind.WAITING, "0", [("by", "\x85")], ["\x85"])
def test_any_text_is_sent_within_slacks_limits(
    slack_server: LocalSlack,
    kind: MessageKind,
    headline: str,
    facts: list[tuple[str, str]],
    paragraphs: list[str],
) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks"""
    slack_server.forget()
    sent = message(kind, headline, facts=tuple(facts), paragraphs=tuple(paragraphs))
    SlackWebhook(slack_server.webhook).send(sent, "")
    [got] = slack_server.messages
    blocks = got.content["blocks"]
    assert len(blocks) <= 50
    for block in blocks:
        assert len(block.get("fields", [])) <= 10
        assert all(0 < len(text["text"]) <= LENGTHS[block["type"]] for text in texts(block))


def test_foreign_text_is_plain_in_every_block(slack: LocalSlack) -> None:
    SlackWebhook(slack.webhook).send(
        message(MessageKind.FAILED, HOSTILE, facts=(("by", HOSTILE),), paragraphs=(HOSTILE,)), ""
    )
    [got] = slack.messages
    every = [text for block in got.content["blocks"] for text in texts(block)]
    foreign = [text for text in every if "channel" in text["text"]]
    assert len(foreign) == 3
    assert {text["type"] for text in foreign} == {"plain_text"}
    assert {text["emoji"] for text in foreign} == {False}
    assert not set("<>") & set(got.text)


@settings(max_examples=30, deadline=None)
@given(FOREIGN)
@example("".join(PIECES))
def test_foreign_text_is_one_plain_line_everywhere(slack_server: LocalSlack, value: str) -> None:
    """TRU-5"""
    slack_server.forget()
    sent = message(MessageKind.FAILED, value, facts=(("by", value),), paragraphs=(f"x{value}",))
    SlackWebhook(slack_server.webhook).send(sent, "")
    [got] = slack_server.messages
    every = [text for block in got.content["blocks"] for text in texts(block)]
    plain = [text["text"] for text in every if text["type"] == "plain_text"]
    for text in (*plain, got.text):
        assert "\n" not in text
        assert not invisible(text.replace("\u200b", ""))
        assert not re.search(r"://|www\.|@\w", text, re.IGNORECASE)
    assert {text["text"] for text in every if text["type"] == "mrkdwn"} == {"*by*"}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between the calls, in seconds. Nobody waits for them."""
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


@pytest.fixture(params=["webhook", "bot"])
def channel(request: pytest.FixtureRequest, slack: LocalSlack) -> SlackBot | SlackWebhook:
    return SlackWebhook(slack.webhook) if request.param == "webhook" else bot(slack)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_temporary_failure_is_tried_again(
    slack: LocalSlack, channel: SlackBot | SlackWebhook, status: int, pauses: list[float]
) -> None:
    slack.fail(status, times=3)
    channel.send(message(), "")
    assert len(slack.messages) == 1
    assert len(pauses) == 3


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_lasting_failure_is_not_tried_again(slack: LocalSlack, status: int, pauses: list[float]) -> None:
    slack.fail(status)
    assert str(status) in reason(SlackWebhook(slack.webhook))
    assert pauses == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_tries_have_an_end(
    slack: LocalSlack, channel: SlackBot | SlackWebhook, status: int, pauses: list[float]
) -> None:
    """CD-12: so the other channels get their message."""
    slack.fail(status, times=4)
    reason(channel)
    assert slack.messages == []
    assert sum(pauses) < 15


def test_a_long_pause_asked_for_by_slack_is_a_failure(
    slack: LocalSlack, channel: SlackBot | SlackWebhook, pauses: list[float]
) -> None:
    slack.fail(429, retry_after=30)
    reason(channel)
    assert pauses == []


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_no_log_has_the_secret(
    slack: LocalSlack,
    channel: SlackBot | SlackWebhook,
    status: int,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """SEC-5: the address of a webhook is its secret, and the SDK logs it at a repeated call."""
    slack.fail(status, times=4)
    with caplog.at_level(logging.DEBUG):
        reason(channel)
    assert pauses or status == 404
    assert "LocalSlackSecret" not in caplog.text
    assert TOKEN not in caplog.text


def test_a_malformed_address_is_a_failure() -> None:
    """SEC-5: Python's error has the address in it."""
    assert "InvalidURL" in reason(SlackWebhook("http://127.0.0.1:9/services/T/B/LocalSlackSecret x"))


def reason(channel: SlackBot | SlackWebhook) -> str:
    """Why a message was not delivered; nothing of the secret is in it."""
    with pytest.raises(KanmonError) as caught:
        channel.send(message(), "")
    assert caught.value.code is Code.NOTIFY_FAILED
    assert caught.value.__cause__ is None
    shown = f"{caught.value} {channel!r}"
    assert "LocalSlackSecret" not in shown
    assert "xoxb" not in shown
    return shown


def test_a_deleted_webhook_is_a_failure_with_its_status(slack: LocalSlack) -> None:
    slack.fail(404)
    refused = reason(SlackWebhook(slack.webhook))
    assert "404" in refused
    assert "Make a new incoming webhook" in refused


@pytest.mark.parametrize(
    ("token", "channel", "answer"), [("xoxb-wrong", "C1", "not_authed"), (TOKEN, "", "channel_not_found")]
)
def test_a_refused_bot_is_a_failure_with_slacks_answer(
    slack: LocalSlack, token: str, channel: str, answer: str
) -> None:
    refused = reason(SlackBot(token, channel, slack.api))
    assert answer in refused
    assert {"not_authed": "Enter a new token", "channel_not_found": "Correct `channel`"}[answer] in refused


def test_where_nobody_answers_is_a_failure_with_its_cause(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/services/T/B/LocalSlackSecret"
        assert "refused" in reason(SlackWebhook(gone))
    assert len(pauses) == 3
    assert "LocalSlackSecret" not in caplog.text


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hello",
        "{}",
        "[]",
        "null",
        '{"token": "xoxb-1"}',
        "http://hooks.slack.com/x",
        "hooks.slack.com/services/T/B/x",
        "https://a@evil/x",
        '{"token": "x", "channel": "C", "api": "http://example.com/"}',
        '{"token": "x", "channel": "C", "api": "https://a@example.com/"}',
    ],
)
def test_an_unknown_secret_is_refused_without_being_shown(secret: str) -> None:
    """SEC-5"""
    with pytest.raises(KanmonError) as caught:
        open_channel(secret)
    assert caught.value.code is Code.NOTIFY_FAILED
    assert not secret or secret not in str(caught.value)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize("channel", [SlackBot("xoxb-1", "C1"), SlackWebhook("https://hooks/xoxb-1")])
def test_a_channel_does_not_show_its_secret(channel: SlackBot | SlackWebhook) -> None:
    """SEC-5"""
    assert "xoxb" not in repr(channel)
