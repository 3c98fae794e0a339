"""The figures: `summary.json`, and the same on the terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from .seen import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from kanmon.ledger import Attempt
    from tests.embedded.github.state import Repository

    from .executed import ExecutedJob, ExecutedRun
    from .seen import Seen
    from .summary import Return, Run, Verdict

COLOURS = {"stable": "green", "aborted": "yellow", "rolled back": "magenta"}
_SHOWN = 5
_BAR = 48
"""Characters for the longest workflow run."""


@dataclass(frozen=True)
class Results:
    """All that was measured."""

    runs: Sequence[Run]
    workflow_runs: Sequence[ExecutedRun]
    repository: Repository
    """What the local GitHub has in the end."""
    seen: Sequence[Seen]
    verdict: Verdict
    back: Return
    total_seconds: float

    @property
    def api_milliseconds(self) -> tuple[float, float]:
        """What users waited for the API: median and 95th percentile."""
        times = sorted((one.end - one.start) * 1000 for one in self.seen if one.kind is Kind.API)
        return (times[len(times) // 2], times[len(times) * 95 // 100]) if times else (0.0, 0.0)

    @property
    def served(self) -> dict[str, int]:
        """How many pages and API answers came from each release."""
        counts: dict[str, int] = {}
        for one in self.seen:
            if one.release:
                counts[one.release] = counts.get(one.release, 0) + 1
        return dict(sorted(counts.items()))

    def document(self) -> dict[str, Any]:
        """The summary as it is written."""
        median, slow = self.api_milliseconds
        return {
            "viewer": {
                "requests": self.verdict.requests,
                "failed": len(self.verdict.failed),
                "mixed": len(self.verdict.mixed),
                "served": self.served,
                "api_ms": {"p50": round(median, 1), "p95": round(slow, 1)},
            },
            "rollback": {
                "seconds": round(self.back.seconds, 3),
                "aws_calls": self.back.aws_calls,
                "engine_seconds": self.back.engine_seconds,
                "viewer_seconds": self.back.viewer_seconds,
            },
            "releases": [
                {
                    "id": run.attempt.release,
                    "result": result_of(run.attempt),
                    "seconds": seconds_of(run.attempt),
                }
                for run in self.runs
                if run.attempt.kind == "deploy"
            ],
            "manual_rollbacks": [
                {
                    "from": run.attempt.base,
                    "to": run.attempt.release,
                    "result": result_of(run.attempt),
                    "seconds": run.attempt.rollback_seconds,
                    "aws_calls": run.attempt.traffic_calls,
                }
                for run in self.runs
                if run.attempt.kind == "rollback"
            ],
            "workflow_runs": [run.document() for run in self.workflow_runs],
            "total_seconds": round(self.total_seconds, 1),
        }

    def write(self, path: Path) -> None:
        """Write `summary.json`."""
        path.write_text(json.dumps(self.document(), indent=1) + "\n", "utf-8")

    def print(self, console: Console) -> None:
        """Print the end of the story."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("release", "what", "result", "seconds"):
            table.add_column(title, justify="right" if title == "seconds" else "left")
        for run in self.runs:
            attempt = run.attempt
            result = result_of(attempt)
            colour = COLOURS.get(result, "red")
            told = "deploy" if attempt.kind == "deploy" else f"rollback from {attempt.base}"
            table.add_row(attempt.release, told, f"[{colour}]{result}[/]", f"{seconds_of(attempt):.1f}")
        console.print(table)
        self._print_workflow_runs(console)
        self._print_repository(console)
        self._print_viewer(console)
        console.print(
            f"from the failed check until every request was served by {self._home}: "
            f"[bold]{self.back.seconds:.2f} s[/], with {self.back.aws_calls} AWS calls that moved traffic"
        )

    def _print_workflow_runs(self, console: Console) -> None:
        """A bar for each job on its run's scale: dots while it waits."""
        longest = max((run.seconds for run in self.workflow_runs), default=1.0)
        console.print("\n[bold]workflow runs[/]")
        for run in self.workflow_runs:
            colour = "green" if run.conclusion == "success" else "red"
            console.print(f"{run.name} ({run.event}): [{colour}]{run.conclusion}[/] in {run.seconds:.1f} s")
            for job in run.jobs:
                mark = "[green]✓[/]" if job.conclusion == "success" else "[red]✗[/]"
                bar = _bar(job, run.began, _BAR / longest)
                console.print(f"  {mark} {job.name:<10} [cyan]{bar:<{_BAR}}[/] {job.seconds:5.1f} s")

    def _print_repository(self, console: Console) -> None:
        console.print("\n[bold]GitHub's deployments[/]")
        for deployment in self.repository.deployments.values():
            last = deployment.statuses[-1] if deployment.statuses else None
            console.print(
                f"  {deployment.task:<11} {deployment.sha[:8]}  {deployment.state or '':<9} "
                f"{last.description if last else ''}",
                markup=False,
            )
        console.print("[bold]GitHub Releases[/]")
        for release in self.repository.releases.values():
            console.print(f"  {release.tag}  {release.name}", markup=False)
        console.print()

    @property
    def _home(self) -> str:
        return next((run.attempt.base or "" for run in self.runs if is_taken_back(run.attempt)), "")

    def _print_viewer(self, console: Console) -> None:
        verdict = self.verdict
        colour = "green" if verdict.clean else "red"
        console.print(
            f"viewer: [bold]{verdict.requests}[/] requests, "
            f"[bold {colour}]{len(verdict.failed)} failed, {len(verdict.mixed)} mixed[/]"
        )
        for one in (*verdict.failed[:_SHOWN], *verdict.mixed[:_SHOWN]):
            told = one.problem or f"answered by {one.release}, which was neither live nor on canary"
            console.print(f"  {one.start:.3f} {one.method} {one.url}: {told}", markup=False)


def result_of(attempt: Attempt) -> str:
    """How an attempt ended."""
    return attempt.result.value if attempt.result else attempt.state.value


def seconds_of(attempt: Attempt) -> float:
    """How long an attempt took."""
    return round((attempt.ended - attempt.began).total_seconds(), 1) if attempt.ended else 0.0


def is_taken_back(attempt: Attempt) -> bool:
    """A deploy that was rolled back by itself."""
    return attempt.kind == "deploy" and result_of(attempt) == "rolled back"


def _bar(job: ExecutedJob, began: float, scale: float) -> str:
    """A job on its run's scale."""
    before, waited = round((job.created - began) * scale), round(job.waited * scale)
    return " " * before + "·" * waited + "━" * max(1, round(job.seconds * scale))
