"""Rollback alarms are watched while a release bakes (CD-7, CD-8, MON-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import AlarmRecord
from kanmon.model import Result, Step
from kanmon.release.recover import recover
from tests.fakes.app import CANARY, make_config
from tests.fakes.ledger import is_held
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, ignore, operation_of, release
from tests.fakes.services import FakeAlarms, FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

CONFIG = make_config(traffic=CANARY)
SLOW = make_config(traffic={"strategy": "canary", "steps": [{"percent": 10, "bake": "12s"}], "bake": 0})
APP, GREEN = "shop-test-rollback", "shop-test-green-rollback"


def _at(word: str, act: Callable[[], object]) -> Callable[[Event], None]:
    """An observer. It acts at each event with this word in its text."""

    def observe(event: Event) -> None:
        if word in event.text:
            act()

    return observe


def test_an_alarm_of_the_candidates_slot_ends_the_canary(cloud: Cloud) -> None:
    """The shortest bake looks at the alarms, too."""
    release(cloud, "one", config=CONFIG)
    cloud.noisy.add("r2")
    outcome = release(cloud, "two", config=CONFIG)
    assert outcome.result is Result.ROLLED_BACK
    assert failure_of(outcome).code is Code.ALARM_FIRED
    assert f"{GREEN} fires: errors: 9 % is more than 5 %." in failure_of(outcome).message
    assert f"--alarm-name {GREEN}`" in failure_of(outcome).fix
    assert cloud.users == ("r1", "r1")
    assert cloud.canary_release() is None


def test_the_page_does_not_move_before_the_canary_passed(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    cloud.noisy.add("r2")
    release(cloud, "two", config=CONFIG)
    assert cloud.seen == [(None, None), (None, "r1"), ("r1", "r1")]


def test_a_fired_alarm_is_recorded(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    cloud.noisy.add("r2")
    outcome = release(cloud, "two", config=CONFIG)
    assert operation_of(outcome).alarms == (AlarmRecord(name=GREEN, reason="errors: 9 % is more than 5 %"),)


def test_an_alarm_is_not_compared_with_the_stable_release(cloud: Cloud) -> None:
    """A release without users has no alarm to compare with."""
    release(cloud, "one", config=CONFIG)
    cloud.noisy.add("r2")
    release(cloud, "two", config=CONFIG)
    assert ("stable", "r1") not in cloud.checked


def test_an_alarm_of_the_app_rolls_a_live_release_back(cloud: Cloud) -> None:
    release(cloud, "one")

    def ring() -> None:
        cloud.ringing[APP] = "p95 is 3 s"

    outcome = release(cloud, "two", observer=_at("the page is that of r2", ring))
    assert outcome.result is Result.ROLLED_BACK
    assert failure_of(outcome).code is Code.ALARM_FIRED
    assert cloud.users == ("r1", "r1")


def test_an_alarm_in_the_middle_of_a_bake_ends_it(cloud: Cloud, clock: Clock) -> None:
    release(cloud, "one", config=SLOW)

    def ring() -> None:
        if len(clock.pauses) == 2:
            cloud.ringing[GREEN] = "errors"

    outcome = release(cloud, "two", config=SLOW, observer=_at("passed", ring))
    assert failure_of(outcome).code is Code.ALARM_FIRED
    assert clock.pauses == [5, 5]


@pytest.mark.parametrize("name", ["shop-test-blue-rollback", "store-test-rollback", "shop-test-2-rollback"])
def test_other_alarms_do_not_count(cloud: Cloud, name: str) -> None:
    """Nor does that of the live release's slot: it does not measure the candidate."""
    release(cloud, "one", config=CONFIG)

    def ring() -> None:
        cloud.ringing[name] = "errors"

    outcome = release(cloud, "two", config=CONFIG, observer=_at("10 %", ring))
    assert outcome.result is Result.STABLE
    assert operation_of(outcome).alarms == ()


def test_an_alarm_from_before_is_reported_and_does_not_count(cloud: Cloud) -> None:
    """The release may be its repair."""
    release(cloud, "one", config=CONFIG)
    cloud.ringing[APP] = "p95 is 3 s"
    texts: list[str] = []
    outcome = release(cloud, "two", config=CONFIG, observer=lambda event: texts.append(event.text))
    assert outcome.result is Result.STABLE
    assert f"{APP} fires already and does not count: p95 is 3 s" in texts
    assert operation_of(outcome).alarms == (AlarmRecord(name=APP, reason="p95 is 3 s", before=True),)


