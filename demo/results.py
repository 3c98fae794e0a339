"""The figures: `summary.json`, and the same on the terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from kanmon.model import OperationKind, Result
from kanmon.report.terminal import RESULT_COLOURS
from kanmon.text import duration

from .seen import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from embedded.github.state import Repository
    from kanmon.ledger.records import Operation

    from .executed import ExecutedJob, ExecutedRun
    from .seen import Seen
    from .summary import LoggedOperation, RollbackTimes, Verdict

_SHOWN = 5
_BAR = 48
"""Characters for the longest workflow run."""


@dataclass(frozen=True)
class Results:
    """All measurements."""

    runs: Sequence[LoggedOperation]
    workflow_runs: Sequence[ExecutedRun]
    repository: Repository
    """The local GitHub's, at the end."""
    seen: Sequence[Seen]
    verdict: Verdict
    rollback: RollbackTimes
    decisions: Mapping[str, Sequence[tuple[str, ...]]]
    """IAM's: `allowed` has roles and their actions, `denied` also the resources."""
    total_seconds: float

    @property
    def api_milliseconds(self) -> tuple[float, float]:
        """How long users waited for the API: median and 95th percentile."""
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
        """The content of `summary.json`."""
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
                "seconds": round(self.rollback.seconds, 3),
                "aws_calls": self.rollback.aws_calls,
                "engine_seconds": self.rollback.engine_seconds,
                "viewer_seconds": self.rollback.viewer_seconds,
            },
            "releases": [
                {
                    "id": run.operation.release,
                    "result": run.operation.ending,
                    "seconds": seconds_of(run.operation),
                }
                for run in self.runs
                if run.operation.kind is OperationKind.DEPLOY
            ],
            "manual_rollbacks": [
                {
                    "from": run.operation.base,
                    "to": run.operation.release,
                    "result": run.operation.ending,
                    "seconds": run.operation.rollback_seconds,
                    "aws_calls": run.operation.traffic_calls,
                }
                for run in self.runs
                if run.operation.kind is OperationKind.ROLLBACK
            ],
            "authorization": {
                "roles": len({role for role, _ in self.decisions["allowed"]}),
                "actions": len({action for _, action in self.decisions["allowed"]}),
                "denied": self.decisions["denied"],
            },
            "workflow_runs": [run.document() for run in self.workflow_runs],
            "total_seconds": round(self.total_seconds, 1),
        }

    def write(self, path: Path) -> None:
        """Write `summary.json`."""
        path.write_text(json.dumps(self.document(), indent=1) + "\n", "utf-8")

    def print(self, console: Console) -> None:
        """Print the end of the story."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("release", "what", "result", "took"):
            table.add_column(title, justify="right" if title == "took" else "left")
        for run in self.runs:
            operation = run.operation
            colour = RESULT_COLOURS.get(operation.ending, "white")
            deploy = operation.kind is OperationKind.DEPLOY
            task = "deploy" if deploy else f"rollback from {operation.base}"
            table.add_row(
                operation.release, task, f"[{colour}]{operation.ending}[/]", duration(seconds_of(operation))
            )
        console.print(table)
        self._print_workflow_runs(console)
        self._print_repository(console)
        self._print_viewer(console)
        self._print_decisions(console)
        times = self.rollback
        console.print(
            f"from the failed check until {self._stable} served every request: "
            f"[bold]{duration(times.seconds)}[/], with {times.aws_calls} AWS calls that moved traffic"
        )

    def _print_workflow_runs(self, console: Console) -> None:
        """A bar for each job on its run's scale: dots while it waits."""
        longest = max((run.seconds for run in self.workflow_runs), default=1.0)
        console.print("\n[bold]workflow runs[/]")
        for run in self.workflow_runs:
            colour = "green" if run.conclusion == "success" else "red"
            console.print(
                f"{run.name} ({run.event}): [{colour}]{run.conclusion}[/] in {duration(run.seconds)}"
            )
            for job in run.jobs:
                mark = "[green]✓[/]" if job.conclusion == "success" else "[red]✗[/]"
                bar = _bar(job, run.began, _BAR / longest)
                console.print(f"  {mark} {job.name:<10} [cyan]{bar:<{_BAR}}[/] {duration(job.seconds):>9}")

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
    def _stable(self) -> str:
        return next((run.operation.base or "" for run in self.runs if is_rolled_back(run.operation)), "")

    def _print_decisions(self, console: Console) -> None:
        allowed, denied = self.decisions["allowed"], self.decisions["denied"]
        roles, actions = ({one[place] for one in allowed} for place in (0, 1))
        colour = "red" if denied else "green"
        console.print(
            f"authorization: [bold]{len(actions)}[/] actions allowed to {len(roles)} roles, "
            f"[bold {colour}]{len(denied)} denied[/]"
        )
        for one in denied[:_SHOWN]:
            console.print(f"  {' '.join(one)}", markup=False)

    def _print_viewer(self, console: Console) -> None:
        verdict = self.verdict
        colour = "green" if verdict.clean else "red"
        console.print(
            f"viewer: [bold]{verdict.requests}[/] requests, "
            f"[bold {colour}]{len(verdict.failed)} failed, {len(verdict.mixed)} mixed[/]"
        )
        for one in (*verdict.failed[:_SHOWN], *verdict.mixed[:_SHOWN]):
            problem = one.problem or f"answered by {one.release}, which was neither live nor on canary"
            console.print(f"  {one.start:.3f} {one.method} {one.url}: {problem}", markup=False)


def seconds_of(operation: Operation) -> float:
    """How long an operation took."""
    return round((operation.ended - operation.began).total_seconds(), 1) if operation.ended else 0.0


def is_rolled_back(operation: Operation) -> bool:
    """A deploy with an automatic rollback."""
    return operation.kind is OperationKind.DEPLOY and operation.ending == Result.ROLLED_BACK


def _bar(job: ExecutedJob, began: float, scale: float) -> str:
    """A job on its run's scale."""
    before, waited = round((job.created - began) * scale), round(job.waited * scale)
    return " " * before + "·" * waited + "━" * max(1, round(job.seconds * scale))
