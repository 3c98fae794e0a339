"""The page: the story of the terminal with all measurements, in one file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kanmon.model import OperationKind
from kanmon.text import counted, cut, duration, short_commit

from .results import seconds_of
from .timeline import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.ledger.records import CheckRecord, Operation

    from .executed import ExecutedJob, ExecutedRun
    from .results import Results
    from .story import Act
    from .summary import LoggedOperation

_PLANNED_STACK = re.compile(r"^  (?:mandala-production-)?(?P<name>[a-z][a-z0-9-]+): (?P<summary>.*\S)$")
_TARGETS = {"candidate": "candidate, before anybody", "live": "live", "stable": "stable release, to compare"}


@dataclass(frozen=True)
class ShownStep:
    """A step of an operation and how long it lasted."""

    name: str
    seconds: float
    percent: float


@dataclass(frozen=True)
class Bar:
    """A job on its run's scale, in percent."""

    job: ExecutedJob
    left: float
    waited: float
    width: float


@dataclass(frozen=True)
class Card:
    """An act and its result."""

    act: Act
    run: LoggedOperation | None
    result: str
    steps: list[ShownStep]
    checks: tuple[CheckRecord, ...]
    plan: list[tuple[str, str]]

    @property
    def operation(self) -> Operation | None:
        """Its record in the ledger."""
        return self.run.operation if self.run else None

    def bars(self, run: ExecutedRun) -> list[Bar]:
        """A run's jobs."""
        scale = 100 / (run.seconds or 1.0)
        return [
            Bar(job, (job.created - run.began) * scale, job.waited * scale, job.seconds * scale)
            for job in run.jobs
        ]

    @property
    def transcript(self) -> str:
        """Its output on the terminal."""
        return "\n".join(f"$ {ran.command}\n{ran.transcript}" for ran in self.act.ran)


def write_page(path: Path, acts: Sequence[Act], results: Results) -> None:
    """Write the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (counted, cut, duration, short_commit)
    environment.filters |= {each.__name__: each for each in filters}
    runs = {run.operation.number: run for run in results.runs}
    text = environment.get_template("page.html.j2").render(
        cards=[_card(act, runs.get(act.operation or 0)) for act in acts],
        results=results,
        summary=results.document(),
        timeline=draw(results.seen, acts),
        releases=[
            run.operation.release for run in results.runs if run.operation.kind is OperationKind.DEPLOY
        ],
        targets=_TARGETS,
        seconds_of=seconds_of,
    )
    path.write_text(text, "utf-8")


def _card(act: Act, run: LoggedOperation | None) -> Card:
    if run is None:
        return Card(act, None, "done", [], (), [])
    return Card(
        act=act,
        run=run,
        result=run.operation.ending,
        steps=_steps(run),
        checks=run.operation.checks,
        plan=_plan(act),
    )


def _steps(run: LoggedOperation) -> list[ShownStep]:
    operation = run.operation
    whole = seconds_of(operation) or 1.0
    steps = []
    for step in operation.steps:
        seconds = max(0.0, run.ended(step.step) - step.began.timestamp())
        steps.append(ShownStep(step.step.value, seconds, min(100.0, 100 * seconds / whole)))
    return steps


def _plan(act: Act) -> list[tuple[str, str]]:
    """The plan's stacks with their numbers, as they were shown for approval."""
    found: list[tuple[str, str]] = []
    for line in act.ran[-1].lines:
        if line.job != "Plan":
            continue
        match = _PLANNED_STACK.match(line.text)
        if match:
            found.append((match["name"], match["summary"]))
        if line.text.startswith("  digest"):
            return found
    return []
