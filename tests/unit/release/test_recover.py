"""Recovery finishes or undoes the work of a dead run, by the ledger alone (CD-13)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kanmon.aws.fence import Fence
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import DecisionKind
from kanmon.model import ReleaseState, Result, Step
from kanmon.release.lease import LONGEST_WAIT, lease
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.ledger import operation
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import ignore, release, roll_back
from tests.fakes.services import FakeApproval
from tests.fakes.whole import expect_one_release

if TYPE_CHECKING:
    from kanmon.approval.prompt import Approvable
    from kanmon.model import Approval
    from kanmon.release.events import Event, Observer
    from kanmon.release.walk import Outcome
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

CONFIG = make_config(traffic=CANARY)
FIRST, SECOND = (f"https://github.test/acme/shop/actions/runs/7/attempts/{number}" for number in (1, 2))


def _recover(
    cloud: Cloud, *, keep: bool | None = None, wait: bool = False, observer: Observer = ignore
) -> Outcome | None:
    return recover(cloud.services(), observer, FakeApproval(), keep=keep, wait=wait)


def _recovered(cloud: Cloud, *, keep: bool | None = None) -> Outcome:
    """The end of a recovery with something to do."""
    outcome = _recover(cloud, keep=keep)
    assert outcome
    return outcome


def _die_in(cloud: Cloud, step: Step, run: str = "") -> None:
    """Release version two in a process. It dies just after it announced a step."""
    whole, process = cloud.copy(), Process()
    announced: list[int] = []
    release(
        whole,
        "two",
        config=CONFIG,
        process=process,
        observer=lambda event: (
            announced.append(len(process.calls)) if event.facts.get("step") == step.value else None
        ),
    )
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=CONFIG, process=Process(at=announced[0] + 1, blow=Blow.DEATH), run=run)


@pytest.fixture
def held(cloud: Cloud) -> Cloud:
    """Release two is live and held."""
    release(cloud, "one", config=CONFIG)
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    assert release(cloud, "two", config=CONFIG, run=FIRST).result is Result.HELD
    return cloud


@pytest.fixture
def held_canary(cloud: Cloud) -> Cloud:
    """Release two is held with a share of the requests."""
    release(cloud, "one", config=CONFIG)
    config = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": "5s"}]})
    cloud.faulty.add(("r1", "stable"))

    def breaks(event: Event) -> None:
        if "percent" in event.facts:
            cloud.faulty.add(("r2", "candidate"))

    assert release(cloud, "two", config=config, observer=breaks).result is Result.HELD
    assert cloud.canary_release() == "r2"
    return cloud


def _recorded_reason(cloud: Cloud, *, keep: bool | None = None) -> str:
    recorded = _recovered(cloud, keep=keep).operation
    assert recorded
    assert recorded.failure
    return recorded.failure.message


def test_the_history_names_the_last_step_of_a_dying_run(cloud: Cloud, clock: Clock) -> None:
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.SHIFT)
    clock.outlast_lease()
    assert _recorded_reason(cloud) == "The run of kim did not finish. Its last step was: shift."


@pytest.mark.parametrize(("keep", "kind"), [(True, "keep"), (False, "undo")])
def test_the_history_has_the_hold_and_its_decision(held: Cloud, keep: bool, kind: str) -> None:
    """CD-11: why it was held, and who decided."""
    failure = held.ledger.operations()[-1].failure
    recover(held.services(actor="bo"), ignore, FakeApproval(), keep=keep)
    recorded = held.ledger.operations()[-1]
    assert recorded.failure == failure
    (decision,) = recorded.decisions
    assert (decision.kind.value, decision.approval.by) == (kind, "aki")


@pytest.fixture
def dead(cloud: Cloud, clock: Clock) -> Cloud:
    """The run `FIRST` died in the canary of `r2`, and its lease has expired."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.SHIFT, FIRST)
    clock.outlast_lease()
    return cloud


def test_a_run_ends_its_own_operation_under_its_approval(dead: Cloud) -> None:
    """It needs no second approval, and so no GitHub (TRU-4)."""
    approver = FakeApproval(approves=False)
    outcome = recover(dead.services(run=FIRST), ignore, approver)
    assert outcome
    assert outcome.result is Result.ROLLED_BACK
    assert approver.asked == 0


@pytest.mark.parametrize("run", [SECOND, ""], ids=["another attempt", "a terminal"])
def test_without_an_approval_another_run_moves_nothing(dead: Cloud, run: str) -> None:
    """TRU-4"""
    before = dead.state
    with pytest.raises(KanmonError) as caught:
        recover(dead.services(run=run), ignore, FakeApproval(approves=False))
    assert caught.value.code is Code.NOT_APPROVED
    assert dead.state == before


