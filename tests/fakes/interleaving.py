"""Several runs at once: only one advances, by one call at a time, so every interleaving can be repeated.

Each run has a thread, but only the thread with the baton works. All others wait before a call. A change of
AWS has two stops: before its fence, and on its way behind it. Time passes only where a run waits or a test
moves it.
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from kanmon.aws.fence import LONGEST_REQUEST
from tests.fakes.process import Blow, Process, ProcessDied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from kanmon.release.ports import Services
    from kanmon.release.walk import Outcome
    from tests.fakes.cloud import Cloud

T = TypeVar("T")
_LONGEST = LONGEST_REQUEST.total_seconds()
_SHOWN = 60
_HUNG = 60.0
"""Seconds of real time. A run that needs more for one call is an error."""


@dataclass
class _Beat:
    """An action that a run repeats beside its work: the renewal of its lease."""

    action: Callable[[], object]
    seconds: float
    due: float


@dataclass(eq=False)
class Run:
    """One deploy, rollback or recovery in a thread of its own."""

    name: str
    table: Table
    work: Callable[[Services], Outcome | None]
    drift: timedelta = timedelta()
    """How far its clock is ahead of the true time."""
    process: Process = field(default_factory=Process)
    outcome: Outcome | None = None
    error: BaseException | None = None
    stands_at: str = ""
    """The call before which it waits."""
    sent: float | None = None
    """When the change that is on its way passed the fence, in the clock's seconds."""
    beat: _Beat | None = None
    ended: bool = False
    token: int = 0
    """The fencing token of its lease; 0 before the first."""
    changes: int = 0
    """How often it changed something in AWS."""
    beating: bool = False

    def __post_init__(self) -> None:
        self.process.turn, self.process.travel = self._turn, self._travel
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self._thread.start()
        self._wait()

    @property
    def died(self) -> bool:
        return isinstance(self.error, ProcessDied)

    def resume(self) -> None:
        """Let it work until it stops before its next call, or ends."""
        self._go.release()
        self._wait()

    def strike(self, blow: Blow) -> None:
        """The next call that begins is struck."""
        self.process.at, self.process.blow = len(self.process.calls) + 1, blow

    def renew(self, *, lost: bool = False) -> bool:
        """The renewal of its lease; with `lost` the answer does not arrive. False when it can't be now.

        A run at a call of the ledger may have its writer's lock. The renewal waits for the end of that call.
        """
        if self.ended or self.beat is None:
            return False
        if self.stands_at.startswith("store."):
            self.beat.due = self.table.seconds + 1
            return False
        self.beat.due = self.table.seconds + self.beat.seconds
        if lost:
            self.strike(Blow.LOST_ANSWER)
        self.beating = True
        try:
            self.beat.action()
        finally:
            self.beating = False
            self.process.at = 0
        return True

    # What follows runs in the run's own thread.

    def _live(self) -> None:
        try:
            self._stop("its first call")
            self.outcome = self.work(self._services())
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        finally:
            self.ended, self.stands_at = True, ""
            self._stopped.release()

    def _services(self) -> Services:
        services = self.table.cloud.services(self.process, actor=self.name)
        # The table looks after each call. An error here would be the run's own, and the run would handle it.
        self.process.watch = lambda: None
        return replace(services, clock=self.process.clocked(RunClock(self)))

    def _turn(self, call: str) -> None:
        if not self.beating and not self.process.dead:
            self._stop(call)

    def _travel(self) -> None:
        if self.process.at == len(self.process.calls):
            return
        self.sent = self.table.seconds
        self._stop(self.process.calls[-1])
        self.sent = None

    def _stop(self, call: str) -> None:
        assert threading.current_thread() is self._thread, f"{call} runs in a thread without a turn"
        self.stands_at = call
        self._stopped.release()
        self._go.acquire()
        if self.process.dead:
            raise ProcessDied

    def _wait(self) -> None:
        if not self._stopped.acquire(timeout=_HUNG):
            raise AssertionError(f"{self.name} hangs after {self.process.calls[-1:]}")


