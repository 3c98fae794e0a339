"""JUnit XML of real tools, and hostile JUnit XML (CD-1, SEC-5)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml, TestSuite

from kanmon.apptest.documents import DEEPEST, LARGEST
from kanmon.apptest.junit import read_results
from kanmon.apptest.results import Case, CaseOutcome
from kanmon.codes import Code
from kanmon.errors import KanmonError

REPORTS = Path(__file__).parent / "reports"


def read(folder: Path, content: str) -> tuple[Case, ...]:
    report = folder / "junit.xml"
    report.write_text(content, "utf-8")
    return read_results(report, folder)


OUTCOMES = {
    "bats.xml": {"passed": 2, "failed": 2, "skipped": 1},
    "catch2.xml": {"passed": 1, "failed": 1, "skipped": 2},
    "dotnet.xml": {"passed": 2, "failed": 2, "skipped": 1},
    "googletest.xml": {"passed": 1, "failed": 1, "skipped": 3},
    "gotestsum.xml": {"passed": 1, "failed": 1},
    "gotestsum-build.xml": {"passed": 2, "failed": 3, "error": 1, "skipped": 1},
    "gotestsum-rerun.xml": {"passed": 1, "flaky": 1},
    "gradle.xml": {"passed": 1, "skipped": 1},
    "gradle-junit4.xml": {"passed": 1, "failed": 3, "skipped": 2},
    "gradle-teardown.xml": {"passed": 1, "failed": 1},
    "jest.xml": {"passed": 1, "failed": 1},
    "jest-suite-error.xml": {"passed": 3, "failed": 3, "error": 1, "skipped": 1},
    "mocha-junit.xml": {"passed": 2, "failed": 2},
    "mocha-xunit.xml": {"passed": 2, "failed": 2, "skipped": 2},
    "node.xml": {"passed": 1, "failed": 1, "skipped": 1},
    "node-todo.xml": {"passed": 1, "skipped": 1},
    "phpunit.xml": {"passed": 3, "failed": 2, "error": 4, "skipped": 3},
    "phpunit-no-tests.xml": {"skipped": 1},
    "playwright.xml": {"passed": 2, "failed": 2, "error": 1, "skipped": 2, "flaky": 1},
    "pytest.xml": {"passed": 5, "failed": 1, "error": 1, "skipped": 1},
    "pytest-xunit1.xml": {"passed": 5, "failed": 1, "error": 1, "skipped": 1},
    "rspec.xml": {"passed": 1, "failed": 1, "skipped": 3},
    "surefire.xml": {"passed": 1, "failed": 1, "flaky": 1},
    # Surefire joins the tests of a factory, `made`, by their method: it counts them as one flaky test.
    "surefire-junit5.xml": {"passed": 5, "failed": 3, "error": 1, "skipped": 2, "flaky": 2},
    "surefire-setup.xml": {"error": 1},
    "surefire-teardown.xml": {"passed": 3, "error": 1},
    "vitest.xml": {"passed": 2, "failed": 1, "skipped": 2},
}


@pytest.mark.parametrize(("report", "outcomes"), OUTCOMES.items())
def test_reports_of_the_usual_tools_are_read(report: str, outcomes: dict[str, int]) -> None:
    cases = read_results(REPORTS / report, REPORTS)
    assert Counter(case.outcome.value for case in cases) == outcomes


JUNITPARSER_DIFFERS = {
    "bats.xml": "it refuses the reference to an escape character",
    "catch2.xml": "it does not know that a test may fail",
    "gotestsum-build.xml": "it does not know suites that failed by themselves",
    "gotestsum-rerun.xml": "it has each run of a test",
    "node.xml": "it reads no tests outside of suites",
    "node-todo.xml": "it reads no tests outside of suites",
    "surefire-teardown.xml": "it leaves a failed class without a name",
}


@pytest.mark.parametrize("report", sorted(OUTCOMES.keys() - JUNITPARSER_DIFFERS.keys()))
def test_another_reader_finds_the_same_tests(report: str) -> None:
    """junitparser is the other one."""
    document = JUnitXml.fromfile(str(REPORTS / report))
    suites = [document] if isinstance(document, TestSuite) else list(document)
    found = [case for suite in suites for case in suite]
    cases = read_results(REPORTS / report, REPORTS)
    assert sorted(case.name for case in found) == sorted(case.name for case in cases)
    failed = [case.name for case in found if case.is_failure or case.is_error]
    assert sorted(failed) == sorted(case.name for case in cases if case.failed)


@pytest.mark.parametrize("report", OUTCOMES)
def test_every_case_has_a_name_and_a_failed_one_its_details(report: str) -> None:
    cases = read_results(REPORTS / report, REPORTS)
    assert all(case.name for case in cases)
    assert all(case.seconds >= 0 for case in cases)
    assert all(case.details for case in cases if case.failed)


def test_a_go_test_that_never_passed_is_not_flaky(tmp_path: Path) -> None:
    go = '<properties><property name="go.version" value="go1.25"/></properties>'
    bad = '<testcase classname="a" name="TestA"><failure/></testcase>'
    other = '<testcase classname="b" name="TestA"/>'
    cases = read(tmp_path, f"<testsuite>{go}{bad}{bad}{other}</testsuite>")
    assert Counter(case.outcome for case in cases) == {CaseOutcome.FAILED: 2, CaseOutcome.PASSED: 1}


def test_tests_of_one_name_are_several_tests(tmp_path: Path) -> None:
    """Parameterized tests share a name, so one that passed hides none that failed."""
    bad = '<testcase classname="a" name="b"><failure/></testcase>'
    cases = read(tmp_path, f'<testsuite>{bad}<testcase classname="a" name="b"/></testsuite>')
    assert [case.failed for case in cases] == [True, False]


@pytest.mark.parametrize("before", ["\n", "\ufeff\n"])
def test_a_blank_line_before_the_declaration_is_none(tmp_path: Path, before: str) -> None:
    assert read(tmp_path, f'{before}<?xml version="1.0"?>\n<testsuite><testcase name="a"/></testsuite>')


@pytest.mark.parametrize("half", ["&#55357;", "&#57343;", "&#xD83D;"])
def test_half_a_letter_hides_no_test(tmp_path: Path, half: str) -> None:
    report = f'<testsuite><testcase name="a"><failure message="{half}"/></testcase></testsuite>'
    assert [case.failed for case in read(tmp_path, report)] == [True]


def test_a_time_can_have_a_thousands_separator() -> None:
    """Surefire writes 1,200.25."""
    total, *_ = read_results(REPORTS / "surefire.xml", REPORTS)
    assert total.seconds == pytest.approx(1200.25)


@pytest.mark.parametrize(
    ("report", "source", "line"),
    [
        ("dotnet.xml", "tests/CartTest.cs", 18),
        ("pytest.xml", "tests/test_prices.py", 14),
        ("vitest.xml", "tests/cart.test.ts", 12),
    ],
)
def test_a_failed_test_is_found_in_its_file(tmp_path: Path, report: str, source: str, line: int) -> None:
    text = (REPORTS / report).read_text("utf-8")
    (tmp_path / report).write_text(text.replace("/home/runner/work/shop/shop", str(tmp_path)), "utf-8")
    (tmp_path / source).parent.mkdir()
    (tmp_path / source).touch()
    failed = next(
        case for case in read_results(tmp_path / report, tmp_path) if case.outcome is CaseOutcome.FAILED
    )
    assert failed.file == source
    assert failed.line == line


def test_a_file_outside_of_the_app_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "secret.py").touch()
    case, *_ = read(
        tmp_path / "app",
        '<testsuite><testcase name="a" file="../secret.py" line="1"><failure/></testcase></testsuite>',
    )
    assert case.file == ""
    assert case.line is None


@pytest.mark.parametrize(
    ("inner", "outcome"),
    [
        ('<testcase name="a"/>', "passed"),
        ('<testcase name="a" status="run" result="completed"/>', "passed"),
        ('<testcase name="a" classname="A"><warning>careful</warning></testcase>', "passed"),
        ('<testcase name="a" status="notrun" result="suppressed"/>', "skipped"),
        ('<testcase name="a" status="disabled"/>', "skipped"),
        ('<testcase name="a" status="run" result="skipped"/>', "skipped"),
        ('<testcase name="a"><disabled/></testcase>', "skipped"),
        ('<testcase name="a"><skipped type="pytest.xfail"/></testcase>', "skipped"),
        ('<testcase name="a"><skipped type="todo"/><failure/></testcase>', "skipped"),
        ('<testcase name="a"><skipped/><failure/></testcase>', "failed"),
        ('<testcase name="a"><failure/><error/></testcase>', "error"),
        ('<testcase name="a" status="failed"/>', "failed"),
        ('<testcase name="a" status="errored"/>', "error"),
        ('<testcase name="a" status="passed"><failure/></testcase>', "failed"),
        ('<testcase name="a"><flakyFailure/></testcase>', "flaky"),
        ('<testcase name="a"><flakyError/><flakyFailure/></testcase>', "flaky"),
        ('<testcase name="a"><failure/><rerunFailure/><rerunError/></testcase>', "failed"),
        ('<testcase name="a"><rerunFailure/></testcase>', "failed"),
        ('<testcase name="a"><rerunError/></testcase>', "error"),
        ('<testcase name="a"><properties><failure/></properties></testcase>', "passed"),
    ],
)
def test_a_test_is_what_its_tool_meant(tmp_path: Path, inner: str, outcome: str) -> None:
    case, *others = read(tmp_path, f"<testsuite>{inner}</testsuite>")
    assert case.outcome.value == outcome
    assert others == []


SUITE = '<testsuite name="payment.test.js" tests="0" {counts}>{inner}</testsuite>'


@pytest.mark.parametrize(
    ("counts", "inner"),
    [
        ('failures="0" errors="1"', "<system-err>SyntaxError: no such token</system-err>"),
        ('failures="1"', "<system-out>SyntaxError: no such token</system-out>"),
        ('failures="2"', '<testcase name="a"><failure/></testcase>'),
        ('errors="1"', '<testcase name="a"><flakyFailure/></testcase>'),
        ("", '<error message="SyntaxError: no such token"/>'),
        ("", "<failure>SyntaxError: no such token</failure>"),
        ('errors="1"', "<error>SyntaxError: no such token</error>"),
        ('errors="1"', '<testsuite name="inner"><testcase name="a"/></testsuite>'),
    ],
)
def test_a_suite_that_failed_by_itself_is_a_failed_test(tmp_path: Path, counts: str, inner: str) -> None:
    """Its file could not be loaded, a hook failed, or the worker crashed: it has no test that shows it."""
    suite = SUITE.format(counts=counts, inner=inner)
    good = '<testsuite name="basket" tests="1" errors="0"><testcase name="adds"/></testsuite>'
    cases = read(tmp_path, f'<testsuites errors="1">{good}{suite}</testsuites>')
    failed = [case for case in cases if case.name == "payment.test.js"]
    assert [case.outcome for case in failed] == [CaseOutcome.ERROR]
    texts = failed[0].message + failed[0].details
    assert "SyntaxError" in texts if "SyntaxError" in inner else "none of its tests" in texts


@pytest.mark.parametrize(
    "suites",
    [
        # Each level counts the tests of the inner ones again.
        '<testsuites failures="1"><testsuite failures="1">{failed}</testsuite></testsuites>',
        '<testsuite failures="1"><testsuite failures="1">{failed}</testsuite></testsuite>',
        # Mocha's xunit counts failures as errors.
        '<testsuite failures="0" errors="1">{failed}</testsuite>',
        # Each failed assertion counts.
        '<testsuite failures="2"><testcase name="bad"><failure/><failure/></testcase></testsuite>',
        # The test failed, and its teardown too.
        '<testsuite failures="1" errors="1"><testcase name="bad"><failure/><error/></testcase></testsuite>',
        '<testsuite failures="" errors="none">{failed}</testsuite>',
        '<testsuite failures="-1" errors="0">{failed}</testsuite>',
    ],
)
def test_counts_that_agree_with_the_tests_add_nothing(tmp_path: Path, suites: str) -> None:
    failed = '<testcase name="bad"><failure/></testcase>'
    cases = read(tmp_path, suites.format(failed=failed))
    assert [case.name for case in cases] == ["bad"]


@pytest.mark.parametrize("counts", ['failures="1" errors="0"', 'failures="0" errors="0" flakes="1"'])
def test_a_flaky_test_may_count_as_a_failure(tmp_path: Path, counts: str) -> None:
    """Surefire counts the runs of some versions, the tests of others."""
    inner = '<testcase name="a"><flakyFailure message="first"/></testcase>'
    (case,) = read(tmp_path, f"<testsuite {counts}>{inner}</testsuite>")
    assert case.outcome is CaseOutcome.FLAKY


def test_a_failure_without_a_test_has_the_name_of_its_suite(tmp_path: Path) -> None:
    """GoogleTest has failures of SetUpTestSuite so."""
    (case,) = read(
        tmp_path, '<testsuite name="A"><testcase name="" classname=""><failure/></testcase></testsuite>'
    )
    assert case.name == "A"


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        ("<testsuite>", "cut off"),
        ("<testsuite", "cut off"),
        ("<testsuite><testcase><failure><![CDATA[", "cut off"),
        ("<testsuite/><testsuite/>", "several documents"),
        ("<testsuite></testsuites>", "well-formed"),
    ],
)
def test_a_malformed_report_has_a_fix_for_what_it_is(tmp_path: Path, content: str, fix: str) -> None:
    with pytest.raises(KanmonError) as caught:
        read(tmp_path, content)
    assert fix in caught.value.fix


def test_a_root_that_counts_more_than_its_suites_fails(tmp_path: Path) -> None:
    """gotestsum has packages that did not compile in the root's count alone."""
    passed = '<testsuite tests="1"><testcase name="a"/></testsuite>'
    cases = read(tmp_path, f'<testsuites tests="1" failures="0" errors="1">{passed}</testsuites>')
    assert [case.name for case in cases if case.failed] == ["junit.xml"]


