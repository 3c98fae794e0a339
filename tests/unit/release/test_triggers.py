"""Triggers are on in the live slot only, whatever becomes of a release (CD-8, CD-10, CD-13)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.model import Result
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, NIGHTLY, make_bundle, make_config
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, ignore, plan_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.events import Event
    from kanmon.release.walk import Outcome
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

CONFIG = make_config(traffic=CANARY, schedules=NIGHTLY)
WITHOUT = make_config(traffic=CANARY, user_pool={})
"""Without triggers."""
BLUE, GREEN = "shop-test-slot-blue", "shop-test-slot-green"


def _state(cloud: Cloud, stack: str) -> str:
    return cloud.stacks.stacks[stack].parameters["Triggers"]


def _fail_at_the_end(cloud: Cloud, stack: str) -> Callable[[Event], None]:
    """An observer: a stack's change fails once the release has passed everything."""

    def observe(event: Event) -> None:
        if "is stable" in event.text:
            cloud.stacks.failing.add(stack)

    return observe


def _recover(cloud: Cloud, *, keep: bool | None = None) -> Outcome:
    outcome = recover(cloud.services(), ignore, FakeApproval(), keep=keep)
    assert outcome
    return outcome


def test_triggers_are_on_once_a_release_has_passed_everything(cloud: Cloud) -> None:
    seen: list[tuple[str, set[str]]] = []
    release(cloud, "one", config=CONFIG, observer=lambda event: seen.append((event.text, cloud.triggers_on)))
    stable = next(number for number, (text, _) in enumerate(seen) if "is stable" in text)
    assert all(not triggers_on for _, triggers_on in seen[:stable])
    assert ("the triggers of r1 are on", {"r1"}) in seen
    assert cloud.triggers_on == {"r1"}


def test_old_triggers_are_off_before_new_ones_are_on(cloud: Cloud) -> None:
    """No work is done by two releases; `look` sees to that after every change."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG)
    assert _state(cloud, BLUE) == "DISABLED"
    assert _state(cloud, GREEN) == "ENABLED"
    assert cloud.stacks.executed[-3:] == [GREEN, BLUE, GREEN]


def test_a_release_is_recorded_with_its_triggers_off(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    record = cloud.ledger.release("r1")
    assert record
    assert record.stacks["slot"].parameters["Triggers"] == "DISABLED"


def test_the_live_release_again_is_nothing_to_do(cloud: Cloud) -> None:
    """CD-6, NFR-2"""
    release(cloud, "one", config=CONFIG)
    assert plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged


def test_a_live_release_with_its_triggers_off_has_to_be_fixed(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    stack = cloud.stacks.stacks[BLUE]
    cloud.stacks.stacks[BLUE] = replace(stack, parameters=stack.parameters | {"Triggers": "DISABLED"})
    assert not plan_of(cloud, make_bundle(cloud, "one", config=CONFIG)).unchanged


@pytest.mark.parametrize(("target", "result"), [("candidate", Result.ABORTED), ("live", Result.ROLLED_BACK)])
def test_the_triggers_of_a_failed_release_were_never_on(cloud: Cloud, target: str, result: Result) -> None:
    release(cloud, "one", config=CONFIG)
    executed = len(cloud.stacks.executed)
    cloud.faulty.add(("r2", target))
    assert release(cloud, "two", config=CONFIG).result is result
    assert cloud.triggers_on == {"r1"}
    assert cloud.stacks.executed[executed:] == [GREEN]


def test_a_failed_first_release_leaves_no_triggers_on(cloud: Cloud) -> None:
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", config=CONFIG).result is Result.ROLLED_BACK
    assert cloud.triggers_on == set()


@pytest.mark.parametrize("to", ["r2", "r1"], ids=["in its slot", "put into a slot again"])
def test_a_rollback_by_hand_switches_the_triggers(cloud: Cloud, to: str) -> None:
    """CD-10"""
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    assert roll_back(cloud, to).result is Result.ROLLED_BACK
    assert cloud.triggers_on == {to}
    assert cloud.users == (to, to)


def test_an_app_without_triggers_makes_no_call_for_them(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(cloud, "one", config=WITHOUT)
    other, with_switch, without_switch = cloud.copy(), Process(), Process()
    release(cloud, "two", config=WITHOUT, process=with_switch)
    roll_back(cloud, process=with_switch)
    monkeypatch.setattr("kanmon.release.steps.switch_triggers", lambda *_: None)
    monkeypatch.setattr("kanmon.release.steps.switch_user_triggers", lambda *_: None)
    release(other, "two", config=WITHOUT, process=without_switch)
    roll_back(other, process=without_switch)
    assert with_switch.calls == without_switch.calls


@pytest.mark.parametrize("failing", [BLUE, GREEN], ids=["switch off", "switch on"])
def test_a_failed_switch_leaves_users_where_they_are(cloud: Cloud, failing: str) -> None:
    """CD-13"""
    release(cloud, "one", config=CONFIG)
    outcome = release(cloud, "two", config=CONFIG, observer=_fail_at_the_end(cloud, failing))
    assert outcome.result is Result.FAILED
    assert "could not be completed: " in failure_of(outcome).message
    assert cloud.users == ("r2", "r2")
    assert cloud.triggers_on <= {"r1"}


@pytest.mark.parametrize("failing", [BLUE, GREEN], ids=["switch off", "switch on"])
def test_recover_repeats_a_failed_switch(cloud: Cloud, failing: str) -> None:
    """CD-13"""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG, observer=_fail_at_the_end(cloud, failing))
    cloud.stacks.failing.clear()
    assert _recover(cloud).result is Result.STABLE
    assert cloud.triggers_on == {"r2"}
    assert cloud.users == ("r2", "r2")


def test_a_lastingly_failing_switch_can_be_undone(cloud: Cloud) -> None:
    """Otherwise no fixed release could come after it."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG, observer=_fail_at_the_end(cloud, GREEN))
    assert failure_of(_recover(cloud)).code is Code.STACK_FAILED
    assert _recover(cloud, keep=False).result is Result.ROLLED_BACK
    assert cloud.triggers_on == {"r1"}
    assert cloud.users == ("r1", "r1")


def test_a_slot_changed_by_somebody_else_is_not_touched(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)

    def change(event: object) -> None:
        del event
        cloud.stacks.bodies[BLUE] = cloud.stacks.bodies[BLUE].replace("Timeout: 30", "Timeout: 3")

    body = cloud.stacks.bodies[BLUE]
    outcome = release(cloud, "two", config=CONFIG, observer=change)
    assert cloud.stacks.bodies[BLUE] != body, "the test changes nothing"
    assert outcome.result is Result.FAILED
    assert failure_of(outcome).code is Code.SLOT_CHANGED
    assert "Function (AWS::Lambda::Function)" in failure_of(outcome).message
    assert cloud.users == ("r2", "r2")


def test_a_switch_waits_until_a_changing_stack_is_done(cloud: Cloud, clock: Clock) -> None:
    """A run died while CloudFormation worked; CloudFormation goes on."""
    release(cloud, "one", config=CONFIG)
    stack = cloud.stacks.stacks[BLUE]
    cloud.stacks.stacks[BLUE] = replace(stack, status="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    clock.after_pause = lambda: cloud.stacks.stacks.update({BLUE: stack})
    outcome = release(cloud, "two", config=CONFIG)
    assert outcome.result is Result.STABLE
    assert len(clock.pauses) == 1
    assert cloud.triggers_on == {"r2"}
