"""What a run that died left behind is finished or undone, knowing nothing but the ledger (CD-13)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Result, State
from kanmon.release.lease import lease
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import go_back, ignore, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.events import Event
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud

CONFIG = make_config(traffic=CANARY)


def _recover(cloud: Cloud, *, keep: bool | None = None) -> Outcome | None:
    return recover(cloud.world(), CONFIG, ignore, keep=keep)


def _die_in(cloud: Cloud, state: State, clock: Clock) -> None:
    """Release version two in a process that dies just after it announced a state."""
    whole, process = cloud.copy(), Process()
    announced: list[int] = []
    release(
        whole,
        "two",
        config=CONFIG,
        process=process,
        observer=lambda event: (
            announced.append(len(process.calls)) if event.facts.get("state") == state.value else None
        ),
    )
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=CONFIG, process=Process(at=announced[0] + 1, blow=Blow.DEATH))
    clock.advance(minutes=2)


def _hold(cloud: Cloud, *, as_canary: bool = False) -> None:
    release(cloud, "one", config=CONFIG)
    if as_canary:
        config = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": "5s"}]})
        cloud.faulty.add(("r1", "stable"))
        after_candidate = lambda event: (  # noqa: E731
            cloud.faulty.add(("r2", "candidate")) if "percent" in event.facts else None
        )
        outcome = release(cloud, "two", config=config, observer=after_candidate)
    else:
        cloud.faulty |= {("r2", "live"), ("r1", "stable")}
        outcome = release(cloud, "two", config=CONFIG)
    assert outcome.result is Result.HELD


def test_nothing_to_do(cloud: Cloud) -> None:
    assert _recover(cloud) is None
    release(cloud, "one")
    writes = list(cloud.store.writes)
    assert _recover(cloud) is None
    assert cloud.store.writes == writes


@pytest.mark.parametrize(
    ("state", "result", "live"),
    [
        (State.LOCKED, Result.ABORTED, "r1"),
        (State.PROVISIONED, Result.ABORTED, "r1"),
        (State.VERIFIED, Result.ABORTED, "r1"),
        (State.SHIFTING, Result.ROLLED_BACK, "r1"),
        (State.LIVE, Result.ROLLED_BACK, "r1"),
        (State.STABLE, Result.STABLE, "r2"),
    ],
)
def test_each_state_comes_to_its_end(
    cloud: Cloud, clock: Clock, state: State, result: Result, live: str
) -> None:
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, state, clock)
    outcome = _recover(cloud)
    assert outcome
    assert (outcome.result, cloud.users, cloud.ledger.head().live) == (result, (live, live), live)
    assert not cloud.trials
    assert _recover(cloud) is None


def test_a_run_that_is_alive_is_left_alone(cloud: Cloud, clock: Clock) -> None:
    """CD-14"""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, State.LIVE, clock)
    clock.advance(minutes=-2)
    with pytest.raises(KanmonError) as caught:
        _recover(cloud)
    assert caught.value.code is Code.LOCKED


def test_what_is_held_waits_for_a_person(cloud: Cloud) -> None:
    _hold(cloud)
    with pytest.raises(KanmonError) as caught:
        _recover(cloud)
    assert caught.value.code is Code.HELD
    assert cloud.users == ("r2", "r2")


def test_what_is_held_can_be_kept(cloud: Cloud) -> None:
    _hold(cloud)
    outcome = _recover(cloud, keep=True)
    head = cloud.ledger.head()
    assert outcome
    assert (outcome.result, cloud.users) == (Result.STABLE, ("r2", "r2"))
    assert (head.held, head.attempt, head.stable) == (False, None, ("r1", "r2"))
    assert not cloud.trials


def test_what_is_held_can_be_undone(cloud: Cloud) -> None:
    _hold(cloud)
    outcome = _recover(cloud, keep=False)
    assert outcome
    assert (outcome.result, cloud.users) == (Result.ROLLED_BACK, ("r1", "r1"))
    assert (cloud.ledger.head().held, cloud.ledger.head().attempt) == (False, None)


@pytest.mark.parametrize(("keep", "live"), [(True, "r2"), (False, "r1")])
def test_what_is_held_as_canary_ends_whole_either_way(
    cloud: Cloud, clock: Clock, keep: bool, live: str
) -> None:
    """The ledger must not call a release live that has only a share of the requests."""
    del clock
    _hold(cloud, as_canary=True)
    assert (cloud.users, cloud.canary_release()) == (("r1", "r1"), "r2")
    assert _recover(cloud, keep=keep)
    assert (cloud.users, cloud.ledger.head().live) == ((live, live), live)
    assert cloud.canary_release() is None


@pytest.mark.parametrize("state", [State.PROVISIONED, State.LIVE])
def test_keep_does_not_make_stable_what_was_never_held(cloud: Cloud, clock: Clock, state: State) -> None:
    """`--keep` decides what is held; a deploy that died is undone all the same."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, state, clock)
    assert _recover(cloud, keep=True)
    assert (cloud.users, cloud.ledger.head().live) == (("r1", "r1"), "r1")


