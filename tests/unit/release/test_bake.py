"""Alarms gate a release while it is watched (CD-7, CD-8, MON-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code
from kanmon.ledger import AlarmRecord, Result, State
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.process import Process
from tests.fakes.runs import ignore, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config import Config
    from kanmon.release.events import Event
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud

CONFIG = make_config(traffic=CANARY)
SLOW = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": "12s"}], "bake": 0})
APP, BLUE, GREEN = "shop-test-gate", "shop-test-blue-gate", "shop-test-green-gate"


def _code(outcome: Outcome) -> Code:
    assert outcome.failure
    return outcome.failure.code


def _alarms(outcome: Outcome) -> tuple[AlarmRecord, ...]:
    assert outcome.attempt
    return outcome.attempt.alarms


def _at(word: str, act: Callable[[], object]) -> Callable[[Event], None]:
    """An observer that acts when something with this word in it is told."""

    def observe(event: Event) -> None:
        if word in event.text:
            act()

    return observe


def test_an_alarm_of_the_candidates_slot_takes_the_canary_back(cloud: Cloud) -> None:
    """No bake is too short to be looked at, and the stable release is not asked: it has no alarm to ask."""
    release(cloud, "one", config=CONFIG)
    cloud.noisy.add("r2")
    outcome = release(cloud, "two", config=CONFIG)
    assert (outcome.result, _code(outcome)) == (Result.ROLLED_BACK, Code.ALARM_FIRED)
    assert outcome.failure
    assert f"{GREEN} fires: errors: 9 % is more than 5 %." in outcome.failure.message
    assert _alarms(outcome) == (AlarmRecord(name=GREEN, reason="errors: 9 % is more than 5 %"),)
    assert (cloud.users, cloud.canary_release()) == (("r1", "r1"), None)
    assert ("stable", "r1") not in cloud.checked
    assert cloud.seen == [(None, None), (None, "r1"), ("r1", "r1")], "no page moved"


def test_an_alarm_of_the_app_takes_back_what_is_live(cloud: Cloud) -> None:
    config = make_config()
    release(cloud, "one", config=config)
    ring = lambda: cloud.ringing.update({APP: "p95 is 3 s"})  # noqa: E731
    outcome = release(cloud, "two", config=config, observer=_at("the page is that of r2", ring))
    assert (outcome.result, _code(outcome)) == (Result.ROLLED_BACK, Code.ALARM_FIRED)
    assert cloud.users == ("r1", "r1")


def test_an_alarm_that_begins_in_the_middle_of_a_bake_ends_it(cloud: Cloud, clock: Clock) -> None:
    release(cloud, "one", config=SLOW)
    ring = lambda: len(clock.pauses) == 2 and cloud.ringing.update({GREEN: "errors"})  # noqa: E731
    outcome = release(cloud, "two", config=SLOW, clock=clock, observer=_at("passed", ring))
    assert (_code(outcome), clock.pauses) == (Code.ALARM_FIRED, [5, 5])


@pytest.mark.parametrize("name", ["shop-test-blue-gate", "store-test-gate", "shop-test-2-gate"])
def test_other_alarms_do_not_count(cloud: Cloud, name: str) -> None:
    """The live release's own slot among them: its alarm would not speak of the candidate."""
    release(cloud, "one", config=CONFIG)
    ring = lambda: cloud.ringing.update({name: "errors"})  # noqa: E731
    outcome = release(cloud, "two", config=CONFIG, observer=_at("10 %", ring))
    assert (outcome.result, _alarms(outcome)) == (Result.STABLE, ())


def test_what_fired_before_is_told_and_does_not_count(cloud: Cloud) -> None:
    """It may be what the release mends."""
    release(cloud, "one", config=CONFIG)
    cloud.ringing[APP] = "p95 is 3 s"
    told: list[str] = []
    outcome = release(cloud, "two", config=CONFIG, observer=lambda event: told.append(event.text))
    assert outcome.result is Result.STABLE
    assert f"{APP} fires already and does not count: p95 is 3 s" in told
    assert _alarms(outcome) == (AlarmRecord(name=APP, reason="p95 is 3 s", before=True),)


def test_what_fired_before_counts_again_once_it_was_quiet(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    cloud.ringing[APP] = "p95 is 3 s"

    def mend_then_break(event: Event) -> None:
        if "10 %" in event.text:
            cloud.ringing.clear()
        if "50 %" in event.text and event.facts.get("state") != State.SHIFTING.value:
            cloud.ringing[APP] = "p95 is 9 s"

    outcome = release(cloud, "two", config=CONFIG, observer=mend_then_break)
    assert (outcome.result, _code(outcome)) == (Result.ROLLED_BACK, Code.ALARM_FIRED)
    assert [record.before for record in _alarms(outcome)] == [True, False]


def _looks(cloud: Cloud, config: Config, clock: Clock | None = None) -> list[int]:
    """The numbers of an undisturbed release's calls that look at the alarms."""
    whole, process = cloud.copy(), Process()
    release(whole, "two", config=config, process=process, clock=clock)
    return [number for number, name in enumerate(process.calls, 1) if name == "alarms.firing"]


def test_alarms_that_cannot_be_read_at_the_start_end_it_before_anything_changed(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    executed = list(cloud.stacks.executed)
    outcome = release(cloud, "two", config=CONFIG, process=Process(at=_looks(cloud, CONFIG)[0]))
    assert (outcome.result, _code(outcome)) == (Result.ABORTED, Code.AWS_FAILED)
    assert (cloud.users, cloud.stacks.executed) == (("r1", "r1"), executed)


def test_one_look_that_fails_is_no_verdict(cloud: Cloud, clock: Clock) -> None:
    release(cloud, "one", config=SLOW)
    told: list[str] = []
    process = Process(at=_looks(cloud, SLOW, clock)[1])
    outcome = release(
        cloud, "two", config=SLOW, process=process, clock=clock, observer=lambda one: told.append(one.text)
    )
    assert outcome.result is Result.STABLE
    assert any(text.startswith("the alarms can't be read: ") for text in told)


@pytest.mark.parametrize(
    ("look", "keep", "live"),
    [(1, True, "r2"), (1, False, "r1"), (3, True, "r2"), (3, False, "r1")],
)
def test_a_release_whose_alarms_cannot_be_read_is_held_where_it_is(
    cloud: Cloud, look: int, keep: bool, live: str
) -> None:
    """Nothing is known to be wrong with it, and nothing to be right: a person decides."""
    release(cloud, "one", config=CONFIG)
    looks = _looks(cloud, CONFIG)
    assert len(looks) == 4, "before, at both shares, and live"
    outcome = release(cloud, "two", config=CONFIG, process=Process(at=looks[look]))
    assert (outcome.result, _code(outcome)) == (Result.HELD, Code.ALARMS_UNREADABLE)
    on = ("r1", "r2") if look < 3 else ("r2", None)
    assert (cloud.api_release(), cloud.canary_release()) == on
    assert cloud.ledger.head().held
    assert recover(cloud.world(), CONFIG, ignore, keep=keep)
    assert (cloud.users, cloud.ledger.head().live) == ((live, live), live)
