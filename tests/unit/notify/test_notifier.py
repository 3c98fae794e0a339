"""The function for alarms to the chat channels, and its failures (CD-12, MON-2)."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from embedded.slack import TOKEN
from kanmon.codes import Code
from kanmon.documentation import OPERATIONS, page, with_runbook
from kanmon.errors import KanmonError
from kanmon.language import VARIABLE
from kanmon.notify import notifier as notifier_module
from kanmon.notify.channels import slack as slack_module
from kanmon.notify.channels.slack import SlackWebhook
from kanmon.notify.meanings import meaning_of
from kanmon.notify.message import MessageKind
from kanmon.notify.notifier import alarm_message, begins_well, handle
from tests.unit.notify.alarm_events import ALARM, COMPOSITE, MATH, event
from tests.unit.notify.blocks import HOSTILE, LENGTHS, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded.slack import LocalSlack
    from kanmon.notify.message import Message

CONSOLE = "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1"
BACK = ALARM | {"NewStateValue": "OK", "OldStateValue": "ALARM"}
FIRST = ALARM | {"NewStateValue": "OK", "OldStateValue": "INSUFFICIENT_DATA"}


def _message(alarm: dict[str, Any]) -> Message:
    return alarm_message(alarm, "shop-test", "ap-northeast-1")


def test_a_message_has_the_alarm_its_meaning_and_its_values() -> None:
    """MON-2"""
    message = _message(ALARM)
    assert message.kind is MessageKind.ALARM
    assert message.headline == "shop-test-api-p95: ALARM"
    assert message.paragraphs == (ALARM["AlarmDescription"], ALARM["NewStateReason"])
    assert message.facts == (
        ("Before", "OK"),
        ("Since", "2026-11-25T02:04:11.305+0000"),
        ("Watches", "Latency"),
        ("Limit", "above 2000 within 5 min"),
    )


def test_a_message_links_to_the_alarm_and_to_the_dashboard() -> None:
    """MON-2"""
    assert _message(ALARM).links == (
        ("Alarm", f"{CONSOLE}#alarmsV2:alarm/shop-test-api-p95"),
        ("Dashboard", f"{CONSOLE}#dashboards/dashboard/shop-test"),
    )


def test_the_runbook_is_a_link_before_all_others() -> None:
    """DOC-2, MON-2: not an address in the text. A link of somebody else's alarm stays text."""
    message = _message(ALARM | {"AlarmDescription": with_runbook("Users wait too long.", "api-p95")})
    assert message.paragraphs[0] == "Users wait too long."
    assert message.links[0] == ("Runbook", page(OPERATIONS, "api-p95"))
    foreign = "Runbook: https://evil.example/docs/operations-manual.md#api-p95"
    assert _message(ALARM | {"AlarmDescription": foreign}).paragraphs[0] == foreign
    assert "Runbook" not in dict(_message(ALARM | {"AlarmDescription": foreign}).links)


def test_a_computed_alarm_is_shown_by_its_label() -> None:
    assert ("Watches", "5xx %") in _message(ALARM | {"Trigger": MATH}).facts


def test_a_composite_alarm_is_shown_by_its_rule() -> None:
    facts = dict(_message(COMPOSITE).facts)
    assert facts["Watches"] == COMPOSITE["AlarmRule"]
    assert "Limit" not in facts


def test_an_ended_alarm_is_a_recovery() -> None:
    assert _message(BACK).kind is MessageKind.RECOVERED


@pytest.mark.parametrize(
    ("alarm", "well"), [(FIRST, True), (BACK, False), (ALARM | {"OldStateValue": "INSUFFICIENT_DATA"}, False)]
)
def test_only_the_first_state_of_a_new_alarm_is_no_message(alarm: dict[str, Any], well: bool) -> None:
    """A first deploy would send one for each of them."""
    assert begins_well(alarm) is well


@pytest.mark.usefixtures("japanese")
def test_a_message_is_in_japanese() -> None:
    """DOC-1, MON-2: also its meaning and its runbook. The state and its reason are CloudWatch's words."""
    meaning = with_runbook(meaning_of("api-p95", seconds="2"), "api-p95")
    message = _message(ALARM | {"AlarmDescription": meaning})
    assert message.paragraphs[0].startswith("20 件に 1 件のリクエストが 2 秒を超えています。")
    assert message.paragraphs[1] == ALARM["NewStateReason"]
    assert message.facts == (
        ("直前の状態", "OK"),
        ("状態が変わった時刻", "2026-11-25T02:04:11.305+0000"),
        ("監視対象", "Latency"),
        ("しきい値", "5 分間で 2000 超"),
    )
    assert message.links[0] == ("対応手順", page("docs/ja/operations-manual.md", "api-p95"))
    assert [label for label, _ in message.links[1:]] == ["アラーム", "ダッシュボード"]