NAMED = """\
<?xml version="1.0" encoding="{}"?>
<testsuite><testcase name="Grüße an alle"><failure/></testcase></testsuite>
"""


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("utf-16", "utf-8"),
        ("utf-16", "utf-8-sig"),
        ("UTF-16LE", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-8", "utf-16"),  # PowerShell's `>`
        ("utf-16", "utf-16-be"),
        ("utf-16", "utf-16-le"),
        ("UTF-8", "utf-8-sig"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("ISO-8859-1", "utf-8-sig"),
        ("Shift_JIS", "utf-8-sig"),
    ],
)
def test_the_bytes_decide_about_the_encoding(tmp_path: Path, declared: str, stored: str) -> None:
    report = tmp_path / "junit.xml"
    report.write_bytes(NAMED.format(declared).encode(stored))
    (case,) = read_results(report, tmp_path)
    assert case.name == "Grüße an alle"
    assert case.failed


@pytest.mark.parametrize(
    "output", ["\x1b[31mred", "&#27;[31mred", "&#x1B;[31mred", "\0red", "&#xD800;red", "\uffffred"]
)
def test_a_character_that_xml_can_not_hold_hides_no_test(tmp_path: Path, output: str) -> None:
    """Bats, PHPUnit and others copy a test's coloured output into the report."""
    (case,) = read(
        tmp_path, f'<testsuite><testcase name="a"><failure>{output}</failure></testcase></testsuite>'
    )
    assert case.failed
    assert case.details.endswith("red")


