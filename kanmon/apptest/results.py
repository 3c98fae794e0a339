"""Reads test results from JUnit XML.

There is no standard. The formats of pytest, Jest, Maven and others are collected in
https://github.com/testmoapp/junitxml. Surefire and Playwright report a repeated test as described in
https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from junitparser import Attr, JUnitXmlError
from junitparser.junitparser import Error, Failure, Skipped
from junitparser.xunit2 import InterimResult, JUnitXml, TestCase, TestSuite

from kanmon.apptest.documents import parse_xml, read_report, unreadable
from kanmon.apptest.files import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from junitparser.junitparser import Result

_MOST_MESSAGE, _MOST_DETAILS, _MOST_OUTPUT = 2_000, 20_000, 4_000
_MENTION = re.compile(
    r"""(?<![\w@./+~-])([\w@./+~-]{1,300}\.\w{1,8}):(\d{1,7})(?!\d)|File "([^"\n]{1,300})", line (\d{1,7})"""
)


class CaseOutcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    FLAKY = "flaky"
    """It failed, ran again and passed."""


@dataclass(frozen=True)
class Case:
    """One test.

    Its texts come from the author of the test: do not trust them.
    """

    name: str
    suite: str
    file: str
    """The path from the app's folder; empty when the report has none, or the file is missing."""
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


def read_results(path: Path, project: Path) -> tuple[Case, ...]:
    """The tests of one JUnit XML file.

    Raises RESULTS_UNREADABLE.
    """
    where = path.relative_to(project).as_posix()
    root = parse_xml(read_report(path, where), where)
    try:
        document = JUnitXml.fromroot(root)  # type: ignore[arg-type] # it means the library's tree
    except JUnitXmlError:
        raise unreadable(where, f"is not JUnit XML: it begins with <{root.tag[:40]}>") from None
    places = Places(project, path)
    direct = (_case(case, None, places) for case in _children(document, _Located))
    nested = (case for suite in _children(document, TestSuite) for case in _cases(suite, places))
    return (*direct, *nested)


class _Located(TestCase):
    """A test with its file and line, as some tools write them.

    The library reads declared attributes only.
    """

    file = Attr()
    line = Attr()


def _cases(suite: TestSuite, places: Places) -> Iterator[Case]:
    """The suite's tests, then the tests of its inner suites."""
    for case in _children(suite, _Located):
        yield _case(case, suite, places)
    for inner in _children(suite, TestSuite):
        yield from _cases(inner, places)


def _children(parent: Any, kind: type) -> Iterator[Any]:  # noqa: ANN401 - the library leaves it untyped
    found: Iterator[Any] = parent.iterchildren(kind)
    return found


def _case(case: _Located, suite: TestSuite | None, places: Places) -> Case:
    entries = list(case)
    outcome = _outcome(entries)
    reported = [entry for entry in entries if isinstance(entry, (Failure, Error, Skipped, InterimResult))]
    failed = outcome in {CaseOutcome.FAILED, CaseOutcome.ERROR}
    name, classname = case.name or "", case.classname or ""
    details = _details(case, reported) if failed else ""
    file, line = _place(case, suite, details, places)
    return Case(
        name=name or classname or "(without a name)",
        suite=classname if classname != name else (suite.name if suite is not None else None) or "",
        file=file,
        line=line,
        seconds=_seconds(case),
        outcome=outcome,
        message=_message(reported),
        details=details,
    )


def _outcome(elements: Iterable[object]) -> CaseOutcome:
    """The worst outcome among a test's entries."""
    entries = list(elements)
    for kind, outcome in (
        (Error, CaseOutcome.ERROR),
        (Failure, CaseOutcome.FAILED),
        (Skipped, CaseOutcome.SKIPPED),
        (InterimResult, CaseOutcome.FLAKY),
    ):
        if any(isinstance(entry, kind) for entry in entries):
            return outcome
    return CaseOutcome.PASSED


def _message(reported: Iterable[Result]) -> str:
    """The message of the first entry, or else the first line of its text."""
    for entry in reported:
        text = (entry.message or "").strip() or (entry.text or "").strip().partition("\n")[0]
        if text:
            return str(text)[:_MOST_MESSAGE]
    return ""


def _details(case: TestCase, reported: Iterable[Result]) -> str:
    texts = [(entry.text or "").strip("\n")[:_MOST_DETAILS] for entry in reported]
    for title, output in (("output", case.system_out), ("error output", case.system_err)):
        if output and output.strip():
            texts.append(f"--- {title} ---\n{output.strip(chr(10))[-_MOST_OUTPUT:]}")
    return "\n\n".join(text for text in texts if text.strip())


def _seconds(case: TestCase) -> float:
    """The duration of a test; 0 when the report has no sensible number."""
    try:
        seconds = case.time or 0.0
    except ValueError:
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _place(case: _Located, suite: TestSuite | None, details: str, places: Places) -> tuple[str, int | None]:
    """The place of the failure in the test's own file, or else the place of the test or of another file."""
    classname = case.classname or ""
    # A suite has a length: without `is`, each test would count all tests of its suite.
    given = case.file or (suite.file if suite is not None else None) or ""
    own = places.find(given) or places.find(classname) or _module(classname, places)
    mentions = [(places.find(match[1] or match[3]), int(match[2] or match[4])) for match in _found(details)]
    for file, line in mentions:
        if file and file == own:
            return file, line
    if own:
        return own, _line(case.line) if given else None
    return next(((file, line) for file, line in mentions if file), ("", None))


def _found(details: str) -> list[re.Match[str]]:
    return list(_MENTION.finditer(details))[:200]


def _line(value: str | None) -> int | None:
    return int(value) if value and re.fullmatch("[0-9]{1,7}", value) and int(value) else None


def _module(classname: str, places: Places) -> str:
    """The Python file for the dotted name of a class: `tests/test_a.py` for `tests.test_a.TestB`."""
    names = classname.split(".")[:20]
    for length in range(len(names), 0, -1):
        if found := places.find("/".join(names[:length]) + ".py"):
            return found
    return ""
