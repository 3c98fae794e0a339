"""An e-mail address that nobody confirmed gets nothing, and is listed as waiting.

ministack takes every address at once. Nobody confirms one here.
https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, sns

_handler = HANDLERS["AWS::SNS::Subscription"]
_create, _list = _handler["create"], sns._list_subscriptions_by_topic


def apply() -> None:
    """Let e-mail addresses wait."""
    _handler["create"] = create
    sns._list_subscriptions_by_topic = listed


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Subscribe."""
    arn, attributes = _create(logical_id, props, stack)
    if props.get("Protocol") == "email":
        for one in _of(props.get("TopicArn", "")):
            one["confirmed"] = one["confirmed"] and one["arn"] != arn
    return arn, attributes


def listed(params: Any) -> Any:
    """ListSubscriptionsByTopic."""
    status, headers, body = _list(params)
    for one in _of(sns._p(params, "TopicArn")):
        if not one["confirmed"]:
            body = body.replace(one["arn"].encode(), b"PendingConfirmation")
    return status, headers, body


def _of(topic: str) -> list[dict[str, Any]]:
    found = sns._topics.get(topic) or {}
    subscriptions: list[dict[str, Any]] = found.get("subscriptions", [])
    return subscriptions