def test_no_terminal_owns_an_operation_of_a_terminal(cloud: Cloud, clock: Clock) -> None:
    """Both have no run, and are two people for all that (TRU-4)."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.SHIFT)
    clock.outlast_lease()
    with pytest.raises(KanmonError) as caught:
        recover(cloud.services(), ignore, FakeApproval(approves=False))
    assert caught.value.code is Code.NOT_APPROVED


@pytest.mark.parametrize("keep", [True, False])
def test_a_decision_is_never_under_the_old_approval(held: Cloud, keep: bool) -> None:
    """Its reviewers approved a release that passes its checks (TRU-4)."""
    with pytest.raises(KanmonError) as caught:
        recover(held.services(run=FIRST), ignore, FakeApproval(approves=False), keep=keep)
    assert caught.value.code is Code.NOT_APPROVED


def test_the_history_has_the_approval_of_a_recovery(dead: Cloud) -> None:
    """TRU-4"""
    recover(dead.services(run=SECOND), ignore, FakeApproval())
    (decision,) = dead.ledger.operations()[-1].decisions
    assert (decision.kind.value, decision.approval.by) == ("recover", "aki")


def test_an_approval_is_for_one_operation_only(dead: Cloud, clock: Clock) -> None:
    """While the approver thinks, another run ends it, begins the next one and dies (TRU-4)."""

    class Slow(FakeApproval):
        def approve(self, what: Approvable) -> Approval:
            recover(dead.services(), ignore, FakeApproval())
            process = Process(at=40, blow=Blow.DEATH)
            with pytest.raises(ProcessDied):
                release(dead, "three", config=CONFIG, lift_freeze="fixed", process=process)
            clock.outlast_lease()
            return super().approve(what)

    with pytest.raises(KanmonError) as caught:
        recover(dead.services(run=SECOND), ignore, Slow())
    assert caught.value.code is Code.UNFINISHED
    assert dead.ledger.head().operation == 3


def test_after_an_ended_release_there_is_nothing_to_do(cloud: Cloud) -> None:
    assert _recover(cloud) is None
    release(cloud, "one")
    writes = list(cloud.store.writes)
    assert _recover(cloud) is None
    assert cloud.store.writes == writes


@pytest.mark.parametrize(
    ("step", "result", "live"),
    [
        (Step.LOCK, Result.ABORTED, "r1"),
        (Step.PROVISION, Result.ABORTED, "r1"),
        (Step.VERIFY, Result.ABORTED, "r1"),
        (Step.SHIFT, Result.ROLLED_BACK, "r1"),
        (Step.PROMOTE, Result.ROLLED_BACK, "r1"),
        (Step.COMPLETE, Result.STABLE, "r2"),
    ],
)
def test_a_dead_run_is_brought_to_its_end_from_any_state(
    cloud: Cloud, clock: Clock, step: Step, result: Result, live: str
) -> None:
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, step)
    clock.outlast_lease()
    events: list[Event] = []
    recovered = _recover(cloud, observer=events.append)
    assert recovered
    assert recovered.result is result
    assert re.findall(r"users (?:stay on|return to) (r\d)", events[0].text) == [live]
    assert cloud.users == (live, live)
    assert cloud.ledger.head().live == live
    assert not cloud.previews
    assert _recover(cloud) is None


def _calls_of_completion(cloud: Cloud) -> list[int]:
    """The numbers of the calls that release two makes in its last step, up to the operation's own end."""
    announced: list[int] = []
    process = Process()
    release(
        cloud.copy(),
        "two",
        config=CONFIG,
        process=process,
        observer=lambda event: (
            announced.append(len(process.calls)) if event.facts.get("step") == Step.COMPLETE else None
        ),
    )
    # The last writes are the record, the head, and the return of the lease.
    ends = [number for number, call in enumerate(process.calls, 1) if call == "store.put"][-3]
    return list(range(announced[0] + 1, ends + 1))


def _die_at(cloud: Cloud, call: int, blow: Blow) -> None:
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=CONFIG, process=Process(at=call, blow=blow))
    cloud.clock.outlast_lease()


def test_an_undone_release_was_never_stable(cloud: Cloud) -> None:
    """CD-13, CD-9: `--undo` has one end, also when the ledger had the release as stable already."""
    release(cloud, "one", config=CONFIG)
    for call in _calls_of_completion(cloud):
        dead = cloud.copy()
        _die_at(dead, call, Blow.DEATH)
        assert _recovered(dead, keep=False).result is Result.ROLLED_BACK
        record = dead.ledger.release("r2")
        assert record
        assert (record.state, record.stable_at) == (ReleaseState.ROLLED_BACK, None)
        assert dead.ledger.head().kept == ("r1",)
        expect_one_release(dead)


