"""Coverage in three formats is one number, and never better than it is (CD-1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanmon.apptest.coverage import Coverage, FileCoverage, merge, read_coverage
from kanmon.apptest.share import Share
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from random import Random

REPORTS = Path(__file__).parent / "reports"


@pytest.mark.parametrize(
    ("report", "lines", "branches"),
    [
        ("coverage-py.json", Share(7, 11), Share(3, 6)),
        ("coverage-py.lcov", Share(7, 11), Share(3, 6)),
        ("coverage-py.xml", Share(7, 11), Share(3, 6)),
        ("vitest.lcov", Share(3, 4), Share(3, 4)),
        ("vitest-cobertura.xml", Share(3, 4), Share(3, 4)),
    ],
)
def test_every_format_gives_the_same_numbers(report: str, lines: Share, branches: Share) -> None:
    coverage = merge(read_coverage(REPORTS / report, REPORTS))
    assert coverage.lines == lines
    assert coverage.branches == branches


def test_the_same_file_in_two_reports_counts_once() -> None:
    both = [
        file
        for report in ("coverage-py.json", "coverage-py.xml")
        for file in read_coverage(REPORTS / report, REPORTS)
    ]
    assert merge(both).lines == Share(7, 11)


def read(folder: Path, content: str | bytes) -> Coverage:
    report = folder / "coverage"
    report.write_bytes(content if isinstance(content, bytes) else content.encode())
    return merge(read_coverage(report, folder))


BILLING = "SF:src/billing.ts\nFN:3,charge\nFNDA:0,charge\n{}end_of_record\n"
FORMAT = "SF:src/format.ts\nDA:1,4\nDA:2,4\nLF:2\nLH:2\nend_of_record\n"


@pytest.mark.parametrize(
    ("entries", "lines", "branches"),
    [
        ("LF:40\nLH:0\n", Share(2, 42), Share(0, 0)),
        ("LH:10\nLF:40\n", Share(12, 42), Share(0, 0)),
        ("LF:40\n", Share(2, 42), Share(0, 0)),
        ("LF:40\nLH:50\n", Share(42, 42), Share(0, 0)),
        ("LF:0\nLH:0\n", Share(2, 2), Share(0, 0)),
        ("", Share(2, 2), Share(0, 0)),
        ("DA:1,1\nDA:2,0\nLF:40\nLH:40\n", Share(3, 4), Share(0, 0)),
        ("LF:4\nLH:1\nBRF:6\nBRH:2\n", Share(3, 6), Share(2, 6)),
        ("BRDA:1,0,0,1\nBRDA:1,0,1,-\nBRF:6\nBRH:6\nLF:1\nLH:1\n", Share(3, 3), Share(1, 2)),
        ("BRDA:1,e0,0,1\nDA:1,-3\nDA:2,1,checksum\n", Share(3, 4), Share(1, 1)),
    ],
)
def test_totals_count_where_a_record_has_no_lines(
    tmp_path: Path, entries: str, lines: Share, branches: Share
) -> None:
    """Files that no test loads, and some converters: `LF` and `LH` alone."""
    coverage = read(tmp_path, "TN:\n" + BILLING.format(entries) + FORMAT)
    assert (coverage.lines, coverage.branches) == (lines, branches)


@pytest.mark.parametrize(
    ("records", "lines"),
    [
        (("LF:40\nLH:10\n", "LF:40\nLH:20\n"), Share(20, 40)),
        (("LF:40\nLH:10\n", "LF:40\nLH:10\n"), Share(10, 40)),
        (("LF:3\nLH:0\n", "DA:1,1\nDA:2,0\n"), Share(1, 2)),
        (("LF:2\nLH:2\n", "DA:1,1\nDA:2,0\n"), Share(2, 2)),
        (("DA:1,1\nDA:2,0\n", "DA:1,0\nDA:2,1\n"), Share(2, 2)),
    ],
)
def test_one_file_in_several_records_counts_once(
    tmp_path: Path, records: tuple[str, str], lines: Share
) -> None:
    for order in (records, records[::-1]):
        assert read(tmp_path, "".join(map(BILLING.format, order))).lines == lines


CLASS = """\
<coverage lines-valid="2"><packages><package><classes>
  <class filename="a.py">{}</class>
