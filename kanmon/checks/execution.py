"""Runs checks side by side, each until enough successes or failures in a row, or until its deadline.

A check with values of another one waits for that one.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.checks.hidden_values import NoValueError, Values
from kanmon.checks.probe import NoAnswerError
from kanmon.config.paths import is_api_path
from kanmon.language import phrase
from kanmon.naming import API_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from kanmon.checks.probe import Probe, Target
    from kanmon.clock import Clock
    from kanmon.config.checks import Check
    from kanmon.model import Answer

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 1.0, 1.5
_SLOWEST_FACTOR = 2.0
_UNKNOWN = {403, 404}
_SERVER_ERROR = 500
_NOT_INVOKED = {429, _SERVER_ERROR}
"""API Gateway's answers when it did not get the function to run: too many requests, or Lambda's throttle.
Lambda's own 429 comes as 500, a crash of the function as 502
(https://repost.aws/knowledge-center/api-gateway-internal-server-error)."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    check: Check
    target: Target
    passed: bool
    tries: int
    seconds: float
    """How long the last answer took."""
    release: str = ""
    """The release of the last answer."""
    failure: str = ""
    """The last failed assertion, with the actual value."""
    arrived: bool = True
    """False when API Gateway did not know the new stage in time: it proves nothing about the release."""
    invoked: bool = True
    """False when API Gateway answered itself, and the function did not run."""


def _no_secret(name: str) -> str:
    raise NoValueError(phrase("nobody can read the secret {secret} here", secret=name))


@dataclass(frozen=True)
class Checks:
    """Smoke checks through the edge."""

    probe: Probe
    clock: Clock
    read_secret: Callable[[str], str] = _no_secret
    """The text of a secret by its name under `secrets`. Raises NoValueError."""

    def run(self, checks: Sequence[Check], target: Target) -> list[CheckResult]:
        """Run all checks at once; the results come in the checks' order.

        Each check needs earlier ones only. With a missing one, a check fails.
        """
        if not checks:
            return []
        run = _Run(self, target, threading.Event(), Values(self.read_secret))
        with ThreadPoolExecutor(len(checks)) as pool:
            for check in checks:
                run.tasks[check.name] = pool.submit(run.result, check)
            try:
                wait(run.tasks.values(), return_when=FIRST_EXCEPTION)
            finally:
                # After an error or an interruption, do not wait for the other checks' deadlines.
                run.stop.set()
            return [task.result() for task in run.tasks.values()]


@dataclass(frozen=True)
class _Run:
    """One run of checks against one target."""

    checks: Checks
    target: Target
    stop: threading.Event
    values: Values
    tasks: dict[str, Future[CheckResult]] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.checks.clock

    def result(self, check: Check) -> CheckResult:
        """The result of one check, after those that it needs."""
        for name in sorted(check.needs):
            needed = self.tasks[name].result() if name in self.tasks else None
            if needed is None or not needed.passed:
                arrived = needed is None or needed.arrived
                return self._unasked(
                    check, phrase("it needs {check}, which did not pass", check=name), arrived=arrived
                )
        try:
            return self._run(check, self.values.fill(check))
        except NoValueError as error:
            return self._unasked(check, str(error))

    def _unasked(self, check: Check, failure: str, *, arrived: bool = True) -> CheckResult:
        failure = self.values.hide(failure)
        return CheckResult(check, self.target, False, 0, 0.0, "", failure, arrived=arrived)

    def _run(self, check: Check, filled: Check) -> CheckResult:
        target, stop = self.target, self.stop
        path = (check.path or "").partition("?")[0]
        needs_stage = target.arrival and path and is_api_path(path, target.api)
        if needs_stage and (absent := self._await_stage(check, filled)):
            return absent
        deadline = self.clock.monotonic() + check.deadline
        tries = successes = failures = 0
        pause = _FIRST_PAUSE
        while True:
            tries += 1
            answer, failure = self._try(filled)
            successes = 0 if failure else successes + 1
            failures = failures + 1 if failure and not _elsewhere(target, answer) else 0
            passed = successes >= check.successes
            over = stop.is_set() or self.clock.monotonic() >= deadline
            if passed or failures >= check.failures or over:
                return CheckResult(
                    check=check,
                    target=target,
                    passed=passed,
                    tries=tries,
                    seconds=answer.seconds if answer else 0.0,
                    release=answer.release if answer else "",
                    failure=""
                    if passed
                    else failure
                    or phrase("only {successes} successes in a row in time", successes=successes),
                    invoked=not (failure and _of_api_gateway(answer)),
                )
            if failure:
                pause = self._rest(pause, deadline)

    def _await_stage(self, check: Check, filled: Check) -> CheckResult | None:
        """Ask until API Gateway knows a new stage. The failed result when it does not know it in time.

        A new stage is not everywhere at once: for seconds, some hosts answer 403 or 500. The answer that ends
        the wait does not count. It may be a cold start, with a connection to a sleeping database.
        """
        target, stop = self.target, self.stop
        deadline = self.clock.monotonic() + target.arrival
        tries, pause = 0, _FIRST_PAUSE
        while True:
            tries += 1
            answer, failure = self._try(filled)
            if not (failure and _may_be_absent(answer)):
                return None
            if stop.is_set() or self.clock.monotonic() >= deadline:
                seconds = answer.seconds if answer else 0.0
                problem = phrase(
                    "API Gateway does not know its new stage after {seconds:g} s: {failure}",
                    seconds=target.arrival,
                    failure=failure,
                )
                return CheckResult(check, target, False, tries, seconds, "", problem, arrived=False)
            pause = self._rest(pause, deadline)

    def _rest(self, seconds: float, deadline: float) -> float:
        """Pause, but not beyond the deadline; the next pause, which is longer."""
        self.clock.pause(min(seconds, max(0.0, deadline - self.clock.monotonic())), self.stop)
        return min(_LONGEST_PAUSE, seconds * _GROWTH)

    def _try(self, check: Check) -> tuple[Answer | None, str]:
        """Ask once. The answer as it may be shown, and its problem."""
        try:
            # The timeout is longer than the allowed latency: a slow answer counts as slow, not as missing.
            answer = self.checks.probe.ask(check, self.target, check.expect.latency * _SLOWEST_FACTOR + 1)
        except NoAnswerError as error:
            return None, phrase("no answer: {reason}", reason=self.values.hide(str(error)))
        problem = self._problem(check, answer)
        failure = problem or self.values.capture(check, answer)
        shown = self.values.hidden(answer)
        if problem:
            failure = self._problem(check, shown) or phrase("an assertion about a hidden value failed")
        return shown, failure

    def _problem(self, check: Check, answer: Answer) -> str:
        return check.expect.problem(answer, check.path or "", self.target.release)


def _may_be_absent(answer: Answer | None) -> bool:
    """Whether an answer may come from a host without the new stage: an error of nobody."""
    if answer is None:
        return True
    nameless = not answer.release and API_HEADER not in answer.headers
    return nameless and (answer.status in _UNKNOWN or answer.status >= _SERVER_ERROR)


def _of_api_gateway(answer: Answer | None) -> bool:
    """Whether API Gateway answered itself, and the function did not run."""
    return answer is not None and answer.status in _NOT_INVOKED and API_HEADER in answer.headers


def _elsewhere(target: Target, answer: Answer | None) -> bool:
    """Whether another release answered: a moved pointer needs a moment to arrive everywhere."""
    return answer is not None and answer.release not in {"", target.release}
