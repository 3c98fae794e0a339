"""Reports are read in a bounded time, or refused with a code (TRU-6)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.coverage import read_coverage
from kanmon.apptest.documents import MOST, read_report
from kanmon.apptest.formats import MOST_LINES, read_cobertura, read_json
from kanmon.apptest.junit import read_results
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kanmon.apptest.formats import MeasuredFile


LONG = "1," * MOST_LINES + "1"
FILES = "".join(f'"{number}": 0,' for number in range(200_000))


def _code(read: Callable[[Path, Path], object], folder: Path, content: str) -> Code:
    (folder / "report").write_text(content)
    with pytest.raises(KanmonError) as refused:
        read(folder / "report", folder)
    return refused.value.code


@pytest.mark.parametrize("suites", [1, 1000])
def test_many_tests_take_linear_time(tmp_path: Path, suites: int) -> None:
    """TRU-6: each test counted all tests of its suite, so 100,000 took hours."""
    case = '<testcase classname="a.b" name="t" time="1"><failure/></testcase>'
    count = 5000 // suites
    suite = f'<testsuite failures="{count}">{case * count}</testsuite>'
    (tmp_path / "report").write_text(f"<testsuites>{suite * suites}</testsuites>")
    began = time.process_time()
    assert len(read_results(tmp_path / "report", tmp_path)) == 5000
    assert time.process_time() - began < 3


def test_too_many_elements_are_refused(tmp_path: Path) -> None:
    assert (
        _code(read_results, tmp_path, "<testsuite>" + "<b/>" * MOST + "</testsuite>") is Code.REPORT_TOO_BIG
    )


def test_too_many_branches_of_a_line_are_refused(tmp_path: Path) -> None:
    """TRU-6: `(9999/9999)` in 20,000 lines took four gigabytes."""
    line = '<line number="1" hits="1" condition-coverage="100% (9999/9999)"/>'
    report = f'<coverage><packages><class filename="a"><lines>{line}</lines></class></packages></coverage>'
    assert _code(read_coverage, tmp_path, report) is Code.RESULTS_UNREADABLE


def test_branches_are_counted_before_a_file_is_whole() -> None:
    """TRU-6: some bytes of a line stand for 1000 branches. All of 20,000 lines took 1.8 GB."""
    line = '<line number="{}" hits="1" condition-coverage="(9/1000)"/>'
    lines = "".join(line.format(number) for number in range(1000))
    report = f"<coverage><packages/><class filename='a'><lines>{lines}</lines></class></coverage>"
    assert _refused(read_cobertura(report.encode(), "report")) is Code.REPORT_TOO_BIG


def test_a_list_of_json_ends_at_its_limit() -> None:
    """TRU-6: it is refused while it is parsed, so before the first file."""
    small, large = (f'{{"executed_lines": [{lines}], "missing_lines": []}}' for lines in ("1", LONG))
    report = f'{{"files": {{"a": {small}, "b": {large}}}}}'
    assert _refused(read_json(report.encode(), "report")) is Code.REPORT_TOO_BIG


@pytest.mark.parametrize(
    "files",
    [
        '{"a": {"executed_lines": [' + '"x",' * 300_000 + '"x"], "missing_lines": []}}',
        "{" + FILES + '"x": 0}',
    ],
    ids=["lines", "files"],
)
def test_the_first_wrong_value_of_json_ends_the_reading(files: str) -> None:
    """TRU-6: each one was kept with its words. A million of them took 1.2 GB, two million files 4 GB."""
    began = time.process_time()
    with pytest.raises(KanmonError, match=r"is not coverage\.py's JSON: files\.(a|0)\b.*: a wrong value"):
        next(read_json(f'{{"files": {files}}}'.encode(), "report"))
    assert time.process_time() - began < 0.3


@pytest.mark.parametrize("value", ["0", "[0]", '{"":0}'])
def test_too_many_values_of_json_are_refused(value: str) -> None:
    """TRU-6: all are in memory before the first is looked at, those that nobody reads, too."""
    report = f'{{"files": {{}}, "meta": [{",".join([value] * (4 * MOST_LINES))}]}}'
    with pytest.raises(KanmonError, match="has more than 4,000,000 values"):
        next(read_json(report.encode(), "report"))


def _refused(files: Iterator[MeasuredFile]) -> Code:
    with pytest.raises(KanmonError) as refused:
        next(files)
    return refused.value.code


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    files = "".join("SF:\nDA:1,1\nend_of_record\n" for _ in range(30_001))
    assert _code(read_coverage, tmp_path, f"TN:\n{files}") is Code.REPORT_TOO_BIG


def test_a_pipe_is_no_report(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report")
    with pytest.raises(KanmonError, match="is a named pipe"):
        read_report(tmp_path / "report", "report")