</classes></package></packages></coverage>
"""
METHOD = """\
<methods><method name="m"><lines>
  <line number="1" hits="1"/><line number="2" hits="0"/>
</lines></method></methods>
"""


@pytest.mark.parametrize(
    ("inner", "lines"),
    [
        (METHOD, Share(1, 2)),
        (METHOD + "<lines/>", Share(1, 2)),
        (METHOD + '<lines><line number="3" hits="1"/></lines>', Share(1, 1)),
        ('<lines><line number="3" hits="1"/></lines>' + METHOD, Share(1, 1)),
        (METHOD + '<lines><line number="1" hits="0"/><line number="1" hits="2"/></lines>', Share(1, 1)),
    ],
)
def test_lines_in_methods_count_where_a_class_has_none(tmp_path: Path, inner: str, lines: Share) -> None:
    """Istanbul has the first line of each function there, which is no line of its count."""
    assert read(tmp_path, CLASS.format(inner)).lines == lines


def test_branches_of_a_line_that_comes_twice_count_once(tmp_path: Path) -> None:
    """gcovr has a line for each instance of a template, JaCoCo's converters one for each class of a file."""
    line = '<line number="1" hits="{}" condition-coverage="{}"/>'
    lines = [line.format(1, "50% (1/2)"), line.format(0, "0% (0/4)"), line.format(2, "75% (3/4)")]
    coverage = read(tmp_path, CLASS.format(f"<lines>{''.join(lines)}</lines>"))
    assert (coverage.lines, coverage.branches) == (Share(1, 1), Share(3, 4))


def test_a_total_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KanmonError, match="a total of its lines only"):
        read(tmp_path, CLASS.format("<lines/>"))


def test_an_empty_cobertura_report_measures_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, '<coverage lines-valid="0"><packages/></coverage>').lines == Share(0, 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("report", ["coverage-py.json", "coverage-py.lcov", "coverage-py.xml"])
def test_a_report_from_powershell_is_read(tmp_path: Path, report: str, encoding: str) -> None:
    content = (REPORTS / report).read_text("utf-8").encode(encoding)
    assert read(tmp_path, content).lines == Share(7, 11)


@pytest.mark.parametrize(
    ("content", "name", "way"),
    [
        ('<coverage generated="1" clover="3.2.0"><project/></coverage>', "Clover", "coverageReporters"),
        ('<coverage generated="1"><project timestamp="1"/></coverage>', "Clover", "cobertura"),
        ('<coverage version="1"><file path="a"/></coverage>', "SonarQube", "LCOV"),
        ("<coverage/>", "no <packages>", "Cobertura XML"),
        (
            '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report/>',
            "JaCoCo",
            "Cobertura",
        ),
        ("<CoverageSession/>", "OpenCover", "cobertura"),
        ("<results/>", "Visual Studio", "dotnet-coverage"),
        ("<testsuites/>", "JUnit XML", "test.results"),
        ("<TestRun/>", "TRX", "test.results"),
        ("<html/>", "HTML", "LCOV"),
        ('{"/app/a.js": {"path": "/app/a.js", "statementMap": {}}}', "Istanbul", "lcov"),
        ('{"total": {"lines": {"total": 1, "pct": 100}}}', "Istanbul", "lcov"),
        ('{"result": [{"scriptId": "1"}]}', "V8", "lcov"),
        ("mode: set\na.go:1.1,2.2 1 1\n", "Go", "gocover-cobertura"),
        ("SQLite format 3\0", "coverage.py", "coverage xml"),
        ("        -:    0:Source:a.c\n", "gcov", "gcovr"),
    ],
)
def test_another_kind_is_named_with_the_way_out(tmp_path: Path, content: str, name: str, way: str) -> None:
    with pytest.raises(KanmonError) as caught:
        read(tmp_path, content)
    assert caught.value.code is Code.RESULTS_UNREADABLE
    assert name in caught.value.message
    assert way in caught.value.fix


FILES = st.builds(
    FileCoverage,
    st.sampled_from(["a.py", "b.py"]),
    st.dictionaries(st.integers(1, 5), st.booleans()),
    st.dictionaries(st.integers(1, 3), st.dictionaries(st.sampled_from("xy"), st.booleans())),
    st.builds(Share, st.integers(0, 3), st.integers(3, 6)),
)


@given(st.lists(FILES, max_size=5), st.randoms())
def test_the_order_of_reports_does_not_count(files: list[FileCoverage], random: Random) -> None:
    shuffled = sorted(files, key=lambda _: random.random())
    assert merge(shuffled).lines == merge(files).lines


@given(st.lists(FILES, max_size=5))
def test_a_report_counts_once_although_read_twice(files: list[FileCoverage]) -> None:
    assert merge([*files, *files]) == merge(files)


@given(st.lists(FILES, max_size=5))
def test_no_covered_line_is_lost(files: list[FileCoverage]) -> None:
    merged = merge(files)
    for file in files:
        whole = next(one for one in merged.files if one.file == file.file)
        assert all(whole.line_hits[line] or not hit for line, hit in file.line_hits.items())


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.floats(0, 100))
def test_a_rounded_percentage_never_hides_a_low_coverage(covered: int, total: int, minimum: float) -> None:
    share = Share(min(covered, total), total)
    if share.percent >= minimum:
        assert share.reaches(minimum)


