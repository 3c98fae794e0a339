"""Texts for people about each way a release can go (CD-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.language import VARIABLE, speak
from kanmon.model import OperationKind
from kanmon.notify.message import MessageKind
from kanmon.notify.words import Task, Writer
from tests.fakes.runs import release, roll_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.ledger.records import Operation
    from kanmon.notify.message import Message
    from tests.fakes.cloud import Cloud

DEPLOY = Task(OperationKind.DEPLOY, "r2", (("resources", "1 added"),))
ROLLBACK = Task(OperationKind.ROLLBACK, "r1", (("from", "r2"), ("to", "r1")))


@pytest.fixture
def writer() -> Writer:
    return Writer("shop", "test", "hanako", "https://run", "https://app")


def newest(cloud: Cloud) -> Operation:
    operation = cloud.ledger.operation(cloud.ledger.head().operations)
    assert operation is not None
    return operation


def test_waiting_asks_for_the_review(writer: Writer) -> None:
    message = writer.waiting(DEPLOY)
    assert message.kind is MessageKind.WAITING
    assert message.release == "r2"
    assert message.headline == "shop test: r2 waits for approval"
    assert message.links[0] == ("Review and approve", "https://run")


def test_waiting_has_the_tasks_facts_and_the_person(writer: Writer) -> None:
    assert writer.waiting(DEPLOY).facts == (("resources", "1 added"), ("by", "hanako"))


def test_a_waiting_rollback_names_its_release(writer: Writer) -> None:
    message = writer.waiting(ROLLBACK)
    assert message.headline == "shop test: the rollback to r1 waits for approval"
    assert dict(message.facts) == {"from": "r2", "to": "r1", "by": "hanako"}


@pytest.mark.parametrize(
    ("task", "words"), [(DEPLOY, "r2 is being deployed"), (ROLLBACK, "rolling back to r1")]
)
def test_the_start_of_a_task_is_announced(writer: Writer, task: Task, words: str) -> None:
    message = writer.started(task)
    assert message.kind is MessageKind.STARTED
    assert message.headline == f"shop test: {words}"


def test_success(cloud: Cloud, writer: Writer) -> None:
    release(cloud, "a1")
    message = writer.ended(newest(cloud))
    assert message.kind is MessageKind.SUCCEEDED
    assert message.headline == "shop test: r1 is live"
    assert message.paragraphs == ()
    assert {"by", "approved by", "took"} <= dict(message.facts).keys()
    assert message.links == (("Run", "https://run"), ("App", "https://app"))


def ended(cloud: Cloud, writer: Writer, *faults: tuple[str, str]) -> Message:
    release(cloud, "a1")
    cloud.faulty.update(faults)
    release(cloud, "b2")
    return writer.ended(newest(cloud))


def test_a_rolled_back_release_has_its_cause(cloud: Cloud, writer: Writer) -> None:
    message = ended(cloud, writer, ("r2", "live"))
    assert message.kind is MessageKind.ROLLED_BACK
    assert message.headline == "shop test: r2 was rolled back, users are on r1"
    assert message.paragraphs[0].startswith("KNM-")
    assert "users were back after" in dict(message.facts)


def test_an_aborted_release_is_a_failure(cloud: Cloud, writer: Writer) -> None:
    message = ended(cloud, writer, ("r2", "candidate"))
    assert message.kind is MessageKind.FAILED
    assert message.headline == "shop test: r2 was aborted before any user was on it"
    assert "status is 500" in message.paragraphs[0]


def test_a_held_release_asks_for_a_person(cloud: Cloud, writer: Writer) -> None:
    message = ended(cloud, writer, ("r2", "live"), ("r1", "live"), ("r1", "stable"))
    assert message.kind in {MessageKind.HELD, MessageKind.ROLLED_BACK}


def test_a_rollback(cloud: Cloud, writer: Writer) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    roll_back(cloud)
    message = writer.ended(newest(cloud))
    assert message.kind is MessageKind.ROLLED_BACK
    assert message.headline == "shop test: users are back on r1, r2 was rolled back"


def test_a_run_without_an_operation(writer: Writer) -> None:
    message = writer.refused("KNM-326: Nobody approved.")
    assert message.kind is MessageKind.FAILED
    assert message.release == ""
    assert message.paragraphs == ("KNM-326: Nobody approved.",)


@pytest.fixture
def _japanese() -> Iterator[None]:
    speak({VARIABLE: "ja"})
    yield
    speak({})


@pytest.mark.usefixtures("_japanese")
def test_a_message_is_in_japanese(cloud: Cloud, writer: Writer) -> None:
    """DOC-1: its headline, the names of its facts and its links."""
    assert writer.waiting(ROLLBACK).headline == "shop test: r1 へのロールバックは承認待ちです"
    message = ended(cloud, writer, ("r2", "live"))
    assert message.headline == "shop test: r2 をロールバックしました(ユーザーが使っているリリース: r1)"
    named = [name for name, _ in (*message.facts, *message.links)]
    assert [name for name in named if name.isascii()] == []
    assert message.kind.value == "rolled back"
