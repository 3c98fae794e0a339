"""Reads test results from JUnit XML.

There is no standard. The formats of pytest, Jest, Maven and others are collected in
https://github.com/testmoapp/junitxml. `docs/reports.md` has what counts as what.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from kanmon.apptest.documents import HEAD, Closed, Opened, open_text, read_report, xml_pieces
from kanmon.apptest.files import Places
from kanmon.apptest.foreign import check_results, foreign_results
from kanmon.apptest.results import Case, CaseOutcome
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kanmon.apptest.documents import Piece

_MOST_MESSAGE, _MOST_DETAILS, _MOST_OUTPUT = 2_000, 20_000, 4_000
_MENTION = re.compile(
    r"""(?<![\w@./+~-])([\w@./+~-]{1,300}\.\w{1,8}):(?:line )?(\d{1,7})(?!\d)"""
    r"""|File "([^"\n]{1,300})", line (\d{1,7})"""
)
"""A file and its line, as tools name them. .NET writes `Cart.cs:line 31`, Python the second one."""
_EXPECTED = "expected"
_OUTCOMES = {
    _EXPECTED: CaseOutcome.SKIPPED,
    "error": CaseOutcome.ERROR,
    "failure": CaseOutcome.FAILED,
    "rerunError": CaseOutcome.ERROR,
    "rerunFailure": CaseOutcome.FAILED,
    "skipped": CaseOutcome.SKIPPED,
    "flakyError": CaseOutcome.FLAKY,
    "flakyFailure": CaseOutcome.FLAKY,
}
"""A test's elements: of those that it has, the first one here decides. The repeats are Surefire's:
https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html."""
_FAILURES = {"error", "failure", "rerunError", "rerunFailure"}
_SAME = {"skip": "skipped", "ignored": "skipped", "disabled": "skipped"}
"""Elements that mean another one."""
_WORDS = {
    **dict.fromkeys(("failed", "fail", "failure"), "failure"),
    **dict.fromkeys(("error", "errored", "broken", "aborted", "timeout"), "error"),
    **dict.fromkeys(
        ("notrun", "suppressed", "skipped", "disabled", "ignored", "untested", "pending"), "skipped"
    ),
    "flaky": "flakyFailure",
}
"""Words of a test's `status` and `result`, with the element that each stands for. GoogleTest and CTest have
no other sign of a test that did not run: https://google.github.io/googletest/advanced.html."""
_MAY_FAIL = "TEST_CASE tagged with !mayfail"
"""Catch2's message for a test that failed and is allowed to."""
_GO = "go.version"
"""A property of gotestsum's and go-junit-report's suites."""
_OUTPUTS = {"system-out": deferred("output"), "system-err": deferred("error output")}


def read_results(path: Path, project: Path) -> tuple[Case, ...]:
    """The tests of one JUnit XML file, and its suites that failed by themselves.

    Raises RESULTS_UNREADABLE or REPORT_TOO_BIG.
    """
    where = path.relative_to(project).as_posix()
    content = read_report(path, where)
    check_results(open_text(content, where).read(HEAD), where)
    pieces = xml_pieces(content, where)
    root = next(piece for piece in pieces if isinstance(piece, Opened))
    if root.name not in {"testsuites", "testsuite"}:
        raise foreign_results(root.name, where)
    report = _Report(pieces, Places(project, path))
    report.suite(root)
    for _ in pieces:  # what comes after the root must be well-formed too
        pass
    return tuple(report.cases)


class _Reason(NamedTuple):
    message: str
    text: str


@dataclass
class _Suite:
    """What is known of a suite between two of its elements."""

    given: Mapping[str, str]
    """Its attributes."""
    shown: Counter[str] = field(default_factory=Counter)
    """The failures of its tests and its inner suites, by their elements."""
    reasons: list[_Reason] = field(default_factory=list)
    """Why the suite itself failed."""
    outputs: list[str] = field(default_factory=list)
    go: bool = False

    @property
    def unseen(self) -> int:
        """The failures and errors that it counts beyond those shown: its file could not be loaded, say.

        Some tools count a failure as an error, some count each failure of a test, some those of flaky tests.
        Most count the tests of inner suites in the outer suite again.
        """
        failures = max(0, _number(self.given.get("failures")) - self.shown["flakyFailure"])
        errors = max(0, _number(self.given.get("errors")) - self.shown["flakyError"])
        return max(0, failures + errors - sum(self.shown[name] for name in _FAILURES))


