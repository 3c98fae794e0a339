"""A topic's messages: attributes for filters, and SNS's limits (CD-12)."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from kanmon.errors import KanmonError
from kanmon.notify.message import Message, MessageKind
from kanmon.notify.sns import Topic
from tests.fakes.foreign import FOREIGN, PIECES, invisible

MESSAGE = Message(
    MessageKind.WAITING, "mandala", "production", "r42", "r42 waits", ("Why.",), (("by", "hanako"),)
)


@mock_aws
def test_a_topic_carries_the_attributes_for_filters() -> None:
    sns = boto3.client("sns", region_name="ap-northeast-1")
    sqs: Any = boto3.client("sqs", region_name="ap-northeast-1")
    arn = sns.create_topic(Name="mandala-kanmon")["TopicArn"]
    queue = sqs.create_queue(QueueName="people")["QueueUrl"]
    target = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=target)
    Topic(sns, arn).send(MESSAGE, "")
    [got] = sqs.receive_message(QueueUrl=queue)["Messages"]
    sent = json.loads(got["Body"])
    assert sent["Subject"] == "Kanmon: r42 waits"
    assert sent["Message"].splitlines() == ["r42 waits", "", "Why.", "", "by: hanako"]
    assert {name: item["Value"] for name, item in sent["MessageAttributes"].items()} == {
        "kind": "waiting",
        "app": "mandala",
        "environment": "production",
        "release": "r42",
    }


class Published:
    """The request of a client."""

    def publish(self, **parameters: object) -> None:
        self.parameters = parameters


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_a_subject_fits_the_limits_of_sns(headline: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    client = Published()
    Topic(client, "arn").send(Message(MessageKind.HELD, "a", "b", "", headline), "")  # type: ignore[arg-type]
    subject = str(client.parameters["Subject"])
    assert len(subject) <= 100
    assert subject.isprintable()
    assert subject.encode()
    assert subject[0].isalnum()
    assert "release" not in str(client.parameters["MessageAttributes"])


def test_a_subject_is_in_japanese() -> None:
    """DOC-1: SNS takes a subject in UTF-8."""
    client = Published()
    Topic(client, "arn").send(Message(MessageKind.HELD, "a", "b", "", "r42 は保留中です"), "")  # type: ignore[arg-type]
    assert client.parameters["Subject"] == "Kanmon: r42 は保留中です"


def test_a_topic_has_no_threads() -> None:
    assert Topic(Published(), "arn").send(MESSAGE, "3.0") == "3.0"  # type: ignore[arg-type]


@mock_aws
def test_a_deleted_topic_is_an_error_with_a_code() -> None:
    sns = boto3.client("sns", region_name="ap-northeast-1")
    with pytest.raises(KanmonError, match="publishing to"):
        Topic(sns, "arn:aws:sns:ap-northeast-1:123456789012:gone").send(MESSAGE, "")


PAGE = "https://github.com/octo/shop/actions/runs/7/attempts/1"


@given(FOREIGN)
@example("fine\nReview and approve: https://evil.example/approve")
@example("".join(PIECES))
def test_a_fact_is_one_line_of_the_mail_without_a_link(value: str) -> None:
    """TRU-5"""
    client = Published()
    facts, links = (("by", value), ("reason", value)), (("Review and approve", PAGE),)
    message = Message(MessageKind.WAITING, "shop", "test", "r1", value, (value,), facts, links)
    Topic(client, "arn").send(message, "")  # type: ignore[arg-type]
    body = str(client.parameters["Message"])
    lines = body.splitlines()
    assert len(lines) == 8
    assert lines[-1] == f"Review and approve: {PAGE}"
    assert body.count("://") == 1
    assert not re.search(r"www\.|@\w", body, re.IGNORECASE)
    assert not invisible(body.replace("\u200b", ""))


@mock_aws
def test_an_address_that_did_not_confirm_is_named() -> None:
    """MON-2: also one whose subscription SNS has given up."""
    sns = boto3.client("sns", region_name="ap-northeast-1")
    arn = sns.create_topic(Name="mandala-production-alarms")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="confirmed@example.com")
    addresses = ["confirmed@example.com", "gone@example.com"]
    assert Topic(sns, arn).unconfirmed(addresses) == ["gone@example.com"]


class _Pending:
    """SNS with one subscription that waits for its confirmation."""

    def get_paginator(self, _: str) -> _Pending:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [
            {"Subscriptions": []},
            {"Subscriptions": [{"Endpoint": "new@example.com", "SubscriptionArn": "PendingConfirmation"}]},
        ]


def test_an_address_that_waits_is_named() -> None:
    """MON-2"""
    client: Any = _Pending()
    assert Topic(client, "arn:aws:sns:x").unconfirmed(["new@example.com"]) == ["new@example.com"]
