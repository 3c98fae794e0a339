"""What Slack is sent: whole, within its limits, and harmless; and what becomes of failures (CD-12, SEC-5)."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kanmon.errors import Code, KanmonError
from kanmon.notify import Kind, Message, SlackBot, SlackWebhook, slack_channel
from tests.embedded.slack import TOKEN, LocalSlack

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVE = "mandala production: r42 is live"
HOSTILE = "<!channel> <@U1> @here *bold* <http://evil|click> & ```x``` :tada:"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture
def slack(server: LocalSlack) -> LocalSlack:
    server.messages.clear()
    return server


def message(
    kind: Kind = Kind.SUCCEEDED, text: str = "mandala production: r42 is live", **more: Any
) -> Message:
    return Message(kind, "mandala", "production", "r42", text, **more)


def bot(slack: LocalSlack) -> SlackBot:
    secret = {"token": TOKEN, "channel": "C1", "api": slack.api}
    channel = slack_channel(json.dumps(secret))
    assert isinstance(channel, SlackBot)
    return channel


def texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    """All text objects of a block."""
    own = [block["text"]] if "text" in block else []
    return [*own, *block.get("fields", []), *block.get("elements", [])]


def test_a_webhook_gets_the_whole_message(slack: LocalSlack) -> None:
    channel = slack_channel(f" {slack.webhook}\n")
    assert isinstance(channel, SlackWebhook)
    sent = message(facts=(("by", "hanako"),), cause="KNM-501: no", links=(("Run", "https://run"),))
    assert channel.send(sent, "1.0") == "1.0"
    [got] = slack.messages
    assert got.text == "✅ mandala production: r42 is live"
    assert [block["type"] for block in got.content["blocks"]] == ["header", "section", "section", "context"]
    assert got.content["blocks"][-1]["elements"][0]["text"] == "<https://run|Run>"


def test_a_bot_keeps_to_one_thread_and_shows_the_end_to_all(slack: LocalSlack) -> None:
    channel = bot(slack)
    thread = channel.send(message(Kind.WAITING), "")
    assert thread
    assert channel.send(message(Kind.STARTED), thread) == thread
    assert channel.send(message(Kind.ROLLED_BACK), thread) == thread
    first, second, third = (got.content for got in slack.messages)
    assert "thread_ts" not in first
    assert [str(got["thread_ts"]) for got in (second, third)] == [thread, thread]
    assert [str(got.get("reply_broadcast", False)).lower() for got in (second, third)] == ["false", "true"]


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(list(Kind)),
    st.text(min_size=1, max_size=400),
    st.lists(st.tuples(st.sampled_from(["by", "took"]), st.text(max_size=3000)), max_size=12),
    st.text(max_size=5000),
)
@example(Kind.WAITING, "0", [("by", "\x85")], "\x85")
def test_any_text_is_sent_within_slacks_limits(
    server: LocalSlack, kind: Kind, headline: str, facts: list[tuple[str, str]], cause: str
) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks"""
    server.messages.clear()
    SlackWebhook(server.webhook).send(message(kind, headline, facts=tuple(facts), cause=cause), "")
    [got] = server.messages
    blocks = got.content["blocks"]
    assert len(blocks) <= 50
    for block in blocks:
        limit = {"header": 150, "section": 3000, "context": 3000}[block["type"]]
        assert len(block.get("fields", [])) <= 10
        for part in texts(block):
            assert 0 < len(part["text"]) <= limit


def test_foreign_text_is_plain_in_every_block(slack: LocalSlack) -> None:
    SlackWebhook(slack.webhook).send(
        message(Kind.FAILED, HOSTILE, facts=(("by", HOSTILE),), cause=HOSTILE), ""
    )
    [got] = slack.messages
    parts = [part for block in got.content["blocks"] for part in texts(block)]
    foreign = [part for part in parts if "channel" in part["text"]]
    assert len(foreign) == 3
    assert {(part["type"], part["emoji"]) for part in foreign} == {("plain_text", False)}
    assert not set("<>") & set(got.text)


@pytest.mark.parametrize("status", [500, 429])
def test_a_failure_that_passes_is_tried_again(slack: LocalSlack, status: int) -> None:
    slack.fail(status)
    SlackWebhook(slack.webhook).send(message(), "")
    assert len(slack.messages) == 1


def told(channel: SlackBot | SlackWebhook) -> str:
    with pytest.raises(KanmonError) as caught:
        channel.send(message(), "")
    assert caught.value.code is Code.NOTIFY_FAILED
    assert caught.value.__cause__ is None
    said = f"{caught.value} {channel!r}"
    assert "LocalSlackSecret" not in said
    assert "xoxb" not in said
    return said


def test_failures_say_why_and_never_the_secret(slack: LocalSlack) -> None:
    slack.fail(404)
    assert "404" in told(SlackWebhook(slack.webhook))
    assert "not_authed" in told(SlackBot("xoxb-wrong", "C1", slack.api))
    assert "channel_not_found" in told(SlackBot(TOKEN, "", slack.api))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/services/T/B/LocalSlackSecret"
        assert "refused" in told(SlackWebhook(gone))


@pytest.mark.parametrize(
    "secret",
    ["", "hello", "{}", "[]", "null", '{"token": "xoxb-1"}', "http://hooks.slack.com/x", "https://a@evil/x"],
)
def test_a_secret_that_is_neither_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(KanmonError) as caught:
        slack_channel(secret)
    assert caught.value.code is Code.NOTIFY_FAILED
    assert not secret or secret not in str(caught.value)
