"""Background work follows the live slot, whatever becomes of a release (CD-8, CD-10, CD-13)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Result
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, NIGHTLY, make_bundle, make_config
from tests.fakes.process import Process
from tests.fakes.runs import go_back, ignore, plan_of, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.events import Event
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud

CONFIG = make_config(traffic=CANARY, schedules=NIGHTLY)
IDLE = make_config(traffic=CANARY)
"""Without background work."""
BLUE, GREEN = "shop-test-slot-blue", "shop-test-slot-green"


def _state(cloud: Cloud, stack: str) -> str:
    return cloud.stacks.stacks[stack].parameters["Background"]


def _fail_at_the_end(cloud: Cloud, stack: str) -> Callable[[Event], None]:
    """An observer by which a stack's change fails once the release has passed everything."""

    def observe(event: Event) -> None:
        if "is stable" in event.text:
            cloud.stacks.failing.add(stack)

    return observe


def _recover(cloud: Cloud, *, keep: bool | None = None) -> Outcome:
    outcome = recover(cloud.world(), CONFIG, ignore, keep=keep)
    assert outcome
    return outcome


def test_a_release_works_only_once_it_has_passed_everything(cloud: Cloud) -> None:
    told: list[tuple[str, set[str]]] = []
    release(cloud, "one", config=CONFIG, observer=lambda event: told.append((event.text, cloud.working)))
    assert cloud.working == {"r1"}
    live = next(number for number, (text, _) in enumerate(told) if "is stable" in text)
    assert all(not working for _, working in told[:live])
    assert ("background work of r1 is on", {"r1"}) in told


def test_the_old_release_stops_before_the_new_one_begins(cloud: Cloud) -> None:
    """The same work is never done by two; `look` sees to that after every change."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG)
    assert (_state(cloud, BLUE), _state(cloud, GREEN)) == ("DISABLED", "ENABLED")
    assert cloud.stacks.executed[-3:] == [GREEN, BLUE, GREEN]


def test_the_release_is_recorded_as_it_came_up(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    record = cloud.ledger.release("r1")
    assert record
    assert record.slot_parameters["Background"] == "DISABLED"


def test_the_live_release_again_is_still_nothing_to_do(cloud: Cloud) -> None:
    """CD-6, NFR-2"""
    release(cloud, "one", config=CONFIG)
    assert plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged


def test_a_live_release_that_does_not_work_is_something_to_do(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    stack = cloud.stacks.stacks[BLUE]
    cloud.stacks.stacks[BLUE] = replace(stack, parameters=stack.parameters | {"Background": "DISABLED"})
    assert not plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged


@pytest.mark.parametrize("target", ["candidate", "live"])
def test_a_release_that_fails_never_works(cloud: Cloud, target: str) -> None:
    release(cloud, "one", config=CONFIG)
    executed = len(cloud.stacks.executed)
    cloud.faulty.add(("r2", target))
    assert release(cloud, "two", config=CONFIG).result in {Result.ABORTED, Result.ROLLED_BACK}
    assert cloud.working == {"r1"}
    assert cloud.stacks.executed[executed:] == [GREEN]


def test_a_first_release_that_is_taken_back_leaves_nothing_at_work(cloud: Cloud) -> None:
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", config=CONFIG).result is Result.ROLLED_BACK
    assert cloud.working == set()


@pytest.mark.parametrize("to", ["r2", "r1"])
def test_a_rollback_by_hand_takes_the_work_along(cloud: Cloud, to: str) -> None:
    """CD-10: r2 is still in its slot; r1 is put into it again, and comes up with its work off."""
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    assert go_back(cloud, to).result is Result.ROLLED_BACK
    assert (cloud.working, cloud.users) == ({to}, (to, to))


def test_an_app_without_such_work_asks_aws_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one call more than when nobody asks."""
    release(cloud, "one", config=IDLE)
    other, asked, unasked = cloud.copy(), Process(), Process()
    release(cloud, "two", config=IDLE, process=asked)
    go_back(cloud, process=asked)
    for module in ("deploy", "rollback"):
        monkeypatch.setattr(f"kanmon.release.{module}.follow", lambda *_: None)
    release(other, "two", config=IDLE, process=unasked)
    go_back(other, process=unasked)
    assert asked.calls == unasked.calls


@pytest.mark.parametrize("failing", [BLUE, GREEN])
def test_a_failure_leaves_users_where_they_are_and_the_rest_to_recover(cloud: Cloud, failing: str) -> None:
    """CD-13: whether the one could not be turned off, or the other not on."""
    release(cloud, "one", config=CONFIG)
    outcome = release(cloud, "two", config=CONFIG, observer=_fail_at_the_end(cloud, failing))
    assert (outcome.result, cloud.users) == (Result.FAILED, ("r2", "r2"))
    assert outcome.failure
    assert "could not be completed: " in outcome.failure.message
    assert cloud.working <= {"r1"}
    cloud.stacks.failing.clear()
    assert _recover(cloud).result is Result.STABLE
    assert (cloud.working, cloud.users) == ({"r2"}, ("r2", "r2"))


def test_what_can_never_be_completed_can_be_taken_back(cloud: Cloud) -> None:
    """Otherwise no mended release could ever follow it."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG, observer=_fail_at_the_end(cloud, GREEN))
    with pytest.raises(KanmonError) as caught:
        _recover(cloud)
    assert caught.value.code is Code.STACK_FAILED
    assert _recover(cloud, keep=False).result is Result.ROLLED_BACK
    assert (cloud.working, cloud.users, cloud.ledger.head().stable) == ({"r1"}, ("r1", "r1"), ("r1",))


def test_a_slot_that_somebody_changed_is_not_touched(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)

    def change(event: object) -> None:
        del event
        cloud.stacks.bodies[BLUE] = cloud.stacks.bodies[BLUE].replace("Timeout: 30", "Timeout: 3")

    body = cloud.stacks.bodies[BLUE]
    outcome = release(cloud, "two", config=CONFIG, observer=change)
    assert cloud.stacks.bodies[BLUE] != body, "the test changes nothing"
    assert outcome.failure
    assert (outcome.result, outcome.failure.code) == (Result.FAILED, Code.SLOT_CHANGED)
    assert "Function (AWS::Lambda::Function)" in outcome.failure.message
    assert cloud.users == ("r2", "r2")


def test_a_stack_that_is_still_changing_is_waited_for(cloud: Cloud, clock: Clock) -> None:
    """A run died while CloudFormation worked; it goes on without it."""
    release(cloud, "one", config=CONFIG)
    stack = cloud.stacks.stacks[BLUE]
    cloud.stacks.stacks[BLUE] = replace(stack, status="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    pause = clock.pause

    def end(seconds: float) -> None:
        pause(seconds)
        cloud.stacks.stacks[BLUE] = stack

    clock.pause = end  # type: ignore[method-assign]
    outcome = release(cloud, "two", config=CONFIG, clock=clock)
    assert (outcome.result, clock.pauses, cloud.working) == (Result.STABLE, [5], {"r2"})
