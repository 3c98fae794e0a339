"""From the step's start to the first AWS request: ours, AWS's own action, a bare client as the floor."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks import peers, stages
from benchmarks.endpoint import Endpoint, endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from benchmarks.peers import Peer

_SHOWN = 12
_RESULT = peers.WORKSHOP / "startup.json"


@dataclass
class Times:
    """The measurements of one peer, in seconds from the start of its process."""

    first: list[float] = field(default_factory=list)
    """Until its first request."""
    second: list[float] = field(default_factory=list)
    """Until its second. The answer took no time, so by then it has loaded all its modules."""


def run(rounds: int, bundle: Path | None, console: Console) -> None:
    """Measure, print, and write `build/benchmarks/startup.json`."""
    with endpoint() as aws:
        peers.WORKSHOP.mkdir(parents=True, exist_ok=True)
        environment = peers.job(aws.url)
        peers.install(environment)
        ours = [make(command) for command in ("deploy", "plan") for make in (peers.composite, peers.image)]
        others = [peers.floor(aws.url)]
        if bundle is None:
            console.print("[yellow]Without AWS's own action: name its bundle with --aws-action.[/]")
        else:
            others.append(peers.aws_action(bundle))
        measured = _measure([*ours, *others], rounds, environment, aws)
        steps = stages.stages(rounds, environment, aws)
        imported = stages.imports(min(rounds, 9), environment)
    times = {peer.name: _summary(measured[peer.name]) for peer in [*ours, *others]}
    ratios = _ratios(measured, [peer.name for peer in ours], others[-1].name) if bundle else {}
    _print(console, times, ratios)
    _print_times(console, "stage of a deploy's start", steps)
    _print_times(console, "imports", dict(list(imported.items())[:_SHOWN]))
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        "rounds": rounds,
        "seconds": times,
        "ratio_to_aws_action": ratios,
        "stages": steps,
        "imports": imported,
    }
    _RESULT.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"[dim]{_RESULT.relative_to(peers.ROOT)}[/]")


def _measure(
    all_peers: Sequence[Peer], rounds: int, environment: dict[str, str], aws: Endpoint
) -> dict[str, Times]:
    """Start each in turn, round for round: other work of the machine slows all alike."""
    measured = {peer.name: Times() for peer in all_peers}
    for number in range(rounds + 1):
        for peer in all_peers:
            times = _start(peer, environment, aws)
            if number:  # the first round only warms up
                measured[peer.name].first.append(times[0])
                measured[peer.name].second += times[1:2]
    return measured


def _start(peer: Peer, environment: dict[str, str], aws: Endpoint) -> list[float]:
    aws.arrivals.clear()
    began = time.monotonic()
    done = subprocess.run(
        peer.command,
        cwd=peers.project(),
        env=environment | peer.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not aws.arrivals:
        raise SystemExit(f"{peer.name} made no request:\n{done.stdout}{done.stderr}")
    return [arrival - began for arrival in aws.arrivals]


def _summary(times: Times) -> dict[str, float]:
    summary = {"median": statistics.median(times.first), "min": min(times.first), "max": max(times.first)}
    if len(times.second) == len(times.first):
        summary["second_median"] = statistics.median(times.second)
    return {key: round(value, 4) for key, value in summary.items()}


def _ratios(measured: dict[str, Times], ours: Sequence[str], other: str) -> dict[str, float]:
    """The median of the rounds' ratios: a busy machine slows both sides of a round."""
    rounds = {name: zip(measured[name].first, measured[other].first, strict=True) for name in ours}
    return {
        name: round(statistics.median(own / its for own, its in pairs), 2) for name, pairs in rounds.items()
    }


def _print(console: Console, times: dict[str, dict[str, float]], ratios: dict[str, float]) -> None:
    table = Table("first AWS request after, ms", "median", "min", "max", "second", "ratio", box=None)
    for column in table.columns:
        column.no_wrap = True
    for name, summary in times.items():
        cells = [summary.get(key) for key in ("median", "min", "max", "second_median")]
        shown = [f"{cell * 1000:.0f}" if cell is not None else "" for cell in cells]
        table.add_row(name, *shown, f"{ratios[name]:.2f}" if name in ratios else "")
    console.print(table)


def _print_times(console: Console, title: str, times: dict[str, float]) -> None:
    table = Table(title, "ms", box=None)
    table.columns[1].justify = "right"
    for name, seconds in times.items():
        table.add_row(name, f"{seconds * 1000:.0f}")
    console.print(table)