def test_an_alarm_from_before_counts_again_after_it_was_quiet(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    cloud.ringing[APP] = "p95 is 3 s"

    def repair_then_break(event: Event) -> None:
        if "10 %" in event.text:
            cloud.ringing.clear()
        if "50 %" in event.text and event.facts.get("step") != Step.SHIFT.value:
            cloud.ringing[APP] = "p95 is 9 s"

    outcome = release(cloud, "two", config=CONFIG, observer=repair_then_break)
    assert outcome.result is Result.ROLLED_BACK
    assert failure_of(outcome).code is Code.ALARM_FIRED
    assert [record.before for record in operation_of(outcome).alarms] == [True, False]


def _looks(cloud: Cloud, config: Config) -> list[int]:
    """The numbers of the calls for alarms in an undisturbed release."""
    whole, process = cloud.copy(), Process()
    release(whole, "two", config=config, process=process)
    return [number for number, name in enumerate(process.calls, 1) if name == "alarms.firing"]


def test_unreadable_alarms_at_the_start_abort_the_release(cloud: Cloud) -> None:
    """Nothing was changed yet."""
    release(cloud, "one", config=CONFIG)
    executed = list(cloud.stacks.executed)
    outcome = release(cloud, "two", config=CONFIG, process=Process(at=_looks(cloud, CONFIG)[0]))
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.AWS_FAILED
    assert cloud.users == ("r1", "r1")
    assert cloud.stacks.executed == executed


def test_one_failed_look_decides_nothing(cloud: Cloud) -> None:
    release(cloud, "one", config=SLOW)
    texts: list[str] = []
    process = Process(at=_looks(cloud, SLOW)[1])
    outcome = release(
        cloud, "two", config=SLOW, process=process, observer=lambda event: texts.append(event.text)
    )
    assert outcome.result is Result.STABLE
    assert any(text.startswith("the alarms can't be read: ") for text in texts)


def test_alarms_are_read_at_the_start_and_in_each_bake(cloud: Cloud) -> None:
    """Before, at both shares, and live."""
    release(cloud, "one", config=CONFIG)
    assert len(_looks(cloud, CONFIG)) == 4


def test_throttled_alarms_name_both_fixes(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS-1: the account's, and then the end of the hold."""
    release(cloud, "one", config=CONFIG)
    looks: list[str] = []

    def firing(*_: object) -> list[str]:
        if not looks:
            looks.append("before")
            return []
        raise KanmonError(Code.AWS_FAILED, "AWS answered DescribeAlarms with Throttling: Rate exceeded.")

    monkeypatch.setattr(FakeAlarms, "firing", firing)
    outcome = release(cloud, "two", config=CONFIG)
    assert failure_of(outcome).code is Code.ALARMS_UNREADABLE
    assert "wait a minute" in failure_of(outcome).fix
    assert Code.ALARMS_UNREADABLE.fix in failure_of(outcome).fix


@pytest.mark.parametrize(
    ("look", "api", "canary"), [(1, "r1", "r2"), (3, "r2", None)], ids=["canary", "live"]
)
def test_unreadable_alarms_later_hold_the_release_where_it_is(
    cloud: Cloud, look: int, api: str, canary: str | None
) -> None:
    """Nothing is known to be wrong with it, and nothing to be right: a person decides."""
    release(cloud, "one", config=CONFIG)
    outcome = release(cloud, "two", config=CONFIG, process=Process(at=_looks(cloud, CONFIG)[look]))
    assert outcome.result is Result.HELD
    assert failure_of(outcome).code is Code.ALARMS_UNREADABLE
    assert cloud.api_release() == api
    assert cloud.canary_release() == canary
    assert is_held(cloud.ledger)


@pytest.mark.parametrize(("keep", "live"), [(True, "r2"), (False, "r1")])
@pytest.mark.parametrize("look", [1, 3], ids=["canary", "live"])
def test_a_release_held_for_its_alarms_ends_as_decided(
    cloud: Cloud, look: int, keep: bool, live: str
) -> None:
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG, process=Process(at=_looks(cloud, CONFIG)[look]))
    assert recover(cloud.services(), ignore, FakeApproval(), keep=keep)
    assert cloud.users == (live, live)
    assert cloud.ledger.head().live == live
