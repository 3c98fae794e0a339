"""Judges what the viewer saw by what the ledger says: who was live or on canary, and when."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.ledger import Attempt, State

from .seen import Kind, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .commands import Line

_MOVED = {
    Kind.API: re.compile(r"→ the API serves the \w+ slot"),
    Kind.PAGE: re.compile(r"→ the page is that of \w+"),
}
_FAILED_LIVE = re.compile(r"✗ \S+ on \S+ \(live\)")


@dataclass(frozen=True)
class Run:
    """An attempt as the ledger has it, and what its command told."""

    attempt: Attempt
    lines: tuple[Line, ...] = ()

    def began(self, state: State) -> float | None:
        """When a state was announced, before anything was done for it."""
        return next((s.began.timestamp() for s in self.attempt.transitions if s.state is state), None)

    def ended(self, state: State) -> float:
        """When a state gave way to the next one, or the attempt ended."""
        steps = self.attempt.transitions
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            if step.state is state:
                end = step.ended or (after.began if after else self.attempt.ended)
                return end.timestamp() if end else math.inf
        return math.inf

    def moved(self, part: Kind, state: State) -> float:
        """By when a pointer had moved: told right after the call, in a state's time, or that state's end."""
        begin, end = self.began(state) or 0.0, self.ended(state)
        told = (line.at for line in self.lines if begin <= line.at <= end and _MOVED[part].search(line.text))
        return next(told, end)


@dataclass(frozen=True)
class Tenure:
    """A time in which a release could rightly answer users."""

    release: str
    part: Kind
    begin: float
    end: float


@dataclass
class _Open:
    """The tenures as they begin and end."""

    begun: dict[tuple[str, Kind], float]
    closed: list[Tenure]

    def begin(self, release: str | None, part: Kind, at: float) -> None:
        if release:
            self.begun.setdefault((release, part), at)

    def end(self, release: str | None, part: Kind, at: float) -> None:
        if release and (begin := self.begun.pop((release, part), None)) is not None:
            self.closed.append(Tenure(release, part, begin, at))


def tenures(runs: Iterable[Run]) -> list[Tenure]:
    """When each release was live or on canary, by page and API: from intent until users were elsewhere."""
    known = _Open({}, [])
    for run in runs:
        _enter(run, known)
        _leave(run, known)
    return known.closed + [Tenure(release, part, at, math.inf) for (release, part), at in known.begun.items()]


def _enter(run: Run, known: _Open) -> None:
    """A deploy's release gets its share, then everything."""
    if run.attempt.kind != "deploy":
        return
    live = run.began(State.LIVE)
    first = run.began(State.SHIFTING) or live
    if first is not None:
        known.begin(run.attempt.release, Kind.API, first)
    if live is not None:
        known.begin(run.attempt.release, Kind.PAGE, live)
        for part in _MOVED:
            known.end(run.attempt.base, part, run.moved(part, State.LIVE))


def _leave(run: Run, known: _Open) -> None:
    """Users go back: from a release that was just tried, or, by hand, from the live one."""
    back = run.began(State.ROLLING_BACK)
    if back is None:
        return
    ends = (run.attempt.release, run.attempt.base)
    away, home = ends if run.attempt.kind == "deploy" else ends[::-1]
    for part in _MOVED:
        known.begin(home, part, back)
        known.end(away, part, run.moved(part, State.ROLLING_BACK))


@dataclass(frozen=True)
class Verdict:
    """What users had of it all."""

    requests: int
    failed: tuple[Seen, ...]
    mixed: tuple[Seen, ...]

    @property
    def clean(self) -> bool:
        """Users saw complete releases and nothing else."""
        return bool(self.requests) and not self.failed and not self.mixed


def judge(seen: Sequence[Seen], allowed: Sequence[Tenure]) -> Verdict:
    """Count what failed, and what came from a release that should not have answered."""
    return Verdict(
        requests=len(seen),
        failed=tuple(one for one in seen if not one.ok),
        mixed=tuple(one for one in seen if _is_mixed(one, allowed)),
    )


def _is_mixed(one: Seen, allowed: Sequence[Tenure]) -> bool:
    if one.kind is Kind.ASSET:
        # A page that misses one of its assets is half of one release.
        return not one.ok
    if not one.release:
        return False
    return not any(
        tenure.release == one.release
        and tenure.part is one.kind
        and tenure.begin <= one.end
        and one.start <= tenure.end
        for tenure in allowed
    )


@dataclass(frozen=True)
class Return:
    """How long users were on a bad release after its check had failed."""

    seconds: float
    engine_seconds: float
    """As the engine measured it, its own confirmation included."""
    viewer_seconds: float
    """Until the last answer of the bad release had arrived at the viewer."""
    aws_calls: int


def measure_return(run: Run, seen: Sequence[Seen]) -> Return:
    """Measure an automatic rollback; the larger of what the engine and the viewer say."""
    attempt = run.attempt
    engine = attempt.rollback_seconds or 0.0
    failed_at = next((line.at for line in run.lines if _FAILED_LIVE.search(line.text)), None)
    if failed_at is None:
        raise ValueError(f"attempt {attempt.number} told of no check that failed live")
    last = max((one.end for one in seen if one.release == attempt.release), default=failed_at)
    observed = max(0.0, last - failed_at)
    return Return(max(engine, observed), engine, round(observed, 3), attempt.traffic_calls)
