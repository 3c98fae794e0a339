"""Tells Slack of the app's alarms: what CloudWatch says to the topic, in words and with links.

It is a Lambda function, written into the observability stack's template as it is, so it has nothing but
the standard library and the runtime's own boto3. What can't be delivered raises: Lambda tries twice more,
then the alarm waits in the dead-letter queue.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger()

API = "https://slack.com/api/"
GOOD, BUSY, BROKEN = 200, 429, 500
# Seconds: for one request, between the first two, and kept back for Lambda's own end.
PATIENCE, PAUSE, RESERVE = 5.0, 1.0, 2.0
# https://docs.slack.dev/reference/block-kit/blocks
HEADER, TEXT, FIELD = 150, 3000, 2000
SIGNS = {"ALARM": "🚨", "OK": "✅"}


class Invocation(Protocol):
    """What Lambda says of a call."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the function."""


class NotToldError(Exception):
    """Slack did not take a message; says why, and never to which address."""


@dataclass(frozen=True)
class Destination:
    """Where messages go."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    channel: str = ""


@dataclass(frozen=True)
class Answer:
    """What Slack said; `status` 0 for nothing at all."""

    status: int
    reason: str
    wait: float = 0.0
    """Seconds that it asks for before the next try."""

    @property
    def passing(self) -> bool:
        """It may be another one the next time."""
        return self.status in {0, BUSY} or self.status >= BROKEN


def handle(event: dict[str, Any], context: Invocation) -> None:
    """Tell Slack of each alarm in an SNS event. Raises NotToldError."""
    log.setLevel(logging.INFO)
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    for record in event["Records"]:
        alarm = json.loads(record["Sns"]["Message"])
        facts = {"alarm": alarm["AlarmName"], "state": alarm["NewStateValue"]}
        if is_news(alarm):
            send(destination(_secret()), message(alarm, os.environ["DASHBOARD"]), deadline)
            log.info("told", extra=facts)
        else:
            log.info("no news", extra=facts)


def is_news(alarm: dict[str, Any]) -> bool:
    """Every new alarm begins without data, and finds that all is well."""
    return (alarm.get("OldStateValue"), alarm["NewStateValue"]) != ("INSUFFICIENT_DATA", "OK")


def message(alarm: dict[str, Any], dashboard: str) -> dict[str, Any]:
    """An alarm in Block Kit. All that it says is plain text, so no mention or link can be in it."""
    name, state = alarm["AlarmName"], alarm["NewStateValue"]
    headline = f"{SIGNS.get(state, '❔')} {name}: {state}"
    blocks = [{"type": "header", "text": _plain(headline, HEADER)}]
    blocks += [
        {"type": "section", "text": _plain(text, TEXT)}
        for text in (alarm.get("AlarmDescription"), alarm.get("NewStateReason"))
        if text and text.strip()
    ]
    fields = [
        part
        for title, value in _facts(alarm)
        for part in ({"type": "mrkdwn", "text": f"*{title}*"}, _plain(value, FIELD))
    ]
    region = os.environ["AWS_REGION"]
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    links = (
        f"<{console}#alarmsV2:alarm/{quote(name)}|Alarm>",
        f"<{console}#dashboards/dashboard/{quote(dashboard)}|Dashboard>",
    )
    return {
        "text": _escaped(headline),
        "blocks": [
            *blocks,
            {"type": "section", "fields": fields},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "  ·  ".join(links)}]},
        ],
    }


def destination(secret: str) -> Destination:
    """What a secret speaks of: a webhook's URL, or `token` and `channel` as JSON. Raises NotToldError."""
    plain = secret.strip()
    if _may_carry_secrets(plain):
        return Destination(plain)
    try:
        content = json.loads(plain)
        found = Destination(
            content.get("api", API) + "chat.postMessage", content["token"], content["channel"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = "the secret is neither a webhook's URL nor JSON with `token` and `channel`"
        raise NotToldError(problem) from None
    if not _may_carry_secrets(found.url):
        raise NotToldError("the secret's `api` is not an address that a token may be sent to")
    return found


def send(
    to: Destination, content: dict[str, Any], deadline: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Send a message, and again while it may help and there is time. Raises NotToldError."""
    pause = PAUSE
    while True:
        answer = _post(to, content, min(PATIENCE, deadline - time.monotonic()))
        if answer.status == GOOD and not answer.reason:
            return
        wait = max(pause, answer.wait)
        if not answer.passing or time.monotonic() + wait >= deadline:
            raise NotToldError(f"Slack was not told: {answer.reason}")
        log.warning("once more", extra={"reason": answer.reason, "wait": wait})
        sleep(wait)
        pause *= 2


def _post(to: Destination, content: dict[str, Any], timeout: float) -> Answer:
    if timeout <= 0:
        return Answer(0, "no time is left")
    address = urlsplit(to.url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if to.token:
        content = {**content, "channel": to.channel}
        headers["Authorization"] = f"Bearer {to.token}"
    connection = kind(address.netloc, timeout=timeout)
    try:
        connection.request("POST", address.path, json.dumps(content).encode(), headers)
        response = connection.getresponse()
        body = response.read().decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        return Answer(0, f"no answer ({type(error).__name__})")
    finally:
        connection.close()
    if response.status != GOOD:
        after = response.headers.get("Retry-After", "")
        reason = f"it answered {response.status} ({_cut(body, 80)})"
        return Answer(response.status, reason, float(after) if after.isdecimal() else 0.0)
    return Answer(GOOD, _refusal(body) if to.token else "")


def _refusal(body: str) -> str:
    """Why Slack's API did not do what it was asked; it answers 200 even then."""
    try:
        content = json.loads(body)
        return "" if content["ok"] else f"it answered {content.get('error', 'an error')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "its answer is not Slack's"


def _secret() -> str:
    """Read anew each time: alarms are rare, and a secret may be changed."""
    secrets = boto3.client("secretsmanager")
    return str(secrets.get_secret_value(SecretId=os.environ["SLACK_SECRET"])["SecretString"])


def _may_carry_secrets(url: str) -> bool:
    """Encrypted, or no further than this machine."""
    return url.startswith(("https://", "http://127.0.0.1:")) and "@" not in url.split("/", 3)[2]


def _facts(alarm: dict[str, Any]) -> list[tuple[str, str]]:
    trigger = alarm.get("Trigger") or {}
    facts = [
        ("Before", str(alarm.get("OldStateValue", ""))),
        ("Since", str(alarm.get("StateChangeTime", ""))),
        ("Watches", _watched(trigger) or str(alarm.get("AlarmRule", ""))),
        ("Limit", _limit(trigger)),
    ]
    return [(title, value) for title, value in facts if value]


def _watched(trigger: dict[str, Any]) -> str:
    """The metric, or the name of what is computed of several."""
    shown = (one for one in trigger.get("Metrics", ()) if one.get("ReturnData"))
    return str(trigger.get("MetricName") or next((one.get("Label", "") for one in shown), ""))


def _limit(trigger: dict[str, Any]) -> str:
    if "Threshold" not in trigger:
        return ""
    above = "above" if "Greater" in str(trigger.get("ComparisonOperator")) else "below"
    minutes = trigger.get("Period", 60) * trigger.get("EvaluationPeriods", 1) / 60
    return f"{above} {trigger['Threshold']:g} within {minutes:g} min"


def _plain(text: str, length: int) -> dict[str, Any]:
    """The words of a text on one line; Slack refuses an empty one."""
    return {"type": "plain_text", "text": _cut(" ".join(text.split()) or "-", length), "emoji": False}


def _escaped(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