@dataclass(frozen=True)
class RunClock:
    """The clock of a run's machine. While the run waits, time passes for everybody."""

    run: Run

    def now(self) -> datetime:
        return self.run.table.cloud.clock.now() + self.run.drift

    def monotonic(self) -> float:
        return self.run.table.seconds

    def pause(self, seconds: float, stop: threading.Event | None = None) -> None:
        del stop
        self.run.table.pass_time(seconds)

    @contextmanager
    def every(self, seconds: float, action: Callable[[], object]) -> Iterator[None]:
        self.run.beat = _Beat(action, seconds, self.run.table.seconds + seconds)
        try:
            yield
        finally:
            self.run.beat = None


@dataclass
class Table:
    """The runs around one cloud."""

    cloud: Cloud
    after_call: Callable[[Run], None]
    """Looks at everything after each call of a run. What it raises is a violation."""
    runs: list[Run] = field(default_factory=list)
    steps: int = 0
    """How often a run advanced."""
    history: list[str] = field(default_factory=list)
    """The stops of all runs, in their order."""
    violation: Exception | None = None
    """The first one. The thread of a run may have found it, and the run may have handled it."""

    @property
    def last_stops(self) -> str:
        """What the runs did last, to read beside a violation."""
        return "\n".join(["The last calls:", *self.history[-_SHOWN:]])

    @property
    def seconds(self) -> float:
        return self.cloud.clock.seconds

    @property
    def running(self) -> list[Run]:
        return [run for run in self.runs if not run.ended]

    def start(
        self, name: str, work: Callable[[Services], Outcome | None], drift: timedelta = timedelta()
    ) -> Run:
        """A run that waits before its first call."""
        run = Run(f"{name}-{len(self.runs)}", self, work, drift)
        self.runs.append(run)
        return run

    def advance(self, run: Run, blow: Blow | None = None) -> None:
        """Let a run go on to its next stop. A blow strikes the call before which it waits."""
        if blow and run.sent is None:
            run.strike(blow)
        run.resume()
        run.process.at = 0
        self.steps += 1
        self.history.append(f"{run.name}: {_last_call(run)} {blow or ''}".rstrip())
        self._look(run)

    def finish(self, run: Run) -> None:
        """Let a run come to its end, with nobody in between."""
        while not run.ended:
            self.advance(run)

    def renew(self, run: Run, *, lost: bool = False) -> None:
        """Let a run renew its lease, if it can now."""
        if run.renew(lost=lost):
            self._look(run)

    def kill(self, run: Run) -> None:
        """The machine of a run is gone."""
        run.process.dead = True
        run.resume()

    def pass_time(self, seconds: float, asleep: Iterable[Run] = ()) -> None:
        """Let time pass. Runs renew their leases when it is time, except those that are suspended.

        A change on its way arrives within the time limit of a request, also when its run is suspended.
        """
        end, sleeping = self.seconds + seconds, list(asleep)
        while True:
            events: list[tuple[float, Run, Callable[[Run], None]]] = [
                *((run.sent + _LONGEST, run, self.advance) for run in self.running if run.sent is not None),
                *(
                    (max(run.beat.due, self.seconds), run, self.renew)
                    for run in self.running
                    if run.beat and run not in sleeping
                ),
            ]
            if min((at for at, _, _ in events), default=math.inf) > end:
                break
            at, run, happens = min(events, key=itemgetter(0))
            self._move(at)
            happens(run)
        self._move(end)

    def _look(self, run: Run) -> None:
        try:
            self.after_call(run)
        except Exception as violation:  # noqa: BLE001 - also of a broken invariant
            self.violation = self.violation or violation
            violation.add_note(self.last_stops)
        if self.violation:
            raise self.violation

    def _move(self, to: float) -> None:
        self.cloud.clock.move(timedelta(seconds=to - self.seconds))


def _last_call(run: Run) -> str:
    call = run.process.calls[-1] if run.process.calls else "begins"
    return f"{call} is on its way" if run.sent is not None else call


class InTurn:
    """An executor for one run: it does each task when it is submitted. So no two threads of a run compete."""

    def __init__(self, workers: int) -> None:
        del workers

    def __enter__(self) -> InTurn:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, task: Callable[..., Any], *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(task(*given, **named))
        except BaseException as error:  # noqa: BLE001 - as in a pool, it belongs to the future
            future.set_exception(error)
        return future

    def map(self, task: Callable[..., T], *given: Iterable[Any]) -> Iterator[T]:
        """Unlike a pool's, it begins no task after a failed one."""
        return iter([task(*one) for one in zip(*given, strict=False)])