@dataclass
class _Report:
    """Takes the pieces of a report in their order: each method takes one element to its end."""

    pieces: Iterator[Piece]
    places: Places
    cases: list[Case] = field(default_factory=list)

    def suite(self, element: Opened) -> Counter[str]:
        """Read a suite, and return the failures that it shows or counts."""
        suite, first = _Suite(element.attributes), len(self.cases)
        for child in self._children():
            self._inside(suite, child)
        if suite.go:
            self.cases[first:] = _joined(self.cases[first:])
        if unseen := suite.unseen:
            suite.shown["error"] += unseen
            counts = phrase(
                "The suite counts failures or errors that none of its tests shows: {number}.", number=unseen
            )
            suite.reasons.append(_Reason(counts, counts))
        if suite.reasons:
            self.cases.append(self._failed(suite))
        return suite.shown

    def _inside(self, suite: _Suite, child: Opened) -> None:
        if child.name == "testcase":
            self._case(child, suite.given, suite.shown)
        elif child.name in {"testsuite", "testsuites"}:
            suite.shown.update(self.suite(child))
        elif child.name in _FAILURES:
            suite.reasons.append(self._reason(child))
            suite.shown[child.name] += 1
        elif child.name in _OUTPUTS:
            suite.outputs.append(self._output(child))
        elif child.name == "properties":
            for inner in self._children():
                suite.go = suite.go or inner.attributes.get("name") == _GO
                self._skip()
        else:
            self._skip()

    def _failed(self, suite: _Suite) -> Case:
        name, file = suite.given.get("name", ""), suite.given.get("file", "")
        return Case(
            name=name or file or self.places.report.name,
            suite="",
            file=self.places.find(file) or self.places.find(name),
            line=None,
            seconds=0,
            outcome=CaseOutcome.ERROR,
            message=_message(suite.reasons),
            details=_details(suite.reasons, suite.outputs),
        )

    def _case(self, case: Opened, suite: Mapping[str, str], shown: Counter[str]) -> None:
        given = case.attributes
        names: list[str] = []
        reasons, outputs = [], []
        for child in self._children():
            name = _SAME.get(child.name, child.name)
            if name in _OUTCOMES:
                names.append(_EXPECTED if _may_fail(child) else name)
                reasons.append(self._reason(child))
            elif name in _OUTPUTS:
                outputs.append(self._output(child))
            elif name == "testcase":
                self._case(child, suite, shown)
            else:
                names += ["skipped"] if name == "warning" and "classname" not in given else []
                self._skip()
        if not set(names) & _FAILURES:
            names += _words(given)
        outcome = CaseOutcome.PASSED
        if names:
            shown.update(names)
            outcome = next(outcome for name, outcome in _OUTCOMES.items() if name in names)
        failed = outcome in {CaseOutcome.FAILED, CaseOutcome.ERROR}
        details = _details(reasons, outputs) if failed else ""
        # Only a failed test is shown with its place: finding it asks the file system.
        file, line = _place(given, suite.get("file", ""), details, self.places) if failed else ("", None)
        name, classname = given.get("name", ""), given.get("classname", "")
        self.cases.append(
            Case(
                name=name or classname or suite.get("name", "") or phrase("(without a name)"),
                suite=classname if classname != name else suite.get("name", ""),
                file=file,
                line=line,
                seconds=_seconds(given.get("time", "")),
                outcome=outcome,
                message=_message(reasons),
                details=details,
            )
        )

    def _reason(self, element: Opened) -> _Reason:
        text = self._text()
        given = element.attributes
        message = given.get("message", "").strip() or text.strip().partition("\n")[0] or given.get("type", "")
        return _Reason(message[:_MOST_MESSAGE], text.strip("\n")[:_MOST_DETAILS])

    def _text(self) -> str:
        """The first characters of an element and of its inner ones, such as Surefire's `stackTrace`."""
        kept = ""
        for piece in self.pieces:
            if isinstance(piece, str):
                kept += piece[: _MOST_DETAILS - len(kept)]
            elif isinstance(piece, Closed):
                break
            elif piece.name in _OUTPUTS:
                self._skip()
            else:
                kept += self._text()[: _MOST_DETAILS - len(kept)]
        return kept

    def _output(self, element: Opened) -> str:
        """The last characters of an output, with its title."""
        kept = ""
        for piece in self.pieces:
            if isinstance(piece, str):
                kept = (kept + piece)[-_MOST_OUTPUT:]
            elif isinstance(piece, Closed):
                break
            else:
                self._skip()
        kept = kept.strip("\n")
        return f"--- {phrase(_OUTPUTS[element.name])} ---\n{kept}" if kept.strip() else ""

    def _children(self) -> Iterator[Opened]:
        """The inner elements; each must be taken to its end."""
        for piece in self.pieces:
            if isinstance(piece, Closed):
                break
            if isinstance(piece, Opened):
                yield piece

    def _skip(self) -> None:
        for _ in self._children():
            self._skip()