def test_undoing_a_complete_release_is_a_decision(cloud: Cloud, clock: Clock) -> None:
    """CD-11: recovery alone would have kept it."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.COMPLETE)
    clock.outlast_lease()
    recorded = _recovered(cloud, keep=False).operation
    assert recorded
    assert [decision.kind for decision in recorded.decisions] == [DecisionKind.UNDO]


def test_an_ended_release_is_not_undone_in_words_alone(cloud: Cloud) -> None:
    """CD-13: the run died between the operation's result and the head. Users are on the stable release."""
    release(cloud, "one", config=CONFIG)
    _die_at(cloud, _calls_of_completion(cloud)[-1], Blow.DEATH_AFTER)
    with pytest.raises(KanmonError, match="Operation 2 has ended: r2 is stable") as caught:
        _recover(cloud, keep=False)
    assert caught.value.code is Code.UNFINISHED
    assert "kanmon rollback" in caught.value.fix
    assert cloud.users == ("r2", "r2")
    assert roll_back(cloud).result is Result.ROLLED_BACK
    expect_one_release(cloud)


def test_a_living_run_is_left_alone(cloud: Cloud) -> None:
    """CD-14"""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.PROMOTE)
    with pytest.raises(KanmonError) as caught:
        _recover(cloud)
    assert caught.value.code is Code.LOCKED


def test_a_held_release_waits_for_a_decision(held: Cloud) -> None:
    with pytest.raises(KanmonError) as caught:
        _recover(held)
    assert caught.value.code is Code.HELD
    assert held.users == ("r2", "r2")


def test_a_held_release_can_be_kept(held: Cloud) -> None:
    assert _recovered(held, keep=True).result is Result.STABLE
    head = held.ledger.head()
    assert head.operation is None
    kept = held.ledger.release("r2")
    assert kept
    assert kept.state is ReleaseState.STABLE
    assert held.users == ("r2", "r2")
    assert not held.previews


def test_a_held_release_can_be_undone(held: Cloud) -> None:
    assert _recovered(held, keep=False).result is Result.ROLLED_BACK
    head = held.ledger.head()
    assert head.operation is None
    assert held.users == ("r1", "r1")


@pytest.mark.parametrize(("keep", "live"), [(True, "r2"), (False, "r1")])
def test_a_held_canary_ends_as_decided(held_canary: Cloud, keep: bool, live: str) -> None:
    """No release is live in the ledger with only a share of the requests."""
    assert held_canary.users == ("r1", "r1")
    assert _recover(held_canary, keep=keep)
    assert held_canary.users == (live, live)
    assert held_canary.ledger.head().live == live
    assert held_canary.canary_release() is None


@pytest.mark.parametrize("step", [Step.PROVISION, Step.PROMOTE])
def test_keep_is_refused_without_a_hold(cloud: Cloud, clock: Clock, step: Step) -> None:
    """The release did not pass everything. Without `--keep` it would be undone, against the wish."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, step)
    clock.outlast_lease()
    with pytest.raises(KanmonError, match="Operation 2 is not held") as caught:
        _recover(cloud, keep=True)
    assert caught.value.code is Code.UNFINISHED
    assert cloud.ledger.head().operation == 2


@pytest.mark.parametrize(("keep", "end"), [(True, "all users stay on r2"), (False, "all users return to r1")])
def test_a_decision_shows_the_end_before_it_is_approved(held: Cloud, keep: bool, end: str) -> None:
    events: list[Event] = []

    class Refusal:
        def approve(self, what: Approvable) -> Approval:
            raise KanmonError(Code.NOT_APPROVED, what.release)

    with pytest.raises(KanmonError):
        recover(held.services(), events.append, Refusal(), keep=keep)
    assert [event.text.partition(": ")[2].partition(",")[0] for event in events] == [end]


def test_a_dead_rollback_is_repeated_to_the_same_release(cloud: Cloud, clock: Clock) -> None:
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    whole, process = cloud.copy(), Process()
    roll_back(whole, "r2", process=process)
    at = process.calls.index("apigateway.update_stage") + 1
    with pytest.raises(ProcessDied):
        roll_back(cloud, "r2", process=Process(at=at, blow=Blow.DEATH))
    assert cloud.users == ("r2", "r3")
    clock.outlast_lease()
    assert _recovered(cloud).result is Result.ROLLED_BACK
    assert cloud.users == ("r2", "r2")


def test_a_run_dead_before_the_head_began_nothing(cloud: Cloud) -> None:
    """CD-13: it left the record of an operation without a head for it."""
    before = cloud.copy()
    release(before, "one", config=CONFIG)
    key = "operations/000001.json"
    cloud.store.objects[key] = before.store.objects[key]
    assert _recover(cloud) is None
    assert cloud.ledger.operations() == []
    release(cloud, "two", config=CONFIG)
    assert [one.number for one in cloud.ledger.operations()] == [1]


def test_a_completed_deploy_lifts_the_freeze_with_its_reason(cloud: Cloud, clock: Clock) -> None:
    """The dead deploy had a reason to lift it."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "zero", config=CONFIG)
    roll_back(cloud)
    whole, process = cloud.copy(), Process()
    release(whole, "two", config=CONFIG, process=process, lift_freeze="fixed")
    at = len(process.calls) - process.calls[::-1].index("apigateway.delete_stage")
    dying = Process(at=at, blow=Blow.DEATH)
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=CONFIG, process=dying, lift_freeze="fixed")
    clock.outlast_lease()
    assert _recover(cloud)
    assert cloud.users == ("r3", "r3")
    assert cloud.ledger.head().freeze is None