def test_a_dead_rollback_is_done_again_to_the_same_release(cloud: Cloud, clock: Clock) -> None:
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    whole, process = cloud.copy(), Process()
    go_back(whole, "r2", process=process)
    at = process.calls.index("apigateway.update_stage") + 1
    with pytest.raises(ProcessDied):
        go_back(cloud, "r2", process=Process(at=at, blow=Blow.DEATH))
    assert cloud.users == ("r2", "r3")
    clock.advance(minutes=2)
    outcome = _recover(cloud)
    assert outcome
    assert (outcome.result, cloud.users) == (Result.ROLLED_BACK, ("r2", "r2"))


def test_a_run_that_died_before_its_first_record_did_nothing(cloud: Cloud, clock: Clock) -> None:
    clock.advance(minutes=0)
    cloud.ledger.amend_head(lambda head: head.model_copy(update={"attempts": 1, "attempt": 1}))
    assert _recover(cloud) is None
    assert cloud.ledger.head().attempt is None


def test_finishing_lifts_the_freeze_that_the_deploy_had_a_reason_to_lift(cloud: Cloud, clock: Clock) -> None:
    release(cloud, "one", config=CONFIG)
    release(cloud, "zero", config=CONFIG)
    go_back(cloud)
    whole, process = cloud.copy(), Process()
    release(whole, "two", config=CONFIG, process=process, lift_freeze="mended")
    at = len(process.calls) - process.calls[::-1].index("apigateway.delete_stage")
    dying = Process(at=at, blow=Blow.DEATH)
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=CONFIG, process=dying, lift_freeze="mended")
    clock.advance(minutes=2)
    assert _recover(cloud)
    assert (cloud.users, cloud.ledger.head().freeze) == (("r3", "r3"), None)


def _wait(cloud: Cloud, pause: Callable[[float], None], patience: float) -> tuple[Outcome | None, list[str]]:
    """Recover with patience; what came of it, and what was told."""
    told: list[Event] = []
    world = replace(cloud.world(), pause=pause)
    return recover(world, CONFIG, told.append, patience=patience), [event.text for event in told]


def test_the_lease_of_a_dead_run_is_waited_for(cloud: Cloud, clock: Clock) -> None:
    """CD-13, CD-14: as the last step of a job whose process was killed."""
    release(cloud, "one", config=CONFIG)
    _die_in(cloud, State.LIVE, clock)
    clock.advance(minutes=-2)  # at the moment of its death
    outcome, told = _wait(cloud, lambda seconds: clock.advance(seconds=seconds), 180)
    assert outcome
    assert (outcome.result, cloud.users) == (Result.ROLLED_BACK, ("r1", "r1"))
    assert "waiting for kim@" in told[0]


def test_a_run_that_ends_meanwhile_needs_nothing_more(cloud: Cloud, clock: Clock) -> None:
    """A container goes on undoing after the runner has killed the client that it sees it by."""
    del clock
    with lease(cloud.ledger, "kim"):
        cloud.ledger.amend_head(lambda head: head.model_copy(update={"attempt": 1}))

        def end(_: float) -> None:
            cloud.ledger.amend_head(lambda head: head.model_copy(update={"attempt": None}))

        assert _wait(cloud, end, 180)[0] is None


def test_a_run_that_stays_at_work_keeps_its_lease(cloud: Cloud, clock: Clock) -> None:
    with lease(cloud.ledger, "kim"):
        cloud.ledger.amend_head(lambda head: head.model_copy(update={"attempt": 1}))
        with pytest.raises(KanmonError, match="kim@") as caught:
            _wait(cloud, clock.pause, 10)
    assert caught.value.code is Code.LOCKED
    assert sum(clock.pauses) == 10
