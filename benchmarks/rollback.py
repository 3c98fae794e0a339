"""From the decision to the old release: the AWS calls of a rollback and its seconds, at 25 ms a call.

The services are those of the tests, in memory, with a real delay. All calls count, those to the ledger too.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks import peers
from kanmon.model import Result
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.process import Process
from tests.fakes.runs import ignore, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from kanmon.release.walk import Outcome

CALL = 0.025
"""Seconds of each call, and of each run of the checks."""
MOST_CALLS = 10
MOST_SECONDS = 0.5
_RESULT = peers.WORKSHOP / "rollback.json"
_PAGES = {"sw.js": "same in all releases"}
"""The releases differ in their entry page and their assets, as most do."""
_CONFIG = make_config(traffic=CANARY)


@dataclass(frozen=True)
class _Call:
    name: str
    ended: float
    home: bool
    """All users are on the old release after it."""
    checked: str
    """The target of the last check so far."""
    previews: tuple[str, ...]
    """The tokens of the open previews in the ledger."""

    @property
    def is_check(self) -> bool:
        return self.name.startswith("checks.")


@dataclass
class _Recorder:
    """Makes calls slow, and records them."""

    cloud: Cloud
    calls: list[_Call] = field(default_factory=list)

    def make(self, name: str, action: Callable[[], Any]) -> Any:  # noqa: ANN401 - a call's own answer
        if not name.startswith("clock."):
            time.sleep(CALL)
        answer = action()
        cloud = self.cloud
        head = cloud.ledger.head()
        operation = cloud.ledger.operation(head.operation) if head.operation else None
        home = cloud.users == ("r1", "r1") and cloud.canary_release() is None
        checked = cloud.checked[-1][0] if cloud.checked else ""
        tokens = operation.previews if operation else ()
        self.calls.append(_Call(name, time.monotonic(), home, checked, tokens))
        return answer


@dataclass(frozen=True)
class Stage:
    """A part of a run: its AWS calls, and its seconds with the checks in it."""

    calls: int
    seconds: float


@dataclass(frozen=True)
class Timing:
    """One rollback: before the move of users, the move, and the end of the operation."""

    before: Stage
    move: Stage
    after: Stage


def run(rounds: int, console: Console) -> None:
    """Measure, print, write `build/benchmarks/rollback.json`. Exit with an error above a limit."""
    measured = {name: _median([measure() for _ in range(rounds)]) for name, measure in _ROLLBACKS.items()}
    _print(console, measured)
    peers.WORKSHOP.mkdir(parents=True, exist_ok=True)
    result = {
        "milliseconds_per_call": CALL * 1000,
        "limits": {"calls": MOST_CALLS, "seconds": MOST_SECONDS},
        "rollbacks": {
            name: {
                stage: {"calls": part.calls, "seconds": round(part.seconds, 3)}
                for stage, part in (("before", timing.before), ("move", timing.move), ("after", timing.after))
            }
            for name, timing in measured.items()
        },
    }
    _RESULT.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"[dim]{_RESULT.relative_to(peers.ROOT)}[/]")
    if slow := [name for name, timing in measured.items() if _is_over(timing.move)]:
        raise SystemExit(f"Over {MOST_CALLS} calls or {MOST_SECONDS} s: {', '.join(slow)}.")


def failed_check() -> Timing:
    """A live check fails: the checks run on the stable release, then users return to it."""
    cloud, recorder, process = _cloud_with("one")
    cloud.faulty.add(("r2", "live"))
    _expect(release(cloud, "two", config=_CONFIG, pages=_PAGES, process=process))
    calls = recorder.calls
    decided = next(at for at, call in enumerate(calls) if call.is_check and call.checked == "live")
    return _timing(calls, decided + 1, _end_of_stable_check(calls, decided))


def alarm() -> Timing:
    """A rollback alarm fires in the canary. No check of the stable release could confirm it."""
    cloud, recorder, process = _cloud_with("one")
    cloud.noisy.add("r2")
    _expect(release(cloud, "two", config=_CONFIG, pages=_PAGES, process=process))
    decided = max(at for at, call in enumerate(recorder.calls) if call.name == "alarms.firing")
    return _timing(recorder.calls, decided + 1, decided + 1)


def by_hand() -> Timing:
    """`kanmon rollback` to the release in the other slot, after its approval."""
    cloud, recorder, process = _cloud_with("one", "two")
    services = cloud.services(process)
    target = rollback_target(cloud.ledger, None)
    _expect(rollback(services, _CONFIG, target, FakeApproval(), ignore, reason="it hurts"))
    return _timing(recorder.calls, 0, _first_move(recorder.calls))


_ROLLBACKS = {"after a failed check": failed_check, "after an alarm": alarm, "by hand": by_hand}


def _cloud_with(*versions: str) -> tuple[Cloud, _Recorder, Process]:
    cloud = Cloud()
    for version in versions:
        release(cloud, version, config=_CONFIG, pages=_PAGES)
    cloud.checked.clear()
    recorder = _Recorder(cloud)
    return cloud, recorder, Process(around=recorder.make)


def _expect(outcome: Outcome) -> None:
    if outcome.result is not Result.ROLLED_BACK:
        raise SystemExit(f"No rollback: {outcome.result}, {outcome.failure}")


def _end_of_stable_check(calls: Sequence[_Call], decided: int) -> int:
    """The call after the last one for a preview or a check, before users are on the old release."""
    home = _home(calls, decided)
    previews = {"apigateway.create_stage", "apigateway.delete_stage"}
    return 1 + max(
        at
        for at in range(decided, home)
        if calls[at].is_check or calls[at].name in previews or calls[at].previews != calls[at - 1].previews
    )


def _first_move(calls: Sequence[_Call]) -> int:
    """The first call for the page, or the write-ahead just before it."""
    pages = {"s3.head_object", "s3.put_object"}
    first = next(at for at, call in enumerate(calls) if call.name in pages)
    while calls[first - 1].name.startswith("store."):
        first -= 1
    return first


def _home(calls: Sequence[_Call], begin: int) -> int:
    """The call that brings the last user to the old release."""
    return next(at for at in range(begin, len(calls)) if calls[at].home)


def _timing(calls: Sequence[_Call], decided: int, move: int) -> Timing:
    home = _home(calls, move) + 1
    return Timing(
        _stage(calls, decided, move),
        _stage(calls, move, home),
        _stage(calls, home, len(calls)),
    )


def _stage(calls: Sequence[_Call], begin: int, end: int) -> Stage:
    if begin == end:
        return Stage(0, 0.0)
    began = calls[begin - 1].ended if begin else calls[0].ended - CALL
    aws = [call for call in calls[begin:end] if not call.is_check]
    return Stage(len(aws), calls[end - 1].ended - began)


def _median(timings: Sequence[Timing]) -> Timing:
    def stage(parts: Sequence[Stage]) -> Stage:
        seconds = statistics.median(part.seconds for part in parts)
        return Stage(max(part.calls for part in parts), seconds)

    return Timing(
        stage([timing.before for timing in timings]),
        stage([timing.move for timing in timings]),
        stage([timing.after for timing in timings]),
    )


def _is_over(move: Stage) -> bool:
    return move.calls > MOST_CALLS or move.seconds > MOST_SECONDS


def _print(console: Console, measured: dict[str, Timing]) -> None:
    columns = ("before", "ms", "to the old release", "ms", "after", "ms")
    table = Table("calls of a rollback", *columns, box=None)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    for name, timing in measured.items():
        parts = (timing.before, timing.move, timing.after)
        cells = [cell for part in parts for cell in (str(part.calls), f"{part.seconds * 1000:.0f}")]
        table.add_row(name, *cells)
    console.print(table)
    console.print(
        f"[dim]{CALL * 1000:.0f} ms a call. Before: the check of the stable release; by hand, lease, records."
        f"\nLimits to the old release: {MOST_CALLS} calls and {MOST_SECONDS} s.[/]"
    )