def test_the_worst_file_has_the_most_uncovered_lines() -> None:
    def file(name: str, covered: int, total: int) -> FileCoverage:
        return FileCoverage(name, {line: line <= covered for line in range(1, total + 1)}, {})

    coverage = Coverage((file("full", 2, 2), file("small", 0, 1), file("large", 0, 9), file("half", 1, 2)))
    assert [one.file for one in coverage.worst(3)] == ["large", "small", "half"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "hello",
        "{",
        "[]",
        '{"files": 1}',
        '{"meta": {}, "files": {"a": {"executed_lines": "x", "missing_lines": [1]}}}',
        "<coverage><packages>",
        '<coverage><class filename="a"><lines><line number="x" hits="1"/></lines></class></coverage>',
        "SF:a.py\nDA:x,1\nend_of_record\n",
        "TN:\nSF:a.py\nDA:1\nend_of_record\n",
        "TN:\nSF:a.py\nLF:many\nend_of_record\n",
        "SF:a.py\nDA:1,0\nSF:b.py\nDA:1,1\nend_of_record\n",
        "[" * 100_000,
        '{"files": ' * 50_000,
    ],
)
def test_a_file_without_a_report_is_refused(tmp_path: Path, content: str) -> None:
    report = tmp_path / "coverage"
    report.write_text(content)
    with pytest.raises(KanmonError) as caught:
        read_coverage(report, tmp_path)
    assert caught.value.code is Code.RESULTS_UNREADABLE
    assert caught.value.where == "coverage"


def test_an_endless_row_of_number_signs_is_no_lcov(tmp_path: Path) -> None:
    """TRU-6: a pattern that tries each pair of ways would need days."""
    with pytest.raises(KanmonError) as caught:
        read(tmp_path, "# " * 2000 + "x")
    assert caught.value.code is Code.RESULTS_UNREADABLE


def test_coverage_pys_json_may_name_a_function_like_istanbuls(tmp_path: Path) -> None:
    entry = {"executed_lines": [1], "missing_lines": [2], "functions": {"pct": {}, "ranges": {}}}
    lines = read(tmp_path, json.dumps({"meta": {}, "files": {"a.py": entry}})).lines
    assert (lines.covered, lines.total) == (1, 2)
