"""The verdict in a file, for a later job.

That job trusts nothing in it: the app's code ran beside its writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from kanmon.apptest.share import Share
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Record
from kanmon.regular_file import RefusedFileError, read_regular
from kanmon.text import cut, visible

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.apptest.results import Case
    from kanmon.apptest.run import Verdict

_LARGEST = 32 * 1024 * 1024
_MOST_CASES, _MOST_PROBLEMS, _MOST_ROWS = 100, 1_000, 5
_SHORT, _LONG, _DETAILS = 300, 2_000, 30_000

Count = Annotated[int, Field(ge=0, le=10**9)]
Short = Annotated[str, Field(max_length=_SHORT)]
Long = Annotated[str, Field(max_length=_LONG)]
Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]


class Measured(Record):
    """Covered lines or branches."""

    covered: Count
    total: Count
    minimum: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0
    """The smallest allowed percentage; 0 for none."""

    @property
    def percent(self) -> float:
        """Percent, rounded down like those of the verdict."""
        return Share(self.covered, self.total).percent


class Problem(Record):
    """One reason against a pass: an error without its fix."""

    code: str = Field(pattern=r"^KNM-[0-9]{3}$")
    message: Long
    where: Long = ""


class FailedCase(Record):
    """A failed test."""

    name: Short
    suite: Short
    file: Short
    line: Count | None
    details: Annotated[str, Field(max_length=_DETAILS)]


class SlowCase(Record):
    """A slow test."""

    name: Short
    seconds: Seconds


class FileShare(Record):
    """A file with its covered lines."""

    file: Short
    lines: Measured


class Summary(Record):
    """A verdict in numbers, with its first failed tests. Do not trust its texts."""

    passed: bool
    total: Count
    good: Count
    """The tests that passed at the first try."""
    failed: Count
    flaky: Count
    skipped: Count
    seconds: Seconds
    """The time of all commands."""
    problems: tuple[Problem, ...] = Field(max_length=_MOST_PROBLEMS)
    cases: tuple[FailedCase, ...] = Field(max_length=_MOST_CASES)
    lines: Measured | None = None
    branches: Measured | None = None
    worst: tuple[FileShare, ...] = Field((), max_length=_MOST_ROWS)
    slowest: tuple[SlowCase, ...] = Field((), max_length=_MOST_ROWS)


def summary_of(verdict: Verdict) -> Summary:
    """The summary of a verdict. Long texts are cut."""
    results, coverage, rules = verdict.results, verdict.coverage, verdict.rules
    lines = coverage.lines if coverage else None
    branches = coverage.branches if coverage and coverage.branches.total else None
    return Summary(
        passed=verdict.passed,
        total=len(results.cases),
        good=results.passed,
        failed=len(results.failures),
        flaky=results.flaky,
        skipped=results.skipped,
        seconds=sum(command.seconds for command in verdict.commands),
        problems=tuple(
            Problem(code=one.code.id, message=_kept(one.message, _LONG), where=_kept(one.where or "", _LONG))
            for one in verdict.failures[:_MOST_PROBLEMS]
        ),
        cases=tuple(map(_failed_case, results.failures[:_MOST_CASES])),
        lines=_measured(lines, rules.minimum if rules else 0) if lines else None,
        branches=_measured(branches, (rules.branches if rules else 0) or 0) if branches else None,
        worst=tuple(
            FileShare(file=_kept(file.file, _SHORT), lines=_measured(file.lines))
            for file in (coverage.worst(_MOST_ROWS) if coverage else ())
        ),
        slowest=tuple(
            SlowCase(name=_kept(case.name, _SHORT), seconds=case.seconds)
            for case in results.slowest(_MOST_ROWS)
        ),
    )


def write_summary(summary: Summary, path: Path) -> None:
    """Write a summary for :func:`read_summary`, in place of whatever the app's commands left at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(summary.model_dump_json(), "utf-8")


def read_summary(path: Path) -> Summary:
    """Read a summary.

    Raises RESULTS_UNREADABLE for everything but a regular file with a summary of the allowed lengths.
    """
    where = str(path)
    try:
        content = read_regular(path, _LARGEST)
    except (FileNotFoundError, RefusedFileError) as error:
        reason = phrase("is not there") if isinstance(error, FileNotFoundError) else str(error)
        raise _unreadable(where, reason) from None
    try:
        return Summary.model_validate_json(content, strict=True)
    except ValidationError as error:
        reason = phrase("is not one: {reason}", reason=error.errors()[0]["msg"])
        raise _unreadable(where, reason) from None


def _unreadable(where: str, reason: str) -> KanmonError:
    fix = phrase("Give the file from `kanmon test --output FILE`.")
    message = phrase("The verdict {reason}.", reason=reason)
    return KanmonError(Code.RESULTS_UNREADABLE, message, where=where, fix=fix)


def _failed_case(case: Case) -> FailedCase:
    return FailedCase(
        name=_kept(case.name, _SHORT),
        suite=_kept(case.suite, _SHORT),
        file=_kept(case.file, _SHORT),
        line=case.line,
        details=_kept(case.details or case.message, _DETAILS),
    )


def _measured(share: Share, minimum: float = 0) -> Measured:
    return Measured(covered=share.covered, total=share.total, minimum=minimum)


def _kept(text: str, length: int) -> str:
    """A text of at most `length` characters, all of which JSON can hold."""
    return cut(visible(text), length)
