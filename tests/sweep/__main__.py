"""Sweep all calls of releases and rollbacks: `scripts/fault-sweep`. Exit status 1 after a violation."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from embedded.process import REPOSITORY
from tests.sweep import memory, on_github, over_http
from tests.sweep.report import Report
from tests.sweep.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = REPOSITORY / "build/fault-sweep/summary.json"
_CHUNKS = 8
"""So many pieces of work for each scene: a process that is done early takes another piece."""


def main() -> None:
    """Sweep, print, write the summary."""
    parser = argparse.ArgumentParser(prog="scripts/fault-sweep", description=__doc__)
    parser.add_argument("--only", choices=_SWEEPS, help="one part of the sweep (default: all three)")
    parser.add_argument("--scene", action="append", choices=SCENES, help="in memory: this scene; repeatable")
    parser.add_argument("--step", type=int, default=1, help="in memory: every STEP-th case (1)")
    parser.add_argument("--sample", type=int, default=44, help="over HTTP: the number of cases (44)")
    parser.add_argument("--seed", type=int, default=1, help="over HTTP: it chooses the cases (1)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="processes at once")
    options = parser.parse_args()
    console, began = Console(), time.monotonic()
    chosen = [options.only] if options.only else _SWEEPS
    report = Report.merged(report for name in chosen for report in _SWEEPS[name](options))
    report.write(SUMMARY)
    _print(console, report, time.monotonic() - began)
    sys.exit(1 if report.violations else 0)


def _in_memory(options: argparse.Namespace) -> Iterator[Report]:
    scenes, step = options.scene or list(SCENES), options.step
    chunks = [(scene, chunk * step) for scene in scenes for chunk in range(_CHUNKS)]
    names, starts = zip(*chunks, strict=True)
    with ProcessPoolExecutor(options.processes) as pool:
        yield from pool.map(memory.sweep, names, starts, [_CHUNKS * step] * len(chunks))


def _on_github(options: argparse.Namespace) -> Iterator[Report]:
    with ProcessPoolExecutor(options.processes) as pool:
        yield from pool.map(on_github.sweep, on_github.SCENE_NAMES)


def _over_http(options: argparse.Namespace) -> Iterator[Report]:
    with tempfile.TemporaryDirectory() as folder:
        yield over_http.sweep(Path(folder), options.sample, options.seed, options.processes)


_SWEEPS = {"memory": _in_memory, "github": _on_github, "http": _over_http}


def _print(console: Console, report: Report, seconds: float) -> None:
    table = Table("scene", "calls", "cases", "violations", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    bad = [violation.case.scene for violation in report.violations]
    for name, calls in report.calls.items():
        cases = sum(report.blows_of(name).values())
        table.add_row(name, str(calls), str(cases), str(bad.count(name)))
    table.add_row("all", str(sum(report.calls.values())), str(report.cases.total()), str(len(bad)))
    console.print(table)
    for violation in report.violations:
        console.print(f"✗ {violation}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"[dim]{seconds:.0f} s, {SUMMARY.relative_to(REPOSITORY)}[/]")


if __name__ == "__main__":
    main()
