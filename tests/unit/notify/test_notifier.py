"""The function that tells Slack of alarms: what it says, and what it does in vain (CD-12, MON-2)."""

from __future__ import annotations

import json
import logging
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import notifier
from infra.notifier import Destination, NotToldError, destination, handle, is_news, message, send
from tests.embedded.slack import TOKEN, LocalSlack
from tests.unit.notify.alarm_events import ALARM, COMPOSITE, MATH, event
from tests.unit.notify.test_slack import HOSTILE, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture
def slack(server: LocalSlack) -> LocalSlack:
    server.messages.clear()
    return server


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_REGION": "ap-northeast-1",
        "DASHBOARD": "shop-test",
        "SLACK_SECRET": "x",
    }.items():
        monkeypatch.setenv(name, value)


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(notifier, "time", made)
    return made


class Call:
    """Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _bot(slack: LocalSlack, token: str = TOKEN) -> Destination:
    return destination(json.dumps({"token": token, "channel": "C1", "api": slack.api}))


def _blocks(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = message(alarm, "shop-test")["blocks"]
    return blocks


def _words(alarm: dict[str, Any]) -> list[str]:
    return [text["text"] for block in _blocks(alarm) for text in texts(block)]


def test_a_message_says_what_happened_what_it_means_and_where_to_look() -> None:
    """MON-2: state, meaning, values, links to the alarm and to the dashboard."""
    headline, meaning, values, *facts, links = _words(ALARM)
    assert headline == "🚨 shop-test-api-p95: ALARM"
    assert meaning == ALARM["AlarmDescription"]
    assert values == ALARM["NewStateReason"]
    assert facts == [
        "*Before*", "OK", "*Since*", "2026-11-25T02:04:11.305+0000", "*Watches*", "Latency",
        "*Limit*", "above 2000 within 5 min",
    ]  # fmt: skip
    console = "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1"
    assert f"<{console}#alarmsV2:alarm/shop-test-api-p95|Alarm>" in links
    assert f"<{console}#dashboards/dashboard/shop-test|Dashboard>" in links
    assert message(ALARM, "shop-test")["text"] == headline


def test_an_alarm_that_is_computed_and_one_that_is_composite_say_what_they_watch() -> None:
    assert "5xx %" in _words(ALARM | {"Trigger": MATH})
    composite = _words(COMPOSITE)
    assert COMPOSITE["AlarmRule"] in composite
    assert "*Limit*" not in composite


def test_an_end_is_told_and_a_beginning_is_not() -> None:
    """A new alarm's first state is no news: a first deploy would tell of each of them."""
    assert _words(ALARM | {"NewStateValue": "OK", "OldStateValue": "ALARM"})[0].startswith("✅")
    assert is_news(ALARM | {"NewStateValue": "OK", "OldStateValue": "ALARM"})
    assert is_news(ALARM | {"OldStateValue": "INSUFFICIENT_DATA"})
    assert not is_news(ALARM | {"NewStateValue": "OK", "OldStateValue": "INSUFFICIENT_DATA"})


@given(st.lists(st.text() | st.just(HOSTILE * 99), min_size=2, max_size=2))
@settings(max_examples=50, deadline=None)
def test_any_text_fits_and_is_harmless(foreign: list[str]) -> None:
    """SEC-5: within Slack's limits, and foreign text never as markup."""
    description, reason = foreign
    texts_of = {"AlarmName": HOSTILE * 3, "AlarmDescription": description, "NewStateReason": reason}
    for block in _blocks(ALARM | texts_of):
        limit = {"header": 150, "section": 3000, "context": 3000}[block["type"]]
        for text in texts(block):
            assert 1 <= len(text["text"]) <= limit
            assert text["type"] == "plain_text" or text["text"].startswith(("*", "<https://"))
    assert len(_blocks(ALARM)[3]["fields"]) <= 10


