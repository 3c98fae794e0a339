"""The tests of the reports, as their tools meant them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kanmon.language import deferred


class CaseOutcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = deferred("failed")
    ERROR = deferred("error")
    SKIPPED = "skipped"
    """It did not run, or its failure is expected."""
    FLAKY = "flaky"
    """It failed, ran again and passed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test, or a suite that failed by itself.

    Its texts come from the author of the test: do not trust them.
    """

    name: str
    suite: str
    file: str
    """A failed test's path from the app's folder; empty when the report has none, or the file is missing."""
    line: int | None
    seconds: float
    outcome: CaseOutcome
    message: str
    details: str
    """The traceback and the output of a failed test."""

    @property
    def failed(self) -> bool:
        """Whether the test makes the verdict fail."""
        return self.outcome in {CaseOutcome.FAILED, CaseOutcome.ERROR}


@dataclass(frozen=True)
class Results:
    """The tests of all reports."""

    cases: tuple[Case, ...] = ()
    files: tuple[str, ...] = ()
    """The paths of the reports, from the app's folder."""

    @property
    def failures(self) -> tuple[Case, ...]:
        """The tests with a failure or an error."""
        return tuple(case for case in self.cases if case.failed)

    @property
    def passed(self) -> int:
        """How many tests passed at the first try."""
        return self._count(CaseOutcome.PASSED)

    @property
    def flaky(self) -> int:
        """How many tests passed at a later try."""
        return self._count(CaseOutcome.FLAKY)

    @property
    def skipped(self) -> int:
        """How many tests did not run."""
        return self._count(CaseOutcome.SKIPPED)

    @property
    def executed(self) -> int:
        """How many tests ran."""
        return len(self.cases) - self.skipped

    def slowest(self, number: int) -> list[Case]:
        """The tests with the longest times, the slowest first."""
        timed = [case for case in self.cases if case.seconds > 0]
        return sorted(timed, key=lambda case: case.seconds, reverse=True)[:number]

    def _count(self, outcome: CaseOutcome) -> int:
        return sum(case.outcome is outcome for case in self.cases)
