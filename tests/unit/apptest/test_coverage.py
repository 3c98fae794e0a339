"""Coverage in three formats is one number, and never better than it is (CD-1)."""

from __future__ import annotations

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


FILES = st.builds(
    FileCoverage,
    st.sampled_from(["a.py", "b.py"]),
    st.dictionaries(st.integers(1, 5), st.booleans()),
    st.dictionaries(st.integers(1, 3), st.dictionaries(st.sampled_from("xy"), st.booleans())),
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
