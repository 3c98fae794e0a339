"""Several runs at once, interleaved at every call, keep every promise (CD-13, CD-14).

A model test: deploys, rollbacks and recoveries start at random, advance by turns, die, are suspended, lose
answers, and have clocks that differ by up to `LARGEST_DRIFT`. All promises are verified after each call.

A longer test, with other runs each time, and with the shortest example of a violation:

    KANMON_MODEL_EXAMPLES=2000 .venv/bin/python -m pytest tests/unit/release/test_interleaving.py
"""

from __future__ import annotations

import copy
import os
import random
import sys
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kanmon.aws.fence import LONGEST_REQUEST
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import DecisionKind
from kanmon.model import Result
from kanmon.release.decide import decide
from kanmon.release.deploy import deploy
from kanmon.release.lease import LARGEST_DRIFT, LENGTH
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, GREETING, NIGHTLY, make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.interleaving import InTurn, Run, Table
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow, only_reads
from tests.fakes.promises import Promises
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval
from tests.fakes.whole import expect_one_release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.release.plan import Plan
    from kanmon.release.ports import Services
    from kanmon.release.walk import Outcome

    Work = Callable[[Services], Outcome | None]

EXAMPLES = int(os.environ.get("KANMON_MODEL_EXAMPLES", "0"))
AT_ONCE = 3
BAKING = CANARY | {"bake": 20, "steps": [{"percent": 10, "bake": 10}]}
TRAFFIC = {"all-at-once": {"strategy": "all-at-once"}, "canary": CANARY, "baking": BAKING}
FAULTS = ("nothing", "nothing", "nothing", "candidate", "live", "live and stable", "alarm")
NUMBERS, DECISIONS = st.integers(0, AT_ONCE - 1), st.sampled_from([None, True, False])
DRIFTS = st.sampled_from([-0.5, 0, 0.5])
CALLS = st.integers(1, 4) | st.integers(1, 40)
DEPLOYS = st.tuples(
    st.just("deploy"),
    st.fixed_dictionaries(
        {
            "traffic": st.sampled_from(sorted(TRAFFIC)),
            "fault": st.sampled_from(FAULTS),
            "triggers": st.booleans(),
            "page": st.booleans(),
            "shared": st.booleans(),
        }
    ),
)
ROLLBACKS = st.tuples(st.just("rollback"), st.fixed_dictionaries({"wanted": st.none() | st.integers(0, 5)}))
RECOVERIES = st.tuples(st.just("recover"), st.fixed_dictionaries({"keep": DECISIONS, "wait": st.booleans()}))
_FEWEST_CALLS = 1000
"""A model test with fewer calls than this proves nothing."""
counts: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _one_thread_for_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of a pool would wait for its turn for ever, once its run has died: Python would never end."""
    for name, module in list(sys.modules.items()):
        if name.startswith("kanmon.") and hasattr(module, "ThreadPoolExecutor"):
            monkeypatch.setattr(module, "ThreadPoolExecutor", InTurn)


def _config(
    number: int, traffic: str = "all-at-once", *, triggers: bool = False, shared: bool = False
) -> Config:
    """Each version has limits of its own, so that every release changes the live stage's settings.

    With `shared` it changes every stack outside of the slots, too, and opens their policies.
    """
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": 10.0 + number}}
    more: dict[str, Any] = {"user_pool": {}}
    if triggers:
        more = {"schedules": NIGHTLY, "user_pool": GREETING}
    if shared:
        more |= {"tags": {"version": str(number)}, "allow_destroy": ["DatabaseCluster"]}
    # Few are kept, so that releases are pruned.
    return make_config(traffic=TRAFFIC[traffic], api=api, releases={"kept": 2}, **more)


@cache
def _released(count: int) -> Cloud:
    cloud = Cloud()
    for number in range(count):
        release(cloud, f"old{number}", config=_config(number))
    return cloud


def _cloud(count: int) -> Cloud:
    """A cloud with some stable releases, in a time of its own."""
    return copy.deepcopy(_released(count))


@cache
def _two_planned() -> tuple[Cloud, tuple[Plan, ...]]:
    """Two plans over the same live release."""
    cloud = _cloud(1)
    bundles = [make_bundle(cloud, f"new{number}", config=_config(number)) for number in (8, 9)]
    return cloud, tuple(plan_of(cloud, manifest) for manifest in bundles)


def _deployer(plan: Plan) -> Callable[[Services], Outcome]:
    return lambda services: deploy(services, plan, FakeApproval(), ignore, lift_freeze="fixed")


class Interleaving(RuleBasedStateMachine):
    """Runs around one cloud. What they do next is chosen at random."""

    @initialize(count=st.sampled_from([2, 3, 2, 3, 1, 0]))
    def begin(self, count: int) -> None:
        self.cloud = _cloud(count)
        self.promises = Promises(self.cloud)
        self.table = Table(self.cloud, self.promises.after_call)
        self.versions = 0

    def _pick(self, number: int) -> Run:
        running = self.table.running
        return running[number % len(running)]

    @precondition(lambda self: len(self.table.running) < AT_ONCE)
    @rule(run=DEPLOYS | ROLLBACKS | RECOVERIES)
    def start(self, run: tuple[str, dict[str, Any]]) -> None:
        kind, choices = run
        works: dict[str, Callable[..., Work]] = {
            "deploy": self._deploy,
            "rollback": self._rollback,
            "recover": self._recover,
        }
        self._start(kind, works[kind](**choices))

    def _start(self, kind: str, work: Work) -> None:
        self.promises.begin()
        self.table.start(kind, work)

    def _deploy(self, traffic: str, fault: str, *, triggers: bool, page: bool, shared: bool) -> Work:
        self.versions += 1
        config = _config(self.versions + 10, traffic, triggers=triggers, shared=shared)
        pages = {f"page{self.versions}.html": "new"} if page else None
        manifest = make_bundle(self.cloud, f"new{self.versions}", config=config, pages=pages)
        plan = plan_of(self.cloud, manifest)
        if fault == "alarm":
            self.cloud.noisy.add(plan.release)
        elif fault != "nothing":
            self.cloud.faulty.add((plan.release, fault.partition(" ")[0]))
        if fault == "live and stable" and plan.base:
            self.cloud.faulty.add((plan.base, "stable"))
        return _deployer(plan)

    def _rollback(self, wanted: int | None) -> Work:
        releases = sorted(self.promises.releases)
        release = None if wanted is None or not releases else releases[wanted % len(releases)]

        def run(services: Services) -> Outcome:
            target = rollback_target(services.ledger, release)
            return rollback(services, make_config(), target, FakeApproval(), ignore, reason="it hurts")

        return run

    def _recover(self, keep: bool | None, *, wait: bool) -> Work:
        return lambda services: recover(services, ignore, FakeApproval(), keep=keep, wait=wait)

    @precondition(lambda self: self.promises.open and 0 < len(self.table.running) < AT_ONCE)
    @rule(kind=st.sampled_from([DecisionKind.PROMOTE, DecisionKind.ABORT]))
    def decide(self, kind: DecisionKind) -> None:
        """Another terminal promotes or aborts the running release."""

        def leave(services: Services) -> None:
            decide(services, kind, FakeApproval())

        self._start("decide", leave)

    @precondition(lambda self: self.table.running)
    @rule(turns=st.lists(st.tuples(NUMBERS, CALLS), min_size=3, max_size=10))
    def advance(self, turns: list[tuple[int, int]]) -> None:
        for number, calls in turns:
            for _ in range(calls):
                if self.table.running:
                    self.table.advance(self._pick(number))

    @precondition(lambda self: self.table.running)
    @rule(number=NUMBERS)
    def finish(self, number: int) -> None:
        self.table.finish(self._pick(number))

    @precondition(lambda self: self.promises.open and 0 < len(self.table.running) < AT_ONCE)
    @rule(number=NUMBERS, keep=DECISIONS, calls=st.integers(0, 60))
    def take_over(self, number: int, keep: bool | None, calls: int) -> None:
        """One run is suspended for longer than its lease. Another one recovers its operation."""
        late = self._pick(number)
        self.table.pass_time((LENGTH + LARGEST_DRIFT).total_seconds(), [late])
        self._start("recover", self._recover(keep, wait=False))
        taker = self.table.runs[-1]
        for _ in range(calls):
            if not taker.ended:
                self.table.advance(taker)

    @precondition(lambda self: self.table.running)
    @rule(number=NUMBERS, seconds=st.sampled_from([42, 47]), drift=DRIFTS)
    def hesitate(self, number: int, seconds: int, drift: float) -> None:
        """A change passes its fence late, with a slow clock, and takes as long as a request may take."""
        run = self._pick(number)
        while not run.ended and (run.stands_at.startswith("store.") or only_reads(run.stands_at)):
            self.table.advance(run)
        if run.ended or run.sent is not None:
            return
        self.table.renew(run)
        run.drift = LARGEST_DRIFT * drift
        self.table.pass_time(seconds, [run])
        self.table.advance(run)
        self.table.pass_time(LONGEST_REQUEST.total_seconds(), [run])

    @precondition(lambda self: self.table.running)
    @rule(
        number=NUMBERS,
        blow=st.sampled_from([Blow.DEATH, Blow.DEATH_AFTER, Blow.LOST_ANSWER, Blow.INTERRUPT]),
    )
    def strike(self, number: int, blow: Blow) -> None:
        run = self._pick(number)
        if run.stands_at.startswith("clock.") and blow is Blow.LOST_ANSWER:
            blow = Blow.INTERRUPT
        self.table.advance(run, blow)

    @precondition(lambda self: self.table.running)
    @rule(number=NUMBERS, lost=st.booleans(), drift=DRIFTS)
    def renew(self, number: int, lost: bool, drift: float) -> None:
        """A run renews its lease. Its clock was set: no two clocks differ by more than the largest drift."""
        run = self._pick(number)
        run.drift = LARGEST_DRIFT * drift
        self.table.renew(run, lost=lost)

    @rule(
        share=st.sampled_from([0.1, 0.25, 0.6, 0.7, 1.1]),
        asleep=st.lists(NUMBERS, max_size=AT_ONCE),
    )
    def pass_time(self, share: float, asleep: list[int]) -> None:
        sleeping = [self._pick(number) for number in asleep] if self.table.running else []
        self.table.pass_time((LENGTH * share).total_seconds(), sleeping)

    def teardown(self) -> None:
        if not hasattr(self, "table"):
            return
        for run in self.table.running:
            self.table.kill(run)
        counts["calls"] += sum(len(run.process.calls) for run in self.table.runs)
        counts["runs"] += len(self.table.runs)
        for run in self.table.runs:
            counts[_ending(run)] += 1
        if self.table.violation:
            return
        try:
            self._comes_to_an_end()
        except AssertionError as violation:
            violation.add_note(self.table.last_stops)
            raise

    def _comes_to_an_end(self) -> None:
        cloud = self.cloud
        cloud.clock.outlast_lease()
        cloud.clock.move(LARGEST_DRIFT)
        recover(cloud.services(), ignore, FakeApproval(), keep=False if is_held(cloud.ledger) else None)
        expect_one_release(cloud)
        cloud.faulty.clear()
        cloud.noisy.clear()
        outcome = release(cloud, "last", config=_config(9), lift_freeze="fixed")
        assert outcome.result is Result.STABLE, str(outcome.failure)
        expect_one_release(cloud)


def _ending(run: Run) -> str:
    if run.outcome:
        code = run.outcome.failure.code.name if run.outcome.failure else ""
        return f"{run.name.partition('-')[0]} {run.outcome.result} {code}".strip()
    if isinstance(run.error, KanmonError):
        return f"{run.name.partition('-')[0]} refused {run.error.code.name}"
    return f"{run.name.partition('-')[0]} {type(run.error).__name__}"


_REFUSALS = {Code.LOCKED, Code.PLAN_STALE, Code.UNFINISHED, Code.HELD}


@pytest.mark.parametrize("seed", range(50))
def test_of_two_deployers_exactly_one_proceeds(seed: int) -> None:
    """CD-14: both have an approved plan over the same live release, and begin at once."""
    planned, plans = _two_planned()
    cloud, chance = copy.deepcopy(planned), random.Random(seed)
    table = Table(cloud, Promises(cloud).after_call)
    runs = [table.start("deploy", _deployer(plan)) for plan in plans]
    longest = chance.choice([1, 5, 40, 1000])
    while table.running:
        run = chance.choice(table.running)
        for _ in range(chance.choice([1, 2, longest])):
            if not run.ended:
                table.advance(run)
    first, second = sorted(runs, key=lambda run: run.outcome is None)
    assert first.outcome
    assert first.outcome.result is Result.STABLE
    assert second.outcome is None
    assert isinstance(second.error, KanmonError)
    assert second.error.code in _REFUSALS
    assert second.changes == 0
    assert cloud.ledger.head().operations == 2, "the release before, and the one that proceeded"
    expect_one_release(cloud)


@pytest.mark.timeout(7200)
def test_interleaved_runs_keep_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """CD-13, CD-14, NFR-2"""
    counts.clear()
    budget = settings(
        max_examples=EXAMPLES or 60,
        stateful_step_count=50,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
        print_blob=True,
    )
    run_state_machine_as_test(Interleaving, settings=budget)
    calls, runs = counts.pop("calls"), counts.pop("runs")
    assert calls > _FEWEST_CALLS
    with capsys.disabled():
        endings = ", ".join(f"{count} {ending}" for ending, count in counts.most_common())
        sys.stdout.write(f"\n{calls} calls of {runs} interleaved runs: {endings}\n")
