"""Runs checks side by side, each until enough successes or failures in a row, or until its deadline."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from kanmon.checks.probe import Answer, Edge, Target, assess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.config import Check

_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 1.0, 1.5
_SLOWEST_FACTOR = 2.0


@dataclass(frozen=True)
class CheckResult:
    """What became of one check."""

    check: Check
    target: Target
    passed: bool
    attempts: int
    seconds: float
    """How long the last answer took."""
    release: str = ""
    """Who gave the last answer."""
    failure: str = ""
    """The assertion that did not hold last, with the actual value."""


@dataclass(frozen=True)
class Checks:
    """Smoke checks through the edge."""

    edge: Edge

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
                # What ends one of them, or an interruption, must not wait for the others' deadlines.
                stop.set()
            return [task.result() for task in tasks]

    def _run(self, check: Check, target: Target, stop: threading.Event) -> CheckResult:
        deadline = time.monotonic() + check.deadline
        attempts = successes = failures = 0
        pause = _PAUSE
        while True:
            attempts += 1
            answer, failure = self._try(check, target)
            successes = 0 if failure else successes + 1
            failures = failures + 1 if failure and not _elsewhere(target, answer) else 0
            passed = successes >= check.successes
            over = stop.is_set() or time.monotonic() >= deadline
            if passed or failures >= check.failures or over:
                return CheckResult(
                    check=check,
                    target=target,
                    passed=passed,
                    attempts=attempts,
                    seconds=answer.seconds if answer else 0.0,
                    release=answer.release if answer else "",
                    failure="" if passed else failure or f"only {successes} successes in a row in time",
                )
            if failure:
                stop.wait(min(pause, max(0.0, deadline - time.monotonic())))
                pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    def _try(self, check: Check, target: Target) -> tuple[Answer | None, str]:
        try:
            # A little more than allowed, so that a slow answer is told as slow and not as missing.
            answer = self.edge.ask(check, target, check.expect.latency * _SLOWEST_FACTOR + 1)
        except HTTPError as error:
            return None, f"no answer: {error}"
        return answer, assess(check, target, answer)


def _elsewhere(target: Target, answer: Answer | None) -> bool:
    """Another release answered: a pointer that was just moved has not come everywhere yet."""
    return answer is not None and answer.release not in {"", target.release}
