"""Names reports of other kinds, and the way to one that Kanmon reads.

A pattern easily takes in a neighbour of the report, and many tools write another kind by default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kanmon.apptest.documents import unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.errors import KanmonError


class _Kind(NamedTuple):
    name: str
    """What the report is."""
    fix: str


_LOGGER = "Add the package JunitXml.TestLogger to the test project and run `dotnet test --logger junit`"
_GENERATOR = "Convert it to Cobertura XML, for example by ReportGenerator with `-reporttypes:Cobertura`."
_NARROW = "Narrow the pattern in `test.results` to the reports of single tests, such as `TEST-*.xml`."
_NUNIT = _Kind("NUnit's own XML", f"{_LOGGER}; in Pester set `TestResult.OutputFormat` to `JUnitXml`.")
_XUNIT = _Kind("xUnit.net's own XML", f"{_LOGGER}; xUnit.net's console runner has `-junit FILE`.")
_TESTS: Mapping[str, _Kind] = {
    "TestRun": _Kind("Microsoft's TRX", f"{_LOGGER}."),
    "assemblies": _XUNIT,
    "assembly": _XUNIT,
    "test-run": _NUNIT,
    "test-results": _NUNIT,
    "test-suite": _NUNIT,
    "failsafe-summary": _Kind("Failsafe's summary", _NARROW),
    "testng-results": _Kind("TestNG's own XML", "Name TestNG's `junitreports/*.xml` in `test.results`."),
    "testExecutions": _Kind("SonarQube's generic test report", "Have the tool write JUnit XML as well."),
    "robot": _Kind("Robot Framework's output", "Run `robot --xunit FILE`."),
    "Catch2TestRun": _Kind("Catch2's own XML", "Run the tests with `--reporter junit`."),
    "Catch": _Kind("Catch2's own XML", "Run the tests with `--reporter junit`."),
    "doctest": _Kind("doctest's own XML", "Run the tests with `--reporters=junit`."),
    "TestLog": _Kind("Boost.Test's own XML", "Run the tests with `--log_format=JUNIT`."),
    "TestResult": _Kind("Boost.Test's own XML", "Run the tests with `--log_format=JUNIT`."),
    "Site": _Kind("CTest's own XML", "Run `ctest --output-junit FILE`."),
    "html": _Kind("an HTML page", "Have the tool write JUnit XML as well."),
}
"""Test results of other kinds, by their root elements."""
_CLOVER = _Kind(
    "Clover's XML",
    "Have the tool write `cobertura` or `lcov` as well: jest by `coverageReporters`, vitest by "
    "`coverage.reporter`, nyc and c8 by `--reporter`, PHPUnit by `--coverage-cobertura FILE`.",
)
_SONAR = _Kind("SonarQube's generic coverage", "Have the tool write Cobertura XML or LCOV as well.")
CLOVER, SONAR = "clover", "sonar"
_COVERAGE: Mapping[str, _Kind] = {
    CLOVER: _CLOVER,
    SONAR: _SONAR,
    "report": _Kind("JaCoCo's XML", _GENERATOR),
    "CoverageSession": _Kind("OpenCover's XML", f"Have coverlet write `cobertura`. {_GENERATOR}"),
    "results": _Kind(
        "Visual Studio's coverage", "Run `dotnet-coverage merge FILE -f cobertura -o coverage.xml`."
    ),
    "CoverageDSPriv": _Kind("Visual Studio's coverage", _GENERATOR),
    "Root": _Kind("dotCover's XML", _GENERATOR),
    "scoverage": _Kind("scoverage's XML", "Name scoverage's `cobertura.xml` in `test.coverage.reports`."),
    "phpunit": _Kind("PHPUnit's own coverage", "Run PHPUnit with `--coverage-cobertura FILE`."),
    "html": _Kind("an HTML page", "Have the tool write Cobertura XML or LCOV as well."),
}
"""Coverage of other kinds, by their root elements or the names above."""
_HTML = r"<!doctype html"
_TEST_TEXTS = (
    (_HTML, _TESTS["html"]),
    (
        r'\{"Time":|\{"Action":',
        _Kind("the JSON of `go test`", "Run the tests by `gotestsum --junitfile FILE`."),
    ),
    (
        r"[{\[]",
        _Kind(
            "JSON",
            "Have the tool write JUnit XML: jest by jest-junit, mocha by mocha-junit-reporter, vitest and "
            "Playwright by the reporter `junit`.",
        ),
    ),
    (
        r"TAP version|1\.\.\d|(not )?ok \d",
        _Kind(
            "TAP",
            "Have the tool write JUnit XML: bats by `--report-formatter junit`, node by "
            "`--test-reporter=junit`.",
        ),
    ),
    (r"TN:|SF:", _Kind("LCOV, so coverage", "Name it in `test.coverage.reports`.")),
)
_COVERAGE_JSON = (
    (r'\{[^\0]*"(statementMap|pct)"', _Kind("Istanbul's JSON", _CLOVER.fix)),
    (
        r'\{[^\0]*"(scriptId|ranges)"',
        _Kind("the JSON of V8", "Have c8 or vitest write `cobertura` or `lcov`."),
    ),
    (r'\{[^\0]*"llvm\.coverage', _Kind("LLVM's JSON", "Run `llvm-cov export -format=lcov`.")),
)
_COVERAGE_TEXTS = (
    (_HTML, _COVERAGE["html"]),
    (
        r"mode: (set|count|atomic)",
        _Kind("Go's cover profile", "Convert it by `gcov2lcov` or `gocover-cobertura`."),
    ),
    (
        r"SQLite format 3",
        _Kind("coverage.py's data", "Run `coverage xml`, `coverage lcov` or `coverage json`."),
    ),
    (r"-:\s+0:Source", _Kind("gcov's text", "Run `gcovr --cobertura FILE`, or `lcov --capture`.")),
)
_EACH = "Name reports of tests in `test.results`, and those of coverage in `test.coverage.reports`."


def foreign_results(root: str, where: str) -> KanmonError:
    """The error for XML that is no JUnit XML, by its root element."""
    if kind := _TESTS.get(root):
        return unreadable(where, f"is {kind.name}, not JUnit XML", kind.fix)
    if root in _COVERAGE or root == "coverage":
        name = "Cobertura's or Clover's XML" if root == "coverage" else _COVERAGE[root].name
        return unreadable(where, f"is {name}, so coverage, not JUnit XML", _EACH)
    return unreadable(
        where, f"is not JUnit XML: it begins with <{root[:40]}>", "Write JUnit XML for results."
    )


def foreign_coverage(root: str, where: str) -> KanmonError:
    """The error for XML that is no Cobertura XML, by its root element, CLOVER or SONAR."""
    if kind := _COVERAGE.get(root):
        return unreadable(where, f"is {kind.name}, not Cobertura XML", kind.fix)
    if root in _TESTS or root in {"testsuites", "testsuite"}:
        name = _TESTS[root].name if root in _TESTS else "JUnit XML"
        return unreadable(where, f"is {name}, so results of tests, not coverage", _EACH)
    return unreadable(where, f"is not Cobertura XML: it begins with <{root[:40]}>")


def check_results(head: str, where: str) -> None:
    """Refuse a report that is no XML, by its first characters.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _TEST_TEXTS, "JUnit XML")
    if not head.lstrip().startswith("<"):
        raise unreadable(where, "is not JUnit XML, but a text", "Write JUnit XML for results.")


def check_coverage(head: str, where: str) -> None:
    """Refuse a coverage report of another kind, by its first characters.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _COVERAGE_TEXTS, "Cobertura XML, LCOV or coverage.py's JSON")


def check_json(head: str, where: str) -> None:
    """Refuse another kind of JSON than coverage.py's, by its first characters. Others use the same words.

    Raises RESULTS_UNREADABLE.
    """
    _refuse(head, where, _COVERAGE_JSON, "Cobertura XML, LCOV or coverage.py's JSON")


def _refuse(head: str, where: str, kinds: tuple[tuple[str, _Kind], ...], wanted: str) -> None:
    for begin, kind in kinds:
        if re.match(begin, head.lstrip(), re.IGNORECASE):
            raise unreadable(where, f"is {kind.name}, not {wanted}", kind.fix)