@given(st.lists(st.text() | st.just(HOSTILE * 99), min_size=2, max_size=2))
@settings(max_examples=50, deadline=None)
def test_any_text_fits_and_is_harmless(slack_server: LocalSlack, foreign: list[str]) -> None:
    """SEC-5: within Slack's limits, and foreign text never as markup."""
    description, reason = foreign
    changes = {"AlarmName": HOSTILE * 3, "AlarmDescription": description, "NewStateReason": reason}
    slack_server.forget()
    SlackWebhook(slack_server.webhook).send(_message(ALARM | changes), "")
    [got] = slack_server.messages
    for block in got.content["blocks"]:
        assert len(block.get("fields", [])) <= 10
        for text in texts(block):
            assert 1 <= len(text["text"]) <= LENGTHS[block["type"]]
            assert text["type"] == "plain_text" or text["text"].startswith(("*", "<https://"))


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager, as the notifier's runtime finds it."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "ap-northeast-1")
    monkeypatch.setenv("DASHBOARD", "shop-test")
    monkeypatch.setenv("CHANNELS", json.dumps({"slack": "shop-slack"}))
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_it_sends_an_alarm_but_no_first_fine_state(
    slack: LocalSlack, secrets: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """MON-2"""
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook)
    with caplog.at_level(logging.INFO):
        handle(event(ALARM, FIRST), None)
    assert [got.text for got in slack.messages] == ["🚨 shop-test-api-p95: ALARM"]
    logged = [record.message for record in caplog.records if record.name == "root"]
    assert logged == ["message sent", "a new alarm is fine: no message"]
    assert slack.webhook not in caplog.text


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize(("variable", "label"), [("ja", "監視対象"), (None, "Watches")])
def test_its_language_is_in_its_environment(
    slack: LocalSlack, secrets: Any, monkeypatch: pytest.MonkeyPatch, variable: str | None, label: str
) -> None:
    """DOC-1"""
    monkeypatch.delenv(VARIABLE, raising=False)
    if variable:
        monkeypatch.setenv(VARIABLE, variable)
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook)
    handle(event(ALARM), None)
    [got] = slack.messages
    assert f"*{label}*" in [text["text"] for block in got.content["blocks"] for text in texts(block)]


def test_the_secret_is_read_at_run_time_and_never_logged(
    slack: LocalSlack, secrets: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """INF-4, SEC-5: a new value counts at once."""
    secrets.create_secret(Name="shop-slack", SecretString="https://old.invalid/")
    secret = {"token": TOKEN, "channel": "C1", "api": slack.api}
    secrets.put_secret_value(SecretId="shop-slack", SecretString=json.dumps(secret))
    with caplog.at_level(logging.INFO):
        handle(event(ALARM), None)
    assert [got.channel for got in slack.messages] == ["C1"]
    assert TOKEN not in caplog.text


def test_a_refused_message_fails_the_function(slack: LocalSlack, secrets: Any) -> None:
    """CD-12: so that Lambda tries again, and the dead-letter queue keeps it at last."""
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook.replace("/services/", "/nowhere/"))
    with pytest.raises(KanmonError, match="404") as caught:
        handle(event(ALARM), None)
    assert caught.value.code is Code.NOTIFY_FAILED
    assert slack.messages == []


def test_a_webhook_is_not_logged_when_slack_fails(
    slack: LocalSlack, secrets: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-5: a repeated call, and a refused one."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook)
    slack.fail(503)
    handle(event(ALARM), None)
    slack.fail(404)
    with pytest.raises(KanmonError):
        handle(event(ALARM), None)
    assert "LocalSlackSecret" not in caplog.text
    assert "not delivered" in caplog.text


def test_an_unreadable_secret_does_not_stop_the_others(
    slack: LocalSlack, secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CD-12"""
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook)
    missing = {"teams": "nowhere", "slack": "shop-slack"}
    monkeypatch.setenv("CHANNELS", json.dumps(missing))
    with pytest.raises(KanmonError, match="teams can't be read") as caught:
        handle(event(ALARM), None)
    assert caught.value.code is Code.NOTIFY_FAILED
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"SecretBinary": b"\xff\xfe"},
        {"SecretString": "https://hooks.slack.com/services/T0/B0/PRIVATE x"},
        {"SecretString": "https://hooks.slack.com:99999/services/T0/B0/PRIVATE"},
        {"SecretString": '{"token": "PRIVATE", "channel": 7}'},
        {"SecretString": " "},
    ],
    ids=["binary", "space", "port", "number", "empty"],
)
def test_a_broken_secret_does_not_stop_the_others(
    slack: LocalSlack, secrets: Any, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """CD-12, INF-4: and nothing of it is shown."""
    secrets.create_secret(Name="broken", **broken)
    secrets.create_secret(Name="shop-slack", SecretString=slack.webhook)
    monkeypatch.setattr(notifier_module, "channel_module", lambda _: slack_module)
    monkeypatch.setenv("CHANNELS", json.dumps({"teams": "broken", "slack": "shop-slack"}))
    caplog.clear()
    with pytest.raises(KanmonError) as caught:
        handle(event(ALARM), None)
    assert caught.value.code is Code.NOTIFY_FAILED
    assert len(slack.messages) == 1
    assert "PRIVATE" not in caplog.text + str(caught.value)
