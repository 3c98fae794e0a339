"""Test results, as JUnit XML tells them.

There is no standard. What pytest, Jest, Maven and others write is collected in
https://github.com/testmoapp/junitxml; what Surefire and Playwright write of tests that ran again is in
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

from kanmon.testing.documents import parse_xml, read_report, unreadable
from kanmon.testing.files import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from junitparser.junitparser import Result

_MOST_MESSAGE, _MOST_DETAILS, _MOST_OUTPUT = 2_000, 20_000, 4_000
_MENTION = re.compile(
    r"""(?<![\w@./+~-])([\w@./+~-]{1,300}\.\w{1,8}):(\d{1,7})(?!\d)|File "([^"\n]{1,300})", line (\d{1,7})"""
)


class Outcome(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    FLAKY = "flaky"
    """It failed, ran again and passed."""


@dataclass(frozen=True)
class Case:
    """One test. All its texts are the test's own: whoever wrote it chose them."""

    name: str
    suite: str
    file: str
    """From the app's folder; empty when the report doesn't tell, or names a file that isn't there."""
    line: int | None
    seconds: float
    outcome: Outcome
    message: str
    details: str
    """The traceback and what the test printed, of one that failed."""

    @property
    def failed(self) -> bool:
        """It fails the verdict."""
        return self.outcome in {Outcome.FAILED, Outcome.ERROR}


@dataclass(frozen=True)
class Results:
    """The tests of all reports."""

    cases: tuple[Case, ...] = ()
    files: tuple[str, ...] = ()
    """The reports, from the app's folder."""

    @property
    def failures(self) -> tuple[Case, ...]:
        """The tests that failed or could not run."""
        return tuple(case for case in self.cases if case.failed)

    @property
    def passed(self) -> int:
        """How many tests passed at once."""
        return self._count(Outcome.PASSED)

    @property
    def flaky(self) -> int:
        """How many passed when they ran again."""
        return self._count(Outcome.FLAKY)

    @property
    def skipped(self) -> int:
        """How many did not run."""
        return self._count(Outcome.SKIPPED)

    @property
    def executed(self) -> int:
        """How many tests ran."""
        return len(self.cases) - self.skipped

    def slowest(self, number: int) -> list[Case]:
        """The tests that took longest, the slowest first."""
        timed = [case for case in self.cases if case.seconds > 0]
        return sorted(timed, key=lambda case: case.seconds, reverse=True)[:number]

    def _count(self, outcome: Outcome) -> int:
        return sum(case.outcome is outcome for case in self.cases)


def read_results(path: Path, project: Path) -> tuple[Case, ...]:
    """The tests of one JUnit XML file. Raises RESULTS_UNREADABLE."""
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
    """A test with the attributes by which some tools say where it is; the library reads what is declared."""

    file = Attr()
    line = Attr()


def _cases(suite: TestSuite, places: Places) -> Iterator[Case]:
    """The suite's tests, then those of the suites inside it."""
    for case in _children(suite, _Located):
        yield _case(case, suite, places)
    for inner in _children(suite, TestSuite):
        yield from _cases(inner, places)


def _children(parent: Any, kind: type) -> Iterator[Any]:  # noqa: ANN401 - the library leaves it untyped
    found: Iterator[Any] = parent.iterchildren(kind)
    return found


def _case(case: _Located, suite: TestSuite | None, places: Places) -> Case:
    parts = list(case)
    outcome = _outcome(parts)
    told = [part for part in parts if isinstance(part, (Failure, Error, Skipped, InterimResult))]
    failed = outcome in {Outcome.FAILED, Outcome.ERROR}
    name, classname = case.name or "", case.classname or ""
    details = _details(case, told) if failed else ""
    file, line = _place(case, suite, details, places)
    return Case(
        name=name or classname or "(without a name)",
        suite=classname if classname != name else (suite.name if suite else None) or "",
        file=file,
        line=line,
        seconds=_seconds(case),
        outcome=outcome,
        message=_message(told),
        details=details,
    )


def _outcome(parts: Iterable[object]) -> Outcome:
    """The worst that a test says of itself."""
    said = list(parts)
    for kind, outcome in (
        (Error, Outcome.ERROR),
        (Failure, Outcome.FAILED),
        (Skipped, Outcome.SKIPPED),
        (InterimResult, Outcome.FLAKY),
    ):
        if any(isinstance(part, kind) for part in said):
            return outcome
    return Outcome.PASSED


def _message(told: Iterable[Result]) -> str:
    """What the first result says; its text's first line when it has no message of its own."""
    for part in told:
        text = (part.message or "").strip() or (part.text or "").strip().partition("\n")[0]
        if text:
            return str(text)[:_MOST_MESSAGE]
    return ""


def _details(case: TestCase, told: Iterable[Result]) -> str:
    texts = [(part.text or "").strip("\n")[:_MOST_DETAILS] for part in told]
    for title, output in (("output", case.system_out), ("error output", case.system_err)):
        if output and output.strip():
            texts.append(f"--- {title} ---\n{output.strip(chr(10))[-_MOST_OUTPUT:]}")
    return "\n\n".join(text for text in texts if text.strip())


def _seconds(case: TestCase) -> float:
    """The time it took; 0 when that is not told as a sensible number."""
    try:
        seconds = case.time or 0.0
    except ValueError:
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _place(case: _Located, suite: TestSuite | None, details: str, places: Places) -> tuple[str, int | None]:
    """Where the test failed, in its own file if possible; where it is, otherwise."""
    classname = case.classname or ""
    given = case.file or (suite.file if suite else None) or ""
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
    """The Python file that a class's dotted name lies in."""
    parts = classname.split(".")[:20]
    for length in range(len(parts), 0, -1):
        if found := places.find("/".join(parts[:length]) + ".py"):
            return found
    return ""