def _joined(cases: list[Case]) -> list[Case]:
    """A package's tests, with a test that failed and passed as one flaky test.

    `gotestsum --rerun-fails` has each run of a test, and Go's names are unique in a package.
    """
    passed = {(case.suite, case.name) for case in cases if case.outcome is CaseOutcome.PASSED}
    again = {(case.suite, case.name): case for case in cases if case.failed} if passed else {}
    flaky = {key: replace(case, outcome=CaseOutcome.FLAKY) for key, case in again.items() if key in passed}
    others = [case for case in cases if (case.suite, case.name) not in flaky]
    return [*flaky.values(), *others]


def _words(attributes: Mapping[str, str]) -> list[str]:
    words = [attributes[key].lower() for key in ("status", "result") if key in attributes]
    return [_WORDS[word] for word in words if word in _WORDS]


def _may_fail(element: Opened) -> bool:
    """Whether a test may fail without being failed: Node's `todo`, Catch2's `[!mayfail]`."""
    kind, message = element.attributes.get("type"), element.attributes.get("message")
    return element.name == "skipped" and (kind == "todo" or message == _MAY_FAIL)


def _message(reasons: Iterable[_Reason]) -> str:
    return next((reason.message for reason in reasons if reason.message), "")


def _details(reasons: Iterable[_Reason], outputs: Iterable[str]) -> str:
    texts = [reason.text for reason in reasons]
    return "\n\n".join(text for text in (*texts, *outputs) if text.strip())


def _number(value: str | None) -> int:
    return int(value) if value and re.fullmatch("[0-9]{1,9}", value) else 0


def _seconds(value: str) -> float:
    """The duration of a test; 0 when the report has no sensible number. Surefire writes 1,200.25."""
    try:
        seconds = float(value.replace(",", "")) if value else 0.0
    except ValueError:
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _place(case: Mapping[str, str], suite_file: str, details: str, places: Places) -> tuple[str, int | None]:
    """The place of the failure in the test's own file, or else the place of the test or of another file."""
    classname, given = case.get("classname", ""), case.get("file", "") or suite_file
    own = places.find(given) or places.find(classname) or _module(classname, places)
    mentions = [(places.find(match[1] or match[3]), int(match[2] or match[4])) for match in _found(details)]
    for file, line in mentions:
        if file and file == own:
            return file, line
    if own:
        return own, (_number(case.get("line")) or None) if given else None
    return next(((file, line) for file, line in mentions if file), ("", None))


def _found(details: str) -> list[re.Match[str]]:
    return list(_MENTION.finditer(details))[:200]


def _module(classname: str, places: Places) -> str:
    """The Python file for the dotted name of a class: `tests/test_a.py` for `tests.test_a.TestB`."""
    names = classname.split(".")[:20]
    for length in range(len(names), 0, -1):
        if found := places.find("/".join(names[:length]) + ".py"):
            return found
    return ""