def test_a_webhook_and_a_bot_get_it(slack: LocalSlack, clock: Clock) -> None:
    for to in (destination(f" {slack.webhook}\n"), _bot(slack)):
        send(to, message(ALARM, "shop-test"), 10, clock.sleep)
    by_webhook, by_bot = slack.messages
    assert (by_webhook.channel, by_bot.channel) == ("", "C1")
    assert by_webhook.content["blocks"] == by_bot.content["blocks"] == _blocks(ALARM)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again_when_slack_says(slack: LocalSlack, clock: Clock, status: int) -> None:
    """CD-12: Retry-After is one second here; the pauses grow by themselves."""
    slack.fail(status, 3)
    send(destination(slack.webhook), message(ALARM, "shop-test"), 10, clock.sleep)
    assert clock.slept == [1, 2, 4]
    assert len(slack.messages) == 1


def test_slack_may_ask_for_more_patience(
    slack: LocalSlack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "PAUSE", 0.25)
    slack.fail(429)
    send(_bot(slack), message(ALARM, "shop-test"), 10, clock.sleep)
    assert clock.slept == [1.0]


def test_what_will_not_pass_is_not_tried_again(slack: LocalSlack, clock: Clock) -> None:
    for to, reason in (
        (destination(slack.webhook.replace("/services/", "/nowhere/")), "404 (no_service)"),
        (_bot(slack, "xoxb-wrong"), "not_authed"),
    ):
        with pytest.raises(NotToldError, match="Slack was not told") as raised:
            send(to, message(ALARM, "shop-test"), 10, clock.sleep)
        assert reason in str(raised.value)
    assert clock.slept == []


def test_it_ends_in_time_and_raises(slack: LocalSlack, clock: Clock) -> None:
    """So that Lambda tries again later, and the dead-letter queue keeps what can't be told."""
    slack.fail(503, 1)
    with pytest.raises(NotToldError, match="503"):
        send(destination(slack.webhook), message(ALARM, "shop-test"), 0.9, clock.sleep)
    with pytest.raises(NotToldError, match="no time is left"):
        send(destination(slack.webhook), message(ALARM, "shop-test"), 0, clock.sleep)
    assert (clock.slept, slack.messages) == ([], [])


def test_silence_is_a_failure_that_may_pass(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who never answers, and nobody there."""
    monkeypatch.setattr(notifier, "PATIENCE", 0.05)
    for answers, reason in ((True, "TimeoutError"), (False, "ConnectionRefusedError")):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            to = Destination(f"http://127.0.0.1:{mute.getsockname()[1]}/services/T/B/x")
            if not answers:
                mute.close()
            clock.slept.clear()
            with pytest.raises(NotToldError, match=rf"no answer \({reason}\)"):
                send(to, message(ALARM, "shop-test"), 2, clock.sleep)
            assert clock.slept == [1]


def test_it_handles_what_sns_hands_over(
    slack: LocalSlack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """MON-2, and INF-4: the secret is read at run time, and nothing of it is logged."""
    monkeypatch.setattr(notifier, "_secret", lambda: slack.webhook)
    first = ALARM | {"NewStateValue": "OK", "OldStateValue": "INSUFFICIENT_DATA"}
    with caplog.at_level(logging.INFO):
        handle(event(ALARM, first), Call())
    assert [got.text for got in slack.messages] == ["🚨 shop-test-api-p95: ALARM"]
    assert [record.message for record in caplog.records] == ["told", "no news"]
    assert slack.webhook not in caplog.text


@pytest.mark.parametrize(
    "secret",
    [
        "", "hooks.slack.com/services/T/B/x", "http://example.com/x", "https://a@b/c", "[]",
        '{"token": "x"}', '{"token": "x", "channel": "C", "api": "http://example.com/"}',
    ],
)  # fmt: skip
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    """SEC-5"""
    with pytest.raises(NotToldError) as raised:
        destination(secret)
    assert "example" not in str(raised.value)
    assert "xoxb" not in repr(Destination("https://x", "xoxb-1", "C1"))
