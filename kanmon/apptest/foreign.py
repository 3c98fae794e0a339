"""Names reports of other kinds, and the way to one that Kanmon reads.

A pattern easily takes in a neighbour of the report, and many tools write another kind by default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kanmon.apptest.documents import unreadable
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.errors import KanmonError


class _Kind(NamedTuple):
    name: str
    """What the report is."""
    fix: str


_GENERATOR = deferred(
    "Convert it to Cobertura XML, for example by ReportGenerator with `-reporttypes:Cobertura`."
)
_NARROW = deferred(
    "Narrow the pattern in `test.results` to the reports of single tests, such as `TEST-*.xml`."
)
_NUNIT = _Kind(
    deferred("NUnit's own XML"),
    deferred(
        "Add the package JunitXml.TestLogger to the test project and run `dotnet test --logger junit`; in "
        "Pester set `TestResult.OutputFormat` to `JUnitXml`."
    ),
)
_XUNIT = _Kind(
    deferred("xUnit.net's own XML"),
    deferred(
        "Add the package JunitXml.TestLogger to the test project and run `dotnet test --logger junit`; "
        "xUnit.net's console runner has `-junit FILE`."
    ),
)
_TESTS: Mapping[str, _Kind] = {
    "TestRun": _Kind(
        deferred("Microsoft's TRX"),
        deferred(
            "Add the package JunitXml.TestLogger to the test project and run `dotnet test --logger junit`."
        ),
    ),
    "assemblies": _XUNIT,
    "assembly": _XUNIT,
    "test-run": _NUNIT,
    "test-results": _NUNIT,
    "test-suite": _NUNIT,
    "failsafe-summary": _Kind(deferred("Failsafe's summary"), _NARROW),
    "testng-results": _Kind(
        deferred("TestNG's own XML"), deferred("Name TestNG's `junitreports/*.xml` in `test.results`.")
    ),
    "testExecutions": _Kind(
        deferred("SonarQube's generic test report"), deferred("Have the tool write JUnit XML as well.")
    ),
    "robot": _Kind(deferred("Robot Framework's output"), deferred("Run `robot --xunit FILE`.")),
    "Catch2TestRun": _Kind(deferred("Catch2's own XML"), deferred("Run the tests with `--reporter junit`.")),
    "Catch": _Kind(deferred("Catch2's own XML"), deferred("Run the tests with `--reporter junit`.")),
    "doctest": _Kind(deferred("doctest's own XML"), deferred("Run the tests with `--reporters=junit`.")),
    "TestLog": _Kind(deferred("Boost.Test's own XML"), deferred("Run the tests with `--log_format=JUNIT`.")),
    "TestResult": _Kind(
        deferred("Boost.Test's own XML"), deferred("Run the tests with `--log_format=JUNIT`.")
    ),
    "Site": _Kind(deferred("CTest's own XML"), deferred("Run `ctest --output-junit FILE`.")),
    "html": _Kind(deferred("an HTML page"), deferred("Have the tool write JUnit XML as well.")),
}
"""Test results of other kinds, by their root elements."""
_CLOVER = _Kind(
    deferred("Clover's XML"),
    deferred(
        "Have the tool write `cobertura` or `lcov` as well: jest by `coverageReporters`, vitest by "
        "`coverage.reporter`, nyc and c8 by `--reporter`, PHPUnit by `--coverage-cobertura FILE`."
    ),
)
_SONAR = _Kind(
    deferred("SonarQube's generic coverage"), deferred("Have the tool write Cobertura XML or LCOV as well.")
)
CLOVER, SONAR = "clover", "sonar"
_COVERAGE: Mapping[str, _Kind] = {
    CLOVER: _CLOVER,
    SONAR: _SONAR,
    "report": _Kind(deferred("JaCoCo's XML"), _GENERATOR),
    "CoverageSession": _Kind(
        deferred("OpenCover's XML"),
        deferred(
            "Have coverlet write `cobertura`. Convert it to Cobertura XML, for example by "
            "ReportGenerator with `-reporttypes:Cobertura`."
        ),
    ),
    "results": _Kind(
        deferred("Visual Studio's coverage"),
        deferred("Run `dotnet-coverage merge FILE -f cobertura -o coverage.xml`."),
    ),
    "CoverageDSPriv": _Kind(deferred("Visual Studio's coverage"), _GENERATOR),
    "Root": _Kind(deferred("dotCover's XML"), _GENERATOR),
    "scoverage": _Kind(
        deferred("scoverage's XML"), deferred("Name scoverage's `cobertura.xml` in `test.coverage.reports`.")
    ),
    "phpunit": _Kind(
        deferred("PHPUnit's own coverage"), deferred("Run PHPUnit with `--coverage-cobertura FILE`.")
    ),
    "html": _Kind(deferred("an HTML page"), deferred("Have the tool write Cobertura XML or LCOV as well.")),
}
"""Coverage of other kinds, by their root elements or the names above."""
_HTML = r"<!doctype html"
_TEST_TEXTS = (
    (_HTML, _TESTS["html"]),
    (
        r'\{"Time":|\{"Action":',
        _Kind(deferred("the JSON of `go test`"), deferred("Run the tests by `gotestsum --junitfile FILE`.")),
    ),
    (
        r"[{\[]",
        _Kind(
            "JSON",
            deferred(
                "Have the tool write JUnit XML: jest by jest-junit, mocha by mocha-junit-reporter, vitest "
                "and Playwright by the reporter `junit`."
            ),
        ),
    ),
    (
        r"TAP version|1\.\.\d|(not )?ok \d",
        _Kind(
            "TAP",
            deferred(
                "Have the tool write JUnit XML: bats by `--report-formatter junit`, node by "
                "`--test-reporter=junit`."
            ),
        ),
    ),
    (r"TN:|SF:", _Kind(deferred("LCOV, so coverage"), deferred("Name it in `test.coverage.reports`."))),
)
_COVERAGE_JSON = (
    (r'\{[^\0]*"(statementMap|pct)"', _Kind(deferred("Istanbul's JSON"), _CLOVER.fix)),
    (
        r'\{[^\0]*"(scriptId|ranges)"',
        _Kind(deferred("the JSON of V8"), deferred("Have c8 or vitest write `cobertura` or `lcov`.")),
    ),
    (
        r'\{[^\0]*"llvm\.coverage',
        _Kind(deferred("LLVM's JSON"), deferred("Run `llvm-cov export -format=lcov`.")),
    ),
)
_COVERAGE_TEXTS = (
    (_HTML, _COVERAGE["html"]),
    (
        r"mode: (set|count|atomic)",
        _Kind(deferred("Go's cover profile"), deferred("Convert it by `gcov2lcov` or `gocover-cobertura`.")),
    ),
    (
        r"SQLite format 3",
        _Kind(
            deferred("coverage.py's data"),
            deferred("Run `coverage xml`, `coverage lcov` or `coverage json`."),
        ),
    ),
    (
        r"-:\s+0:Source",
        _Kind(deferred("gcov's text"), deferred("Run `gcovr --cobertura FILE`, or `lcov --capture`.")),
    ),
)
_EACH = deferred("Name reports of tests in `test.results`, and those of coverage in `test.coverage.reports`.")
_WRITE_JUNIT = deferred("Write JUnit XML for results.")
_COBERTURA_OR_CLOVER = deferred("Cobertura's or Clover's XML")
_MEASURES = deferred("Cobertura XML, LCOV or coverage.py's JSON")


def foreign_results(root: str, where: str) -> KanmonError:
    """The error for XML that is no JUnit XML, by its root element."""
    if kind := _TESTS.get(root):
        return _other(where, kind, "JUnit XML")
    if root in _COVERAGE or root == "coverage":
        name = _COBERTURA_OR_CLOVER if root == "coverage" else _COVERAGE[root].name
        reason = phrase("is {name}, so coverage, not JUnit XML", name=phrase(name))
        return unreadable(where, reason, phrase(_EACH))
    reason = phrase("is not JUnit XML: it begins with <{root}>", root=root[:40])
    return unreadable(where, reason, phrase(_WRITE_JUNIT))


def foreign_coverage(root: str, where: str) -> KanmonError:
    """The error for XML that is no Cobertura XML, by its root element, CLOVER or SONAR."""
    if kind := _COVERAGE.get(root):
        return _other(where, kind, "Cobertura XML")
    if root in _TESTS or root in {"testsuites", "testsuite"}:
        name = _TESTS[root].name if root in _TESTS else "JUnit XML"
        reason = phrase("is {name}, so results of tests, not coverage", name=phrase(name))
        return unreadable(where, reason, phrase(_EACH))
    return unreadable(where, phrase("is not Cobertura XML: it begins with <{root}>", root=root[:40]))


def check_results(head: str, where: str) -> None:
    """Refuse a report that is no XML, by its first characters.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _TEST_TEXTS, "JUnit XML")
    if not head.lstrip().startswith("<"):
        raise unreadable(where, phrase("is not JUnit XML, but a text"), phrase(_WRITE_JUNIT))


def check_coverage(head: str, where: str) -> None:
    """Refuse a coverage report of another kind, by its first characters.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _COVERAGE_TEXTS, phrase(_MEASURES))


def check_json(head: str, where: str) -> None:
    """Refuse another kind of JSON than coverage.py's, by its first characters. Others use the same words.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _COVERAGE_JSON, phrase(_MEASURES))


def _refuse(head: str, where: str, kinds: tuple[tuple[str, _Kind], ...], wanted: str) -> None:
    for begin, kind in kinds:
        if re.match(begin, head.lstrip(), re.IGNORECASE):
            raise _other(where, kind, wanted)


def _other(where: str, kind: _Kind, wanted: str) -> KanmonError:
    reason = phrase("is {name}, not {wanted}", name=phrase(kind.name), wanted=wanted)
    return unreadable(where, reason, phrase(kind.fix))
