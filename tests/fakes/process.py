"""A process that works on the fake AWS: its calls are counted, and it can be struck at any of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import requests
from botocore.exceptions import ReadTimeoutError
from github import GithubException

from kanmon.aws.calls import aws_errors
from kanmon.aws.fence import Fence
from kanmon.github.client import github_errors
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")
_READS = {
    *(
        "get",
        "keys",
        "find",
        "creation_failed",
        "body",
        "verify",
        "with_other_code",
        "head_object",
        "get_object",
        "list_objects_v2",
        "get_paginator",
        "get_stage",
        "get_stages",
        "run",
        "firing",
    ),
    *("environment", "branch_is_protected", "reviews", "jobs"),
}
_CLIENTS = {"s3", "apigateway"}
"""Services faked as clients: they raise errors as botocore does. The others are ports."""


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

    THROTTLED = "throttled"
    SERVER_ERROR = "an error 500"
    DENIED = "denied, also later"
    EXPIRED = "the credentials expire"
    LOST_ANSWER = "done, but the answer is lost"
    REPEATED = "done, and repeated after a lost answer"
    STALL = "no answer for longer than the lease"
    SLOW = "done, but longer than the lease"
    INTERRUPT = "Ctrl-C"
    DEATH = "dead before it"
    DEATH_AFTER = "dead after it"
    LATE = "suspended before it, while others go on"
    SUSPENSION = "suspended after it, while others go on"

    @property
    def is_suspension(self) -> bool:
        """Other runs work in the meantime."""
        return self in {Blow.LATE, Blow.SUSPENSION}


_CODES = {
    # S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "s3": ("SlowDown", "InternalError", "AccessDenied", "ExpiredToken"),
    "store": ("SlowDown", "InternalError", "AccessDenied", "ExpiredToken"),
    # A HEAD request's answer has no body, so botocore has the HTTP status only.
    "s3.head_object": ("503", "500", "403", "400"),
    # https://docs.aws.amazon.com/apigateway/latest/api/CommonErrors.html
    "apigateway": (
        *("TooManyRequestsException", "InternalFailure"),
        *("AccessDeniedException", "ExpiredTokenException"),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
    "stacks": ("Throttling", "InternalFailure", "AccessDenied", "ExpiredToken"),
    "alarms": ("Throttling", "InternalServiceFault", "AccessDenied", "ExpiredToken"),
    "snapshots": ("Throttling", "InternalFailure", "AccessDenied", "ExpiredToken"),
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    "functions": (
        *("TooManyRequestsException", "ServiceException"),
        *("AccessDeniedException", "ExpiredTokenException"),
    ),
    # https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    "github": ("429", "500", "403", "401"),
    # The app's own answers to its checks.
    "checks": ("429", "500", "403", "403"),
}
"""Each service's own codes for the first four blows, in their order."""
_REFUSALS = (Blow.THROTTLED, Blow.SERVER_ERROR, Blow.DENIED, Blow.EXPIRED)


