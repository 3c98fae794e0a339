"""Reading JUnit XML: the time for 10,000 tests, in reports of more and more tests, beside other readers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks import peers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

COUNTS = (10_000, 30_000, 100_000)
MOST_GROWTH = 1.5
"""The most that 10,000 tests of the greatest report may take, in times those of the smallest."""
MOST_MEMORY = 500
_RESULT = peers.WORKSHOP / "reports.json"
_PASSED = '<testcase classname="tests.test_{}" name="test_{}" time="0.002"/>'
_FAILED = (
    '<testcase classname="tests.test_{}" name="test_{}" time="0.002"><failure message="no">'
    "tests/test_a.py:3: no</failure><system-out>some output</system-out></testcase>"
)
_MEASURE = """\
import sys, time
from pathlib import Path
path = Path(sys.argv[1])
{imports}
began = time.process_time()
tests = {read}
seconds = time.process_time() - began
peak = next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(tests, seconds, int(peak.split()[1]) // 1024)
"""
"""Not the figure of `getrusage`: that begins with the memory of the process that started this one."""
_KANMON = "from kanmon.apptest.junit import read_results", "len(read_results(path, path.parent))"
_JUNITPARSER = (
    "from junitparser import JUnitXml",
    "sum(1 for suite in JUnitXml.fromfile(str(path)) for case in suite if case.result is not None)",
)
_TREE = "from xml.etree import ElementTree", "sum(1 for _ in ElementTree.parse(path).iter('testcase'))"
READERS = {"kanmon": _KANMON, "junitparser": _JUNITPARSER, "Python's XML tree": _TREE}
"""The readers: what each imports, and its number of tests. The tree alone is the floor."""


@dataclass(frozen=True)
class Times:
    """One reader's figures for one report."""

    shape: str
    tests: int
    reader: str
    seconds: float
    """The CPU time for 10,000 tests, the median of the rounds."""
    megabytes: int
    """The greatest memory of the process."""


def run(rounds: int, console: Console) -> None:
    """Measure, print, write `build/benchmarks/reports.json`, and fail when the time is not linear."""
    peers.WORKSHOP.mkdir(parents=True, exist_ok=True)
    measured = [times for shape in SHAPES for tests in COUNTS for times in _measured(shape, tests, rounds)]
    _print(console, measured)
    _RESULT.write_text(json.dumps([asdict(times) for times in measured], indent=1) + "\n")
    console.print(f"[dim]{_RESULT.relative_to(peers.ROOT)}[/]")
    if problems := list(_problems(measured)):
        raise SystemExit("\n".join(problems))


def _suites(case: str, tests: int, each: int) -> Iterator[str]:
    for first in range(0, tests, each):
        yield f'<testsuite name="tests.test_{first}" tests="{each}">'
        yield from (case.format(number // 10, number) for number in range(first, first + each))
        yield "</testsuite>"


SHAPES: Mapping[str, tuple[str, int | None]] = {
    "one suite": (_PASSED, None),
    "suites of 10": (_PASSED, 10),
    "one suite, all failed": (_FAILED, None),
}
"""The reports: a test, and the tests of each suite."""


def _measured(shape: str, tests: int, rounds: int) -> Iterator[Times]:
    case, each = SHAPES[shape]
    report = peers.WORKSHOP / "report.xml"
    report.write_text(f"<testsuites>{''.join(_suites(case, tests, each or tests))}</testsuites>")
    for reader, (imports, read) in READERS.items():
        code = _MEASURE.format(imports=imports, read=read)
        taken = [_read(code, report, tests) for _ in range(rounds)]
        seconds = statistics.median(seconds for seconds, _ in taken) * 10_000 / tests
        yield Times(shape, tests, reader, round(seconds, 4), max(megabytes for _, megabytes in taken))


def _read(code: str, report: Path, tests: int) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(report)], cwd=peers.ROOT, capture_output=True, text=True, check=True
    )
    found, seconds, megabytes = done.stdout.split()
    if int(found) != tests:
        raise SystemExit(f"{found} of {tests} tests were found")
    return float(seconds), int(megabytes)


def _problems(measured: Sequence[Times]) -> Iterator[str]:
    own = [times for times in measured if times.reader == "kanmon"]
    for shape in SHAPES:
        seconds = [times.seconds for times in own if times.shape == shape]
        if seconds[-1] > MOST_GROWTH * seconds[0]:
            yield f"{shape}: the time grows faster than the tests, from {seconds[0]} to {seconds[-1]} s"
    yield from (f"{times.shape}: {times.megabytes} MB" for times in own if times.megabytes > MOST_MEMORY)


def _print(console: Console, measured: Sequence[Times]) -> None:
    titles = [f"{tests:,}" for tests in COUNTS]
    table = Table(
        "CPU ms for 10,000 tests", "reader", *titles, "MB", title="in reports of so many tests", box=None
    )
    for shape in SHAPES:
        for reader in READERS:
            row = [times for times in measured if (times.shape, times.reader) == (shape, reader)]
            cells = [f"{times.seconds * 1000:.0f}" for times in row]
            table.add_row(shape, reader, *cells, str(row[-1].megabytes))
    console.print(table)
