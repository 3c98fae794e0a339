"""The sweep in memory: a run is struck at one of its calls, then another run recovers and releases again.

A case ends well if users are on one whole release all the time, if the run's own result is true, and if a
later run needs no help.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanmon.cli.ending import exit_status, recovery_status
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.model import OperationKind, Result
from kanmon.release.deploy import deploy
from kanmon.release.lease import holder_of
from kanmon.release.recover import recover
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow, Process, ProcessDied, only_reads
from tests.fakes.runs import ignore, plan_of
from tests.fakes.services import FakeApproval
from tests.fakes.whole import expect_one_release
from tests.sweep.ending import End, View, expect_true_end
from tests.sweep.report import Case, Report
from tests.sweep.scenes import IN_MEMORY, SCENES, Repository, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.release.walk import Outcome

_NOTHING = "nothing to recover"
"""A recovery that finds this takes the lease and returns it: no late change."""


def calls_of(scene: Scene) -> list[str]:
    """The calls of the run if nothing happens to it."""
    counted = Process()
    scene.run(scene.cloud.copy(), counted, IN_MEMORY)
    return counted.calls


def cases_of(name: str, calls: list[str]) -> Iterator[Case]:
    """Every call of a scene with every blow that makes sense there."""
    for number, call in enumerate(calls, 1):
        for blow in Blow:
            if _makes_sense(blow, call):
                yield Case(name, number, call, blow)


def _makes_sense(blow: Blow, call: str) -> bool:
    """A pause of the clock is no request, a check has no credentials, and a read may well be repeated."""
    if call.startswith("clock."):
        return blow in {Blow.INTERRUPT, Blow.DEATH, Blow.LATE, Blow.SUSPENSION}
    if call.startswith("checks."):
        return blow not in {Blow.EXPIRED, Blow.REPEATED}
    return blow is not Blow.REPEATED or (
        call.startswith(("s3.", "apigateway.", "store.")) and not only_reads(call)
    )


def sweep(name: str, start: int = 0, step: int = 1) -> Report:
    """Every `step`th case of a scene, beginning with the case `start`."""
    scene = SCENES[name]()
    calls = calls_of(scene)
    report = Report(calls={name: len(calls)})
    for case in list(cases_of(name, calls))[start % step :: step]:
        report.add(case, problem_of(scene, case))
    return report


def problem_of(scene: Scene, case: Case) -> str:
    """What is wrong after this case; empty if nothing is."""
    process = Process(at=case.call, blow=Blow(case.blow))
    return problem_with(scene, process, IN_MEMORY)


def problem_with(scene: Scene, process: Process, repository: Repository) -> str:
    """What is wrong after the scene with this process; empty if nothing is."""
    try:
        _Strike(scene, process, repository).run()
    except Exception as problem:  # noqa: BLE001 - all are reported together
        return f"{type(problem).__name__}: {problem}"
    return ""


@dataclass
class _Strike:
    scene: Scene
    process: Process
    repository: Repository
    taken_over: list[dict[str, Any]] = field(default_factory=list)
    """All that there was when another run had recovered the operation of the suspended one."""

    def run(self) -> None:
        self.cloud = self.scene.cloud.copy()
        self.before = View(self.cloud.ledger.head(), self.cloud.users, is_held(self.cloud.ledger))
        self.cloud.seen.clear()
        process = self.process
        process.meanwhile, process.outlast = self._take_over, self.cloud.clock.outlast_lease
        end = self._run()
        assert len(process.calls) >= process.at, "it came to an end before it was struck"
        if end is None or end.text != _NOTHING:
            self._expect_no_late_change()
        if end and self.taken_over:
            # Held: the run had ended its work, and a person decided before it returned its lease.
            ends = {None, Result.FAILED, Result.HELD}
            assert end.result in ends, f"{end}, but another run had taken over"
        elif end:
            self._expect_true_end(end)
        self._expect_recovery()
        self._expect_later_release()

    def _expect_no_late_change(self) -> None:
        for state in self.taken_over:
            changed = [name for name, now in self.cloud.state.items() if now != state.get(name)]
            assert not changed, f"it changed {changed} after another run had taken over"

    def _run(self) -> End | None:
        """The end of the struck run; None if it died."""
        try:
            outcome = self.scene.run(self.cloud, self.process, self.repository)
        except ProcessDied:
            return None
        except KeyboardInterrupt:
            return End(ExitStatus.INTERRUPTED, settled=False, result=None, text="Ctrl-C")
        except KanmonError as error:
            settled = not self.scene.recovers or error.code in {Code.LOCKED, Code.HELD}
            return End(ExitStatus.REFUSED, settled=settled, result=None, text=str(error))
        return _end_of(outcome, recovers=self.scene.recovers)

    def _take_over(self) -> None:
        """Another run recovers, if there is something to recover."""
        self.cloud.clock.outlast_lease()
        if self._recover():
            expect_one_release(self.cloud)
            self.taken_over.append(self.cloud.state)

    def _recover(self) -> Outcome | None:
        """Recover. A held release waits for a person, who undoes it here."""
        ledger = self.cloud.ledger
        operation = ledger.operation(ledger.head().operation or 0)
        keep = False if operation and operation.result is Result.HELD else None
        return recover(self.cloud.services(actor="aki"), ignore, FakeApproval(), keep=keep)

    def _expect_true_end(self, end: End) -> None:
        now = View(self.cloud.ledger.head(), self.cloud.users, is_held(self.cloud.ledger))
        # After a time limit, a run can not know whether its request was carried out.
        lost = self.process.blow in {Blow.LOST_ANSWER, Blow.STALL}
        expect_true_end(end, self.before, now, self.cloud.ledger, self.cloud.clock.now(), answer_lost=lost)
        if not now.is_open and not now.held:
            expect_one_release(self.cloud)

    def _expect_recovery(self) -> None:
        # A run that died holds its lease until it expires.
        self.cloud.clock.outlast_lease()
        self._recover()
        expect_one_release(self.cloud)
        if self.before.users[1] is not None:
            assert (None, None) not in self.cloud.seen, "users had nothing"
        for page, api in self.cloud.seen:
            assert _number(page) <= _number(api), f"users had the page of {page} on the API of {api}"

    def _expect_later_release(self) -> None:
        cloud, manifest = self.cloud, self.scene.manifest
        cloud.faulty.clear()
        cloud.noisy.clear()
        plan = plan_of(cloud, manifest)
        if not plan.unchanged:
            outcome = deploy(cloud.services(), plan, FakeApproval(), ignore, lift_freeze="fixed")
            assert outcome.result is Result.STABLE, str(outcome.failure)
        expect_one_release(cloud)
        head = cloud.ledger.head()
        live = cloud.ledger.release(head.live or "")
        assert live
        assert live.bundle == manifest.digest
        assert holder_of(head, cloud.clock.now()) is None, "the lease is held"
        assert not [operation.number for operation in cloud.ledger.operations() if operation.ended is None]


def _end_of(outcome: Outcome | None, *, recovers: bool) -> End:
    if outcome is None:
        return End(ExitStatus.OK, settled=True, result=None, text=_NOTHING)
    operation = outcome.operation
    return End(
        recovery_status(outcome) if recovers else exit_status(outcome),
        settled=not outcome.open,
        result=outcome.result,
        release=outcome.release,
        kind=operation.kind if operation else OperationKind.DEPLOY,
        operation=operation.number if operation else None,
        text=str(outcome.failure or ""),
        recovers=recovers,
    )


def _number(release: str | None) -> int:
    return int(release[1:]) if release else 0
