"""Runs checks side by side, each until enough successes or failures in a row, or until its deadline."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.checks.probe import NoAnswerError
from kanmon.naming import API_HEADER, is_api_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.checks.probe import Edge, Target
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


@dataclass(frozen=True)
class Checks:
    """Smoke checks through the edge."""

    edge: Edge
    clock: Clock

    def run(self, checks: Sequence[Check], target: Target) -> list[CheckResult]:
        """Run all checks at once; the results come in the checks' order."""
        if not checks:
            return []
        stop = threading.Event()
        with ThreadPoolExecutor(len(checks)) as pool:
            tasks = [pool.submit(self._run, check, target, stop) for check in checks]
            try:
                wait(tasks, return_when=FIRST_EXCEPTION)
            finally:
                # After an error or an interruption, do not wait for the other checks' deadlines.
                stop.set()
            return [task.result() for task in tasks]

    def _run(self, check: Check, target: Target, stop: threading.Event) -> CheckResult:
        needs_stage = target.arrival and is_api_path(check.path.partition("?")[0], target.api)
        if needs_stage and (absent := self._await_stage(check, target, stop)):
            return absent
        deadline = self.clock.monotonic() + check.deadline
        tries = successes = failures = 0
        pause = _FIRST_PAUSE
        while True:
            tries += 1
            answer, failure = self._try(check, target)
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
                    failure="" if passed else failure or f"only {successes} successes in a row in time",
                    invoked=not (failure and _of_api_gateway(answer)),
                )
            if failure:
                pause = self._rest(pause, deadline, stop)

    def _await_stage(self, check: Check, target: Target, stop: threading.Event) -> CheckResult | None:
        """Ask until API Gateway knows a new stage. The failed result when it does not know it in time.

        A new stage is not everywhere at once: for seconds, some hosts answer 403 or 500. The answer that ends
        the wait does not count. It may be a cold start, with a connection to a sleeping database.
        """
        deadline = self.clock.monotonic() + target.arrival
        tries, pause = 0, _FIRST_PAUSE
        while True:
            tries += 1
            answer, failure = self._try(check, target)
            if not (failure and _may_be_absent(answer)):
                return None
            if stop.is_set() or self.clock.monotonic() >= deadline:
                seconds = answer.seconds if answer else 0.0
                problem = f"API Gateway does not know its new stage after {target.arrival:g} s: {failure}"
                return CheckResult(check, target, False, tries, seconds, "", problem, arrived=False)
            pause = self._rest(pause, deadline, stop)

    def _rest(self, seconds: float, deadline: float, stop: threading.Event) -> float:
        """Pause, but not beyond the deadline; the next pause, which is longer."""
        self.clock.pause(min(seconds, max(0.0, deadline - self.clock.monotonic())), stop)
        return min(_LONGEST_PAUSE, seconds * _GROWTH)

    def _try(self, check: Check, target: Target) -> tuple[Answer | None, str]:
        try:
            # The timeout is longer than the allowed latency: a slow answer counts as slow, not as missing.
            answer = self.edge.ask(check, target, check.expect.latency * _SLOWEST_FACTOR + 1)
        except NoAnswerError as error:
            return None, f"no answer: {error}"
        return answer, check.expect.problem(answer, check.path, target.release)


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
