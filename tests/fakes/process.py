"""A process that works on the fake AWS: its calls are counted, and it can be struck at any of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from kanmon.aws.fence import Fence
from kanmon.errors import Code, KanmonError
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")
_READS = {"get", "keys", "find", "body", "verify", "head_object", "get_object", "get_stage", "run", "firing"}


def only_reads(call: str) -> bool:
    """The call changes nothing that users could meet."""
    return call.rpartition(".")[2] in _READS


def _go_on(call: str) -> None:
    """A process that is alone never waits for its turn."""
    del call


class ProcessDied(BaseException):
    """The machine is gone; nothing of this process runs any more."""


class Blow(StrEnum):
    """What happens at a call."""

    ERROR = "an error"
    LOST_ANSWER = "done, but the answer is lost"
    INTERRUPT = "Ctrl-C"
    DEATH = "dead before it"
    DEATH_AFTER = "dead after it"
    SUSPENSION = "suspended after it, while others go on"

    @property
    def comes_after(self) -> bool:
        return self in {Blow.LOST_ANSWER, Blow.DEATH_AFTER}

    @property
    def kills(self) -> bool:
        return self in {Blow.DEATH, Blow.DEATH_AFTER}


@dataclass
class Process:
    """Counts calls from 1; at the call `at`, `blow` happens."""

    at: int = 0
    blow: Blow = Blow.ERROR
    watch: Callable[[], None] = lambda: None
    meanwhile: Callable[[], object] = lambda: None
    """What others do while this process is suspended."""
    turn: Callable[[str], None] = _go_on
    """Waits before each call, given by its name, until this process may go on."""
    travel: Callable[[], None] = lambda: None
    """Waits while a change is on its way: it has passed the fence and is not done yet."""
    fence: Fence = field(default_factory=Fence)
    calls: list[str] = field(default_factory=list)
    dead: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def watched(self, service: T, name: str) -> T:
        """The service, as this process reaches it."""
        return cast("T", _Watched(service, name, self))

    def clocked(self, clock: T) -> T:
        """The clock, as this process has it: it can be struck while it waits, not while it looks."""
        return cast("T", _Clocked(clock, self))

    def call(self, name: str, action: Callable[[], Any]) -> Any:
        self.turn(name)
        with self.lock:
            if self.dead:
                raise ProcessDied
            self.calls.append(name)
            struck = len(self.calls) == self.at
            if struck and self.blow is not Blow.SUSPENSION:
                self._strike(name, action)
        answer = self._act(name, action)
        if struck:
            self.meanwhile()
        return answer

    def _act(self, name: str, action: Callable[[], Any]) -> Any:
        if not only_reads(name) and not name.startswith(("store.", "clock.")) and self.fence.guard:
            self.fence.guard()
            self.travel()
        answer = action()
        if not only_reads(name):
            self.watch()
        return answer

    def _strike(self, name: str, action: Callable[[], Any]) -> None:
        if self.blow.comes_after:
            self._act(name, action)
        if self.blow.kills:
            self.dead = True
            raise ProcessDied
        if self.blow is Blow.INTERRUPT:
            raise KeyboardInterrupt
        if name.startswith(("s3.", "apigateway.")):
            raise refusal("ServiceUnavailable", name)
        raise KanmonError(Code.AWS_FAILED, f"While calling {name}: AWS answered with ServiceUnavailable.")


@dataclass(frozen=True)
class _Watched:
    service: Any
    name: str
    process: Process

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self.service, attribute)
        if not callable(value):
            return value
        return partial(self._call, attribute, value)

    def _call(self, attribute: str, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self.process.call(f"{self.name}.{attribute}", partial(method, *given, **named))


@dataclass(frozen=True)
class _Clocked:
    clock: Any
    process: Process

    def now(self) -> Any:
        return self.clock.now()

    def monotonic(self) -> float:
        seconds: float = self.clock.monotonic()
        return seconds

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.process.call("clock.pause", partial(self.clock.pause, seconds, stop))

    def every(self, seconds: float, action: Callable[[], object]) -> AbstractContextManager[None]:
        beside: AbstractContextManager[None] = self.clock.every(seconds, action)
        return beside
