"""The room of the app's tests: its commands run, their reports are read, and a verdict is given (CD-1)."""

from kanmon.testing.coverage import Coverage, FileCoverage, Share
from kanmon.testing.results import Case, Outcome, Results
from kanmon.testing.run import CommandResult, Verdict, run_tests

__all__ = [
    "Case",
    "CommandResult",
    "Coverage",
    "FileCoverage",
    "Outcome",
    "Results",
    "Share",
    "Verdict",
    "run_tests",
]
