"""Another terminal promotes or aborts a running release; the run itself obeys (CD-8, CD-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import DecisionKind, Lease
from kanmon.model import OperationKind, Result, Step
from kanmon.release.decide import decide
from tests.fakes.app import make_config
from tests.fakes.ledger import operation, write_head
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import failure_of, operation_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.approval.prompt import Approvable
    from kanmon.model import Approval
    from kanmon.release.events import Event
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

SLOW = make_config(
    traffic={
        "strategy": "canary",
        "steps": [{"percent": 10, "bake": "12s"}, {"percent": 50, "bake": "12s"}],
        "bake": "12s",
    }
)


def _decide(cloud: Cloud, kind: DecisionKind, reason: str = "") -> None:
    decide(cloud.services(actor="aki"), kind, FakeApproval(), reason=reason)


def _when(text: str, act: Callable[[], None]) -> Callable[[Event], None]:
    """An observer. It acts once, at the first event with this text."""
    done: list[bool] = []

    def observe(event: Event) -> None:
        if text in event.text and not done:
            done.append(True)
            act()

    return observe


@pytest.fixture
def stable(cloud: Cloud) -> Cloud:
    release(cloud, "one")
    return cloud


def _codes(cloud: Cloud, kind: DecisionKind) -> Code:
    with pytest.raises(KanmonError) as caught:
        _decide(cloud, kind)
    return caught.value.code


def test_promoting_a_canary_skips_the_rest_of_it(stable: Cloud, clock: Clock) -> None:
    """CD-8: the live release is still baked."""
    promote = _when("10 % of API requests go to r2", lambda: _decide(stable, DecisionKind.PROMOTE))
    outcome = release(stable, "two", config=SLOW, observer=promote)
    assert outcome.result is Result.STABLE
    steps = [one.step for one in operation_of(outcome).steps]
    assert steps == [Step.LOCK, Step.PROVISION, Step.VERIFY, Step.SHIFT, Step.PROMOTE, Step.COMPLETE]
    assert sum(clock.pauses) == 12


def test_promoting_the_live_release_completes_it(stable: Cloud, clock: Clock) -> None:
    """CD-8"""
    promote = _when("the page is that of r2", lambda: _decide(stable, DecisionKind.PROMOTE))
    assert release(stable, "two", config=SLOW, observer=promote).result is Result.STABLE
    assert sum(clock.pauses) == 24


def test_a_decision_is_recorded_with_its_approval(stable: Cloud) -> None:
    """CD-3, CD-11"""
    promote = _when("10 % of API", lambda: _decide(stable, DecisionKind.PROMOTE, "the metrics are fine"))
    recorded = operation_of(release(stable, "two", config=SLOW, observer=promote))
    (decision,) = recorded.decisions
    assert decision.approval.by == "aki"
    assert decision.approval.digest == recorded.digest
    assert decision.reason == "the metrics are fine"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("r2 goes into", Result.ABORTED),
        ("checking r2 as candidate", Result.ABORTED),
        ("10 % of API requests go to r2", Result.ROLLED_BACK),
        ("the page is that of r2", Result.ROLLED_BACK),
    ],
)
def test_an_abort_ends_the_release_where_it_is(stable: Cloud, text: str, result: Result) -> None:
    """CD-8, CD-10"""
    abort = _when(text, lambda: _decide(stable, DecisionKind.ABORT, "prices are wrong"))
    outcome = release(stable, "two", config=SLOW, observer=abort)
    assert outcome.result is result
    assert failure_of(outcome).code is Code.ABORT_REQUESTED
    assert failure_of(outcome).message == "aki aborted r2: prices are wrong."
    assert stable.users == ("r1", "r1")


def test_an_abort_needs_no_comparison_with_the_stable_release(stable: Cloud) -> None:
    abort = _when("the page is that of r2", lambda: _decide(stable, DecisionKind.ABORT))
    release(stable, "two", config=SLOW, observer=abort)
    assert ("stable", "r1") not in stable.checked


def test_a_decision_for_an_earlier_step_does_not_count(stable: Cloud, clock: Clock) -> None:
    """It was meant for the canary; the live release has its own bake."""
    canary = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": 0}], "bake": "12s"})
    promote = _when("10 % of API requests go to r2", lambda: _decide(stable, DecisionKind.PROMOTE))
    outcome = release(stable, "two", config=canary, observer=promote)
    assert outcome.result is Result.STABLE
    assert sum(clock.pauses) == 12


def test_an_unreadable_decision_is_no_fault_of_the_release(stable: Cloud) -> None:
    whole, process = stable.copy(), Process()
    release(whole, "two", config=make_config(), process=process)
    at = len(process.calls) - process.calls[::-1].index("store.get")
    assert release(stable, "two", config=make_config(), process=Process(at=at)).result is Result.STABLE


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_without_an_operation_there_is_nothing_to_decide(stable: Cloud, kind: DecisionKind) -> None:
    assert _codes(stable, kind) is Code.NOTHING_RUNS


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_nobody_would_obey_in_a_dead_run(stable: Cloud, clock: Clock, kind: DecisionKind) -> None:
    """CD-13"""
    whole, process = stable.copy(), Process()
    release(whole, "two", config=SLOW, process=process)
    at = process.calls.index("apigateway.update_stage") + 1
    with pytest.raises(ProcessDied):
        release(stable, "two", config=SLOW, process=Process(at=at, blow=Blow.DEATH))
    clock.outlast_lease()
    assert _codes(stable, kind) is Code.NOTHING_RUNS


@pytest.mark.parametrize("kind", [DecisionKind.PROMOTE, DecisionKind.ABORT])
def test_a_rollback_by_hand_is_not_decided(stable: Cloud, kind: DecisionKind) -> None:
    by_hand = operation(2).model_copy(update={"kind": OperationKind.ROLLBACK})
    stable.store.put("operations/000002.json", by_hand.model_dump_json().encode(), expected=None)
    lease = Lease(holder="kim", expires=stable.clock.now().replace(year=2030))
    write_head(stable.ledger, operation=2, lease=lease)
    assert _codes(stable, kind) is Code.NOTHING_RUNS


def test_a_candidate_is_not_promoted_before_its_checks(stable: Cloud) -> None:
    """CD-7"""
    refused: list[Code] = []
    watch = _when("checking r2", lambda: refused.append(_codes(stable, DecisionKind.PROMOTE)))
    release(stable, "two", config=make_config(), observer=watch)
    assert refused == [Code.NOTHING_RUNS]


def test_a_refused_approval_leaves_no_decision(stable: Cloud) -> None:
    """CD-3"""

    def refuse() -> None:
        with pytest.raises(KanmonError):
            decide(stable.services(), DecisionKind.ABORT, FakeApproval(approves=False))

    assert release(stable, "two", config=SLOW, observer=_when("10 %", refuse)).result is Result.STABLE
    assert not stable.store.keys("decisions/")


def test_nobody_replaces_an_abort(stable: Cloud) -> None:
    """CD-14: two people at two terminals."""
    codes: list[Code] = []

    def both() -> None:
        _decide(stable, DecisionKind.ABORT, "prices are wrong")
        codes.append(_codes(stable, DecisionKind.PROMOTE))

    outcome = release(stable, "two", config=SLOW, observer=_when("10 % of API requests go to r2", both))
    assert codes == [Code.NOTHING_RUNS]
    assert outcome.result is Result.ROLLED_BACK


@pytest.mark.parametrize("text", ["10 % of API", "the page is that of r2"])
def test_an_abort_counts_without_a_bake(stable: Cloud, text: str) -> None:
    """CD-10"""
    config = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": 0}], "bake": 0})
    abort = _when(text, lambda: _decide(stable, DecisionKind.ABORT))
    assert release(stable, "two", config=config, observer=abort).result is Result.ROLLED_BACK
    assert stable.users == ("r1", "r1")


def test_an_early_abort_changes_nothing(stable: Cloud) -> None:
    """CD-5: no stack, no hook."""
    executed, ran = list(stable.stacks.executed), list(stable.functions.ran)
    abort = _when("r2 goes into", lambda: _decide(stable, DecisionKind.ABORT))
    assert release(stable, "two", config=SLOW, observer=abort).result is Result.ABORTED
    assert (stable.stacks.executed, stable.functions.ran) == (executed, ran)


def test_an_abort_is_left_though_the_release_goes_on(stable: Cloud) -> None:
    """CD-10: during the approval the release went live."""

    def late() -> None:
        class Slowly(FakeApproval):
            def approve(self, what: Approvable) -> Approval:
                number = stable.ledger.head().operation or 0
                key = f"operations/{number:06d}.json"
                stable.store.objects[key] = stable.store.objects[key].replace(b'"shift"', b'"promote"')
                return super().approve(what)

        decide(stable.services(), DecisionKind.ABORT, Slowly())

    observer = _when("10 % of API", late)
    release(stable, "two", config=SLOW, observer=observer)
    assert stable.ledger.decision(2)


def test_a_promotion_does_not_hide_a_firing_alarm(stable: Cloud) -> None:
    """CD-8, MON-2"""

    def promote() -> None:
        stable.ringing["shop-test-rollback"] = "p95 is 9 s"
        _decide(stable, DecisionKind.PROMOTE)

    outcome = release(stable, "two", config=SLOW, observer=_when("the page is that of r2", promote))
    assert failure_of(outcome).code is Code.ALARM_FIRED
    assert stable.users == ("r1", "r1")
