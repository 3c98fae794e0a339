"""Compares the viewer's log with the ledger: the releases live or on canary at each time."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.model import OperationKind, Step

from .seen import Kind, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanmon.ledger.records import Operation

    from .commands import OutputLine

_MOVED = {
    Kind.API: re.compile(r"→ the API serves the \w+ slot"),
    Kind.PAGE: re.compile(r"→ the page is that of \w+"),
}
_FAILED_LIVE = re.compile(r"✗ \S+ on \S+ \(live\)")


@dataclass(frozen=True)
class LoggedOperation:
    """An operation as the ledger has it, and the output of its command."""

    operation: Operation
    lines: tuple[OutputLine, ...] = ()

    def began(self, step: Step) -> float | None:
        """When a step was announced, before anything was done for it."""
        return next((one.began.timestamp() for one in self.operation.steps if one.step is step), None)

    def ended(self, step: Step) -> float:
        """When a step gave way to the next one, or the operation ended."""
        steps = self.operation.steps
        for one, after in zip(steps, [*steps[1:], None], strict=True):
            if one.step is step:
                end = one.ended or (after.began if after else self.operation.ended)
                return end.timestamp() if end else math.inf
        return math.inf

    def moved(self, kind: Kind, step: Step) -> float:
        """By when a pointer had moved: the time of its line in the output of a step, or that step's end."""
        begin, end = self.began(step) or 0.0, self.ended(step)
        times = (line.at for line in self.lines if begin <= line.at <= end and _MOVED[kind].search(line.text))
        return next(times, end)


@dataclass(frozen=True)
class Tenure:
    """The time of a release in which it may answer users."""

    release: str
    kind: Kind
    begin: float
    end: float


@dataclass
class _Open:
    """The tenures as they begin and end."""

    begun: dict[tuple[str, Kind], float]
    closed: list[Tenure]

    def begin(self, release: str | None, kind: Kind, at: float) -> None:
        if release:
            self.begun.setdefault((release, kind), at)

    def end(self, release: str | None, kind: Kind, at: float) -> None:
        if release and (begin := self.begun.pop((release, kind), None)) is not None:
            self.closed.append(Tenure(release, kind, begin, at))


def tenures(runs: Iterable[LoggedOperation]) -> list[Tenure]:
    """When each release was live or on canary, by page and API: from intent until users were elsewhere."""
    known = _Open({}, [])
    for run in runs:
        _enter(run, known)
        _leave(run, known)
    return known.closed + [Tenure(release, kind, at, math.inf) for (release, kind), at in known.begun.items()]


def _enter(run: LoggedOperation, known: _Open) -> None:
    """A deploy's release gets its share, then everything."""
    if run.operation.kind is not OperationKind.DEPLOY:
        return
    live = run.began(Step.PROMOTE)
    first = run.began(Step.SHIFT) or live
    if first is not None:
        known.begin(run.operation.release, Kind.API, first)
    if live is not None:
        known.begin(run.operation.release, Kind.PAGE, live)
        for kind in _MOVED:
            known.end(run.operation.base, kind, run.moved(kind, Step.PROMOTE))


def _leave(run: LoggedOperation, known: _Open) -> None:
    """A rollback: from a release on canary or just live, or, by hand, from the live one."""
    back = run.began(Step.ROLL_BACK)
    if back is None:
        return
    ends = (run.operation.release, run.operation.base)
    away, home = ends if run.operation.kind is OperationKind.DEPLOY else ends[::-1]
    for kind in _MOVED:
        known.begin(home, kind, back)
        known.end(away, kind, run.moved(kind, Step.ROLL_BACK))


@dataclass(frozen=True)
class Verdict:
    """The users' view."""

    requests: int
    failed: tuple[Seen, ...]
    mixed: tuple[Seen, ...]

    @property
    def clean(self) -> bool:
        """Users saw complete releases and nothing else."""
        return bool(self.requests) and not self.failed and not self.mixed


def judge(seen: Sequence[Seen], allowed: Sequence[Tenure]) -> Verdict:
    """Count the failed requests, and the answers of a release at the wrong time."""
    return Verdict(
        requests=len(seen),
        failed=tuple(one for one in seen if not one.ok),
        mixed=tuple(one for one in seen if _is_mixed(one, allowed)),
    )


def _is_mixed(one: Seen, allowed: Sequence[Tenure]) -> bool:
    if one.kind is Kind.ASSET:
        # A page without one of its assets is half a release.
        return not one.ok
    if not one.release:
        return False
    return not any(
        tenure.release == one.release
        and tenure.kind is one.kind
        and tenure.begin <= one.end
        and one.start <= tenure.end
        for tenure in allowed
    )


@dataclass(frozen=True)
class RollbackTimes:
    """How long users were on a bad release after its check had failed."""

    seconds: float
    engine_seconds: float
    """As the engine measured it, with its own confirmation."""
    viewer_seconds: float
    """Until the last answer of the bad release had arrived at the viewer."""
    aws_calls: int


def measure_rollback(run: LoggedOperation, seen: Sequence[Seen]) -> RollbackTimes:
    """Measure an automatic rollback: the larger of the engine's and the viewer's time."""
    operation = run.operation
    engine = operation.rollback_seconds or 0.0
    failed_at = next((line.at for line in run.lines if _FAILED_LIVE.search(line.text)), None)
    if failed_at is None:
        raise ValueError(f"operation {operation.number} has no check that failed live")
    last = max((one.end for one in seen if one.release == operation.release), default=failed_at)
    observed = max(0.0, last - failed_at)
    return RollbackTimes(max(engine, observed), engine, round(observed, 3), operation.traffic_calls)
