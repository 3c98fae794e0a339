"""The notifier: a Lambda function. It sends the app's alarms to the chat channels (MON-2).

CloudWatch publishes an alarm to the topic, and the topic invokes this function. When a channel refuses a
message, the function raises: Lambda tries twice more, then puts the event into the dead-letter queue.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html

The function's package (`kanmon/notify/package.py`) has this module, its imports, the channels and their
libraries. boto3 comes with the runtime.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from kanmon.codes import Code
from kanmon.documentation import in_japanese, split_runbook
from kanmon.errors import KanmonError
from kanmon.language import phrase, speak, spoken
from kanmon.notify.channels import channel_module
from kanmon.notify.meanings import in_chosen_language
from kanmon.notify.message import Message, MessageKind

if TYPE_CHECKING:
    from kanmon.notify.channels import Channel

log = logging.getLogger()


def handle(event: dict[str, Any], _: object) -> None:
    """Send each alarm of an SNS event to all channels. Raises NOTIFY_FAILED when a channel refused it.

    Environment: `CHANNELS` is JSON with each channel's secret by the channel's name, such as
    `{"slack": "arn:…"}`. `DASHBOARD` is the dashboard's name. `KANMON_LANG` is the language, if it is not
    English.
    """
    speak(os.environ)
    log.setLevel(logging.INFO)
    for record in event["Records"]:
        alarm = json.loads(record["Sns"]["Message"])
        facts = {"alarm": alarm["AlarmName"], "state": alarm["NewStateValue"]}
        if begins_well(alarm):
            log.info("a new alarm is fine: no message", extra=facts)
            continue
        _send(alarm_message(alarm, os.environ["DASHBOARD"], os.environ["AWS_REGION"]))
        log.info("message sent", extra=facts)


def begins_well(alarm: dict[str, Any]) -> bool:
    """True for a new alarm without a problem: its state went from no data to OK. It needs no message."""
    return (alarm.get("OldStateValue"), alarm["NewStateValue"]) == ("INSUFFICIENT_DATA", "OK")


def alarm_message(alarm: dict[str, Any], dashboard: str, region: str) -> Message:
    """An alarm's new state as a message."""
    name, state = alarm["AlarmName"], alarm["NewStateValue"]
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    description, runbook = split_runbook(alarm.get("AlarmDescription") or "")
    texts = (in_chosen_language(description), alarm.get("NewStateReason"))
    return Message(
        kind=MessageKind.RECOVERED if state == "OK" else MessageKind.ALARM,
        app="",
        environment="",
        release="",
        headline=f"{name}: {state}",
        paragraphs=tuple(text for text in texts if text and text.strip()),
        facts=_facts(alarm),
        links=(
            *([(phrase("Runbook"), _readable(runbook))] if runbook else []),
            (phrase("Alarm"), f"{console}#alarmsV2:alarm/{quote(name)}"),
            (phrase("Dashboard"), f"{console}#dashboards/dashboard/{quote(dashboard)}"),
        ),
    )


def _readable(page: str) -> str:
    """The page in the reader's language."""
    return in_japanese(page) if spoken() == "ja" else page


def _send(message: Message) -> None:
    """Send to every channel, also after a failure; raise the first failure at the end."""
    failures = []
    for name, secret in json.loads(os.environ["CHANNELS"]).items():
        try:
            _open_channel(name, secret).send(message, "")
        except Exception as error:  # noqa: BLE001 - the other channels still get the message
            failure = error if isinstance(error, KanmonError) else _broken(name, error)
            log.warning("not delivered", extra={"channel": name, "reason": failure.message})
            failures.append(failure)
    if failures:
        raise failures[0]


def _broken(name: str, error: Exception) -> KanmonError:
    """The failure of a channel, without the text of an error that may hold the secret."""
    problem = phrase("The channel {name} failed: {error}.", name=name, error=type(error).__name__)
    return KanmonError(Code.NOTIFY_FAILED, problem)


def _open_channel(name: str, secret: str) -> Channel:
    """Open a channel. Its secret is read each time: alarms are rare, and the secret may change."""
    try:
        value = boto3.client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString")
    except (BotoCoreError, ClientError) as error:
        problem = phrase("The secret of the channel {name} can't be read: {error}", name=name, error=error)
        raise KanmonError(Code.NOTIFY_FAILED, problem) from None
    if value is None:
        problem = phrase(
            "The secret of the channel {name} is binary. Enter it as text in Secrets Manager.", name=name
        )
        raise KanmonError(Code.NOTIFY_FAILED, problem)
    return channel_module(name).open_channel(value)


def _facts(alarm: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    trigger = alarm.get("Trigger") or {}
    facts = (
        (phrase("Before"), str(alarm.get("OldStateValue", ""))),
        (phrase("Since"), str(alarm.get("StateChangeTime", ""))),
        (phrase("Watches"), _watched(trigger) or str(alarm.get("AlarmRule", ""))),
        (phrase("Limit"), _limit(trigger)),
    )
    return tuple((title, value) for title, value in facts if value)


def _watched(trigger: dict[str, Any]) -> str:
    """The metric, or the label of a computation from several metrics."""
    shown = (metric for metric in trigger.get("Metrics", ()) if metric.get("ReturnData"))
    return str(trigger.get("MetricName") or next((metric.get("Label", "") for metric in shown), ""))


def _limit(trigger: dict[str, Any]) -> str:
    if "Threshold" not in trigger:
        return ""
    limit = trigger["Threshold"]
    minutes = trigger.get("Period", 60) * trigger.get("EvaluationPeriods", 1) / 60
    if "Greater" in str(trigger.get("ComparisonOperator")):
        return phrase("above {limit:g} within {minutes:g} min", limit=limit, minutes=minutes)
    return phrase("below {limit:g} within {minutes:g} min", limit=limit, minutes=minutes)
