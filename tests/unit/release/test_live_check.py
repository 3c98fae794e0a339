"""A change outside of the slot is checked on the live release at once (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.model import Result
from tests.fakes.app import make_config
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud

OTHER = make_config(tags={"team": "b"})
"""With it every stack changes."""


def _breaks_with(cloud: Cloud, stack: str) -> Callable[[Event], None]:
    """An observer: the live release is broken while this stack has its new tags."""

    def observe(event: Event) -> None:
        if event.facts.get("stack") == stack:
            broken = cloud.stacks.stacks[stack].tags.get("team") == "b"
            (cloud.faulty.add if broken else cloud.faulty.discard)(("r1", "live"))

    return observe


def test_a_harmful_change_ends_the_release_and_is_undone(cloud: Cloud) -> None:
    """CD-7, CD-10"""
    release(cloud, "one")
    before = cloud.stacks.stacks["shop-test-edge"].tags
    outcome = release(cloud, "two", config=OTHER, observer=_breaks_with(cloud, "shop-test-edge"))
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CHANGE_HARMS_LIVE
    assert "shop-test-edge" in failure_of(outcome).message
    assert cloud.stacks.stacks["shop-test-edge"].tags == before


@pytest.mark.parametrize("throttled", [True, False])
def test_a_throttled_check_names_the_accounts_concurrency(cloud: Cloud, throttled: bool) -> None:
    """AWS-1: the change is not to blame then."""
    release(cloud, "one")
    if throttled:
        cloud.throttled.add(("r1", "live"))
    outcome = release(cloud, "two", config=OTHER, observer=_breaks_with(cloud, "shop-test-edge"))
    assert failure_of(outcome).code is Code.CHANGE_HARMS_LIVE
    assert ("L-B99A9384" in failure_of(outcome).fix) is throttled


def test_nothing_more_begins_after_a_harmful_change(cloud: Cloud) -> None:
    """CD-5, CD-7: no hook, no preview."""
    release(cloud, "one")
    process = Process()
    release(cloud, "two", config=OTHER, process=process, observer=_breaks_with(cloud, "shop-test-edge"))
    assert not {"functions.invoke", "apigateway.create_stage"} & set(process.calls)


def test_a_check_that_fails_before_the_change_does_not_count(cloud: Cloud) -> None:
    """CD-7: the release may be the repair."""
    release(cloud, "one")
    cloud.faulty.add(("r1", "live"))
    texts: list[str] = []
    outcome = release(cloud, "two", config=OTHER, observer=lambda event: texts.append(event.text))
    assert outcome.result is Result.STABLE
    assert "health fails on r1 already and does not count: status is 500 instead of 200" in texts


def test_a_short_disturbance_takes_no_check_out(cloud: Cloud) -> None:
    """CD-7: the check failed once before the change, and the change is harmful."""
    release(cloud, "one")
    cloud.faulty.add(("r1", "live"))

    def recovers(name: str, action: Callable[[], Any]) -> Any:
        answer = action()
        if name == "checks.run":
            cloud.faulty.discard(("r1", "live"))
        return answer

    observer = _breaks_with(cloud, "shop-test-edge")
    outcome = release(cloud, "two", config=OTHER, process=Process(around=recovers), observer=observer)
    assert failure_of(outcome).code is Code.CHANGE_HARMS_LIVE


def test_a_change_of_the_slot_alone_needs_no_check(cloud: Cloud) -> None:
    release(cloud, "one")
    release(cloud, "two")
    assert ("live", "r1") not in cloud.checked[2:]


def test_the_first_release_has_no_users_to_check(cloud: Cloud) -> None:
    assert release(cloud, "one").result is Result.STABLE
    assert cloud.checked[0] == ("candidate", "r1")