def test_recover_can_wait_for_the_lease_of_a_dead_run(cloud: Cloud) -> None:
    """CD-13, CD-14: as the last step of a job after its process was killed."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.PROMOTE)
    events: list[Event] = []
    outcome = recover(cloud.services(), events.append, FakeApproval(), wait=True)
    assert outcome
    assert outcome.result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert "waiting for kim@" in events[0].text


def test_a_run_ending_while_recover_waits_needs_nothing(cloud: Cloud, clock: Clock) -> None:
    """A container goes on undoing after the runner has killed its own client."""
    with lease(cloud.ledger, clock, Fence(), "kim") as working:
        working.writer.amend_head(lambda head: head.model_copy(update={"operation": 1}))

        def end() -> None:
            working.writer.amend_head(lambda head: head.model_copy(update={"operation": None}))

        clock.after_pause = end
        assert _recover(cloud, wait=True) is None
    assert len(clock.pauses) == 1


def test_recover_does_not_wait_for_ever_for_a_run_at_work(cloud: Cloud, clock: Clock) -> None:
    with lease(cloud.ledger, clock, Fence(), "kim") as working:
        working.writer.begin_operation(operation(1))
        clock.after_pause = working.renew
        with pytest.raises(KanmonError, match="kim@") as caught:
            _recover(cloud, wait=True)
    assert caught.value.code is Code.LOCKED
    assert sum(clock.pauses) == pytest.approx(LONGEST_WAIT.total_seconds(), abs=2)


@pytest.mark.parametrize("keep", [None, True, False])
def test_a_decided_operation_is_not_decided_again(held: Cloud, clock: Clock, keep: bool | None) -> None:
    """CD-13: the run that undid it died between its record and the head."""
    whole, process = held.copy(), Process()
    recover(whole.services(process), ignore, FakeApproval(), keep=False)
    # The last writes are the record, the head, and the return of the lease.
    at = [number for number, call in enumerate(process.calls, 1) if call == "store.put"][-3]
    with pytest.raises(ProcessDied):
        recover(held.services(Process(at=at, blow=Blow.DEATH_AFTER)), ignore, FakeApproval(), keep=False)
    clock.outlast_lease()
    assert held.ledger.head().operation == 2
    ended = held.ledger.operations()[-1]
    assert _recovered(held, keep=keep).result is Result.ROLLED_BACK
    assert held.ledger.operations()[-1].model_copy(update={"token": ended.token}) == ended
    assert held.ledger.head().operation is None


def test_a_recovery_that_fails_is_no_refusal(cloud: Cloud, clock: Clock) -> None:
    """CD-13: the operation is still open, at whatever call the recovery fails."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, Step.PROMOTE)
    clock.outlast_lease()
    whole, process = cloud.copy(), Process()
    recover(whole.services(process), ignore, FakeApproval())
    first = process.calls.index("store.put") + 1
    outcome = recover(cloud.services(Process(at=first)), ignore, FakeApproval())
    assert outcome
    assert outcome.open
    assert outcome.failure
    assert "Operation 2 is open." in outcome.failure.message


@pytest.mark.parametrize(("keep", "live"), [(True, "r2"), (False, "r1")])
def test_a_dead_decision_is_carried_out(held: Cloud, clock: Clock, keep: bool, live: str) -> None:
    """CD-13: the run died after the first write of its step. Nobody has to decide again."""
    whole, process = held.copy(), Process()
    recover(whole.services(process), ignore, FakeApproval(), keep=keep)
    # The lease, the operation, two releases, then the step.
    at = [number for number, call in enumerate(process.calls, 1) if call == "store.put"][4]
    with pytest.raises(ProcessDied):
        recover(held.services(Process(at=at, blow=Blow.DEATH_AFTER)), ignore, FakeApproval(), keep=keep)
    clock.outlast_lease()
    assert _recovered(held).operation
    assert held.ledger.head().live == live
    assert held.users == (live, live)
