"""A message goes to all channels at once, and no channel can hold anybody up (CD-12)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.notify.delivery import deliver
from kanmon.notify.message import Message, MessageKind
from tests.fakes.clock import Clock

MESSAGE = Message(MessageKind.WAITING, "mandala", "production", "r42", "r42 waits")


@dataclass
class Fake:
    """A channel. It begins a thread, or fails."""

    error: Exception | None = None
    begins: str = "17.0"
    got: list[str] = field(default_factory=list)

    def send(self, message: Message, thread: str) -> str:
        if self.error:
            raise self.error
        self.got.append(message.headline)
        return thread or self.begins


def test_a_failing_channel_is_a_warning_and_the_others_get_it() -> None:
    channels = {
        "denied": Fake(KanmonError(Code.AWS_DENIED, "No.")),
        "broken": Fake(RuntimeError("secret")),
        "good": Fake(),
    }
    delivery = deliver(channels, MESSAGE, {}, Clock())
    assert channels["good"].got == ["r42 waits"]
    assert {warning.code for warning in delivery.warnings} == {Code.NOTIFY_FAILED}
    assert sorted(warning.message for warning in delivery.warnings) == [
        "A channel failed: RuntimeError.",
        "No.",
    ]


def test_every_channel_has_a_thread_of_its_own() -> None:
    delivery = deliver({"a": Fake(begins="1.0"), "b": Fake(begins="2.0")}, MESSAGE, {}, Clock())
    assert delivery.threads == {"a": "1.0", "b": "2.0"}


def test_an_existing_thread_stays() -> None:
    assert deliver({"a": Fake()}, MESSAGE, {"a": "3.0", "gone": "4.0"}, Clock()).threads == {
        "a": "3.0",
        "gone": "4.0",
    }


def test_a_channel_without_threads_has_none() -> None:
    assert deliver({"topic": Fake(begins="")}, MESSAGE, {}, Clock()).threads == {}


class Passing(Clock):
    """Ten seconds have passed whenever somebody looks at it."""

    def monotonic(self) -> float:
        self.move(timedelta(seconds=10))
        return self.seconds


def test_a_slow_channel_is_not_waited_for() -> None:
    end = threading.Event()

    class Slow:
        def send(self, message: Message, thread: str) -> str:
            del message
            end.wait(30)
            return thread

    delivery = deliver({"a": Slow(), "b": Slow()}, MESSAGE, {}, Passing())
    end.set()
    assert [warning.code for warning in delivery.warnings] == [Code.NOTIFY_FAILED]
