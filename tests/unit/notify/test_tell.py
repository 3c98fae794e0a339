"""Channels are told at once, and none of them can hold anybody up (CD-12)."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from kanmon.errors import Code, KanmonError
from kanmon.notify import Kind, Message, Topic, tell

MESSAGE = Message(Kind.WAITING, "mandala", "production", "r42", "r42 waits", (("by", "hanako"),), "", ())


@dataclass
class Fake:
    """A channel that begins a thread, or fails."""

    error: Exception | None = None
    got: list[str] = field(default_factory=list)

    def send(self, message: Message, thread: str) -> str:
        if self.error:
            raise self.error
        self.got.append(message.headline)
        return thread or "17.0"


@dataclass
class Silent:
    """Like a topic: it knows no threads."""

    def send(self, message: Message, thread: str) -> str:
        del message
        return thread


def test_a_failing_channel_is_warned_of_and_the_others_are_told() -> None:
    failing = [Fake(KanmonError(Code.AWS_DENIED, "No.")), Fake(RuntimeError("secret"))]
    good = Fake()
    told = tell([*failing, good, Silent()], MESSAGE, "")
    assert good.got == ["r42 waits"]
    assert {warning.code for warning in told.warnings} == {Code.NOTIFY_FAILED}
    assert sorted(warning.message for warning in told.warnings) == ["A channel failed: RuntimeError.", "No."]
    assert told.thread == "17.0"


def test_the_thread_stays() -> None:
    assert tell([Fake(), Silent()], MESSAGE, "3.0").thread == "3.0"


def test_a_slow_channel_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanmon.notify.channels._PATIENCE", 0.05)
    end = threading.Event()

    class Slow:
        def send(self, message: Message, thread: str) -> str:
            del message
            end.wait(30)
            return thread

    began = time.monotonic()
    told = tell([Slow(), Slow()], MESSAGE, "")
    assert time.monotonic() - began < 5
    end.set()
    assert [warning.code for warning in told.warnings] == [Code.NOTIFY_FAILED]


@mock_aws
def test_a_topic_carries_what_subscribers_filter_by() -> None:
    sns = boto3.client("sns", region_name="ap-northeast-1")
    sqs: Any = boto3.client("sqs", region_name="ap-northeast-1")
    arn = sns.create_topic(Name="mandala-kanmon")["TopicArn"]
    queue = sqs.create_queue(QueueName="people")["QueueUrl"]
    target = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=target)
    Topic(sns, arn).send(MESSAGE, "")
    [got] = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(got["Body"])
    assert told["Subject"] == "Kanmon: r42 waits"
    assert "by: hanako" in told["Message"]
    assert {name: item["Value"] for name, item in told["MessageAttributes"].items()} == {
        "kind": "waiting",
        "app": "mandala",
        "environment": "production",
        "release": "r42",
    }


class Published:
    """What a client would send."""

    def publish(self, **parameters: object) -> None:
        self.parameters = parameters


@given(st.text(min_size=1, max_size=300))
def test_a_subject_is_what_sns_takes(headline: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    client = Published()
    Topic(client, "arn").send(Message(Kind.HELD, "a", "b", "", headline), "")  # type: ignore[arg-type]
    subject = str(client.parameters["Subject"])
    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()
    assert subject[0].isalnum()
    assert "release" not in str(client.parameters["MessageAttributes"])


@mock_aws
def test_a_topic_that_is_gone_is_an_error_with_a_code() -> None:
    sns = boto3.client("sns", region_name="ap-northeast-1")
    with pytest.raises(KanmonError, match="publishing to"):
        Topic(sns, "arn:aws:sns:ap-northeast-1:123456789012:gone").send(MESSAGE, "")
