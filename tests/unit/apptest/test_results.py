"""JUnit XML of real tools, and hostile JUnit XML (CD-1, SEC-5)."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanmon.apptest.documents import DEEPEST, LARGEST
from kanmon.apptest.results import Case, CaseOutcome, read_results
from kanmon.codes import Code
from kanmon.errors import KanmonError

REPORTS = Path(__file__).parent / "reports"


def read(folder: Path, content: str) -> tuple[Case, ...]:
    report = folder / "junit.xml"
    report.write_text(content, "utf-8")
    return read_results(report, folder)


OUTCOMES = {
    "gotestsum.xml": {"passed": 1, "failed": 1},
    "gradle.xml": {"passed": 1, "skipped": 1},
    "jest.xml": {"passed": 1, "failed": 1},
    "node.xml": {"passed": 1, "failed": 1, "skipped": 1},
    "pytest.xml": {"passed": 5, "failed": 1, "error": 1, "skipped": 1},
    "pytest-xunit1.xml": {"passed": 5, "failed": 1, "error": 1, "skipped": 1},
    "surefire.xml": {"passed": 1, "failed": 1, "flaky": 1},
    "vitest.xml": {"passed": 2, "failed": 1, "skipped": 2},
}


@pytest.mark.parametrize(("report", "outcomes"), OUTCOMES.items())
def test_reports_of_the_usual_tools_are_read(report: str, outcomes: dict[str, int]) -> None:
    cases = read_results(REPORTS / report, REPORTS)
    assert Counter(case.outcome.value for case in cases) == outcomes


@pytest.mark.parametrize("report", OUTCOMES)
def test_every_case_has_a_name_and_a_failed_one_its_details(report: str) -> None:
    cases = read_results(REPORTS / report, REPORTS)
    assert all(case.name for case in cases)
    assert all(case.seconds >= 0 for case in cases)
    assert all(case.details for case in cases if case.failed)


def test_a_time_can_have_a_thousands_separator() -> None:
    """Surefire writes 1,200.25."""
    total, *_ = read_results(REPORTS / "surefire.xml", REPORTS)
    assert total.seconds == pytest.approx(1200.25)


@pytest.mark.parametrize(
    ("report", "source", "line"),
    [("pytest.xml", "tests/test_prices.py", 14), ("vitest.xml", "tests/cart.test.ts", 12)],
)
def test_a_failed_test_is_found_in_its_file(tmp_path: Path, report: str, source: str, line: int) -> None:
    shutil.copy(REPORTS / report, tmp_path)
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


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "soon", ""])
def test_an_impossible_time_counts_as_zero(tmp_path: Path, seconds: str) -> None:
    case, *_ = read(tmp_path, f'<testsuite><testcase name="a" time="{seconds}"/></testsuite>')
    assert case.seconds == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not well-formed"),
        ("<testsuite>", "not well-formed"),
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