@dataclass
class Process:
    """Counts calls from 1; at the call `at`, `blow` happens."""

    at: int = 0
    blow: Blow = Blow.SERVER_ERROR
    watch: Callable[[], None] = lambda: None
    meanwhile: Callable[[], object] = lambda: None
    """What others do while this process is suspended."""
    turn: Callable[[str], None] = _go_on
    """Waits before each call, given by its name, until this process may go on."""
    travel: Callable[[], None] = lambda: None
    """Waits while a change is on its way: it has passed the fence and is not done yet."""
    outlast: Callable[[], object] = lambda: None
    """Lets time pass until the lease has expired."""
    around: Callable[[str, Callable[[], Any]], Any] = lambda _name, action: action()
    """Makes each call, with its name. A benchmark measures here."""
    fence: Fence = field(default_factory=Fence)
    calls: list[str] = field(default_factory=list)
    dead: bool = False
    refused: Callable[[str], bool] = lambda _call: False
    """Whether a call is refused from now on: without a permission, or with expired credentials."""
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
            if len(self.calls) == self.at:
                return self._strike(name, action)
            if self.refused(name):
                _refuse(name, self.blow)
        return self._act(name, action)

    def _act(self, name: str, action: Callable[[], Any]) -> Any:
        if not only_reads(name) and not name.startswith(("store.", "clock.")) and self.fence.guard:
            self.fence.guard()
            self.travel()
        answer = self.around(name, action)
        if not only_reads(name):
            self.watch()
        return answer

    def _strike(self, name: str, action: Callable[[], Any]) -> Any:
        """Let the blow happen: first what goes before the call, then the call, then what follows."""
        act = partial(self._act, name, action)
        if self.blow is Blow.INTERRUPT:
            raise KeyboardInterrupt
        if self.blow in {Blow.DEATH, Blow.DEATH_AFTER}:
            return self._die(act)
        if name.startswith("checks.") and self.blow in {*_REFUSALS, Blow.LOST_ANSWER, Blow.STALL}:
            return self._fail_checks(act)
        if self.blow in _REFUSALS:
            self.refused = _refused_later(self.blow, name)
            _refuse(name, self.blow)
        return self._delay(name, act)

    def _die(self, act: Callable[[], Any]) -> NoReturn:
        if self.blow is Blow.DEATH_AFTER:
            act()
        self.dead = True
        raise ProcessDied

    def _delay(self, name: str, act: Callable[[], Any]) -> Any:
        """Blows that only cost time or the answer."""
        if self.blow is Blow.LATE:
            self.meanwhile()
        if self.blow is Blow.STALL:
            self.outlast()
            _lose(name)
        answer = act()
        if self.blow is Blow.LOST_ANSWER:
            _lose(name)
        if self.blow is Blow.REPEATED and name.partition(".")[0] in {*_CLIENTS, "store"}:
            answer = act()
        if self.blow is Blow.SLOW:
            self.outlast()
        if self.blow is Blow.SUSPENSION:
            self.meanwhile()
        return answer

    def _fail_checks(self, act: Callable[[], Any]) -> Any:
        """The app itself answers like this, once. It knows nothing of the process's credentials."""
        failure = f"status is {_code('checks', self.blow)} instead of 200"
        if self.blow not in _REFUSALS:
            failure = "no answer within 5 s"
        if self.blow is Blow.STALL:
            self.outlast()
        return [replace(result, passed=False, failure=failure) for result in act()]


def _code(name: str, blow: Blow) -> str:
    codes = _CODES.get(name) or _CODES[name.partition(".")[0]]
    return codes[_REFUSALS.index(blow)] if blow in _REFUSALS else ""


def _refused_later(blow: Blow, struck: str) -> Callable[[str], bool]:
    """A missing permission stays missing for this action, expired credentials for their whole service."""
    is_github = struck.startswith("github.")

    def refused(call: str) -> bool:
        if blow is Blow.DENIED:
            return call == struck
        known = not call.startswith(("clock.", "checks."))
        return blow is Blow.EXPIRED and known and call.startswith("github.") is is_github

    return refused


def _refuse(name: str, blow: Blow) -> NoReturn:
    """Raise a service's own error, translated where the port would translate it."""
    service, code = name.partition(".")[0], _code(name, blow)
    if service == "github":
        with github_errors(f"calling {name}", permission="actions: read"):
            raise GithubException(int(code), {"message": "Refused"}, {})
    if service in _CLIENTS:
        raise refusal(code, name)
    with aws_errors(f"calling {name}"):
        raise refusal(code, name)
    raise AssertionError(name)


def _lose(name: str) -> NoReturn:
    """Raise the error of an answer that never comes."""
    service = name.partition(".")[0]
    if service in _CLIENTS:
        raise ReadTimeoutError(endpoint_url=f"https://{service}.test")
    if service == "github":
        with github_errors(f"calling {name}", permission="actions: read"):
            raise requests.ReadTimeout(f"{service}.test: read timed out")
    with aws_errors(f"calling {name}"):
        raise ReadTimeoutError(endpoint_url=f"https://{service}.test")
    raise AssertionError(name)


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