def test_bytes_that_are_no_utf8_hide_no_test(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_bytes(
        b'<testsuite><testcase name="\xff"><failure/></testcase></testsuite>'
    )
    (case,) = read_results(tmp_path / "junit.xml", tmp_path)
    assert case.name == "\ufffd"


def test_a_reference_is_whole_wherever_the_report_is_cut(tmp_path: Path) -> None:
    """The reader takes a report in pieces."""
    many = "&#27;[1m" * 30_000
    (case,) = read(
        tmp_path, f'<testsuite><testcase name="a"><failure>{many}</failure></testcase></testsuite>'
    )
    assert case.failed


@pytest.mark.parametrize(
    ("content", "name", "way"),
    [
        ('<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"/>', "TRX", "logger junit"),
        ("<assemblies/>", "xUnit.net", "logger junit"),
        ("<test-run/>", "NUnit", "logger junit"),
        ("<test-results/>", "NUnit", "JUnitXml"),
        ("<failsafe-summary/>", "Failsafe", "TEST-"),
        ("<testng-results/>", "TestNG", "junitreports"),
        ("<robot/>", "Robot", "--xunit"),
        ("<Catch2TestRun/>", "Catch2", "--reporter junit"),
        ("<coverage><packages/></coverage>", "coverage", "test.coverage.reports"),
        ("<report/>", "JaCoCo", "test.coverage.reports"),
        ("<!DOCTYPE html><html></html>", "HTML", "JUnit XML"),
        ("<html/>", "HTML", "JUnit XML"),
        ("TAP version 13\n1..1\nok 1\n", "TAP", "--report-formatter junit"),
        ('{"numTotalTests": 1}', "JSON", "jest-junit"),
        ('{"Time":"2026-01-01","Action":"run"}', "go test", "gotestsum"),
        ("SF:a.py\nend_of_record\n", "LCOV", "test.coverage.reports"),
        ("all passed", "text", "JUnit XML"),
    ],
)
def test_another_kind_is_named_with_the_way_out(tmp_path: Path, content: str, name: str, way: str) -> None:
    with pytest.raises(KanmonError) as caught:
        read(tmp_path, content)
    assert caught.value.code is Code.RESULTS_UNREADABLE
    assert name in caught.value.message
    assert way in caught.value.fix


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon", ""])
def test_an_impossible_time_counts_as_zero(tmp_path: Path, seconds: str) -> None:
    case, *_ = read(tmp_path, f'<testsuite><testcase name="a" time="{seconds}"/></testsuite>')
    assert case.seconds == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("<testsuite>", "not well-formed"),
        ("<testsuite/><testsuite/>", "not well-formed"),
        ("<html/>", "not JUnit XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>', "defines entities"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite>&b;</testsuite>', "entities"),
        ('<?xml version="1.0" encoding="klingon"?><testsuite/>', "encoding"),
        ("<testsuite>" * (DEEPEST + 1) + "</testsuite>" * (DEEPEST + 1), "nested deeper"),
    ],
)
def test_an_unsafe_or_broken_report_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(KanmonError, match=reason) as caught:
        read(tmp_path, content)
    assert caught.value.code is Code.RESULTS_UNREADABLE
    assert caught.value.where == "junit.xml"


def test_a_huge_report_is_refused_before_it_is_read(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    with report.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(KanmonError, match="larger than 50 MB"):
        read_results(report, tmp_path)


ELEMENTS = [
    "testsuites",
    "testsuite",
    "testcase",
    "failure",
    "error",
    "skipped",
    "system-out",
    "flakyFailure",
]


@st.composite
def documents(draw: st.DrawFn, depth: int = 4) -> str:
    name = draw(st.sampled_from(ELEMENTS))
    attributes = draw(
        st.dictionaries(
            st.sampled_from(["name", "classname", "time", "file", "line", "message", "type"]),
            st.text("ab/.:-1", max_size=6),
            max_size=4,
        )
    )
    inner = "".join(draw(documents(depth - 1)) for _ in range(draw(st.integers(0, 2)))) if depth else "text"
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>"


@given(documents())
def test_any_document_is_read_or_refused_with_a_code(
    tmp_path_factory: pytest.TempPathFactory, document: str
) -> None:
    try:
        cases = read(tmp_path_factory.mktemp("report"), document)
    except KanmonError as error:
        if error.code is not Code.RESULTS_UNREADABLE:
            raise
    else:
        assert all(case.name for case in cases)
