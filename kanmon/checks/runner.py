"""Runs checks side by side, each until enough successes in a row, or until its deadline."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from kanmon.checks.probe import Answer, Edge, Target, assess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.config import Check

_PAUSE = 0.2
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
        with ThreadPoolExecutor(len(checks)) as pool:
            return list(pool.map(lambda check: self._run(check, target), checks))

    def _run(self, check: Check, target: Target) -> CheckResult:
        deadline = time.monotonic() + check.deadline
        attempts = successes = 0
        pause = threading.Event()
        while True:
            attempts += 1
            answer, failure = self._try(check, target)
            successes = 0 if failure else successes + 1
            passed = successes >= check.successes
            if passed or time.monotonic() >= deadline:
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
                pause.wait(_PAUSE)

    def _try(self, check: Check, target: Target) -> tuple[Answer | None, str]:
        try:
            # A little more than allowed, so that a slow answer is told as slow and not as missing.
            answer = self.edge.ask(check, target, check.expect.latency * _SLOWEST_FACTOR + 1)
        except HTTPError as error:
            return None, f"no answer: {error}"
        return answer, assess(check, target, answer)
