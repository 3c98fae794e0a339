"""Smoke checks by hand: the live release's own, on its users' way to it (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.release.smoke import smoke
from tests.fakes.app import make_config
from tests.fakes.runs import ignore, release

if TYPE_CHECKING:
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud


def test_the_checks_of_the_live_release_run(cloud: Cloud) -> None:
    """Not those of the config, where they differ."""
    release(cloud, "a1")
    results = smoke(cloud.services(), make_config(checks=[{"name": "another", "path": "/"}]), ignore)
    assert [(result.check.name, result.target.name, result.passed) for result in results] == [
        ("health", "live", True),
        ("page", "live", True),
    ]


def test_each_verdict_is_sent_to_the_observer(cloud: Cloud) -> None:
    events: list[Event] = []
    release(cloud, "a1")
    smoke(cloud.services(), make_config(), events.append)
    assert [event.facts["check"] for event in events] == ["health", "page"]
    assert {event.at for event in events} == {cloud.clock.now()}


def test_a_smoke_check_changes_nothing(cloud: Cloud) -> None:
    release(cloud, "a1")
    head = cloud.ledger.head()
    cloud.faulty.add(("r1", "live"))
    results = smoke(cloud.services(), make_config(), ignore)
    assert [result.passed for result in results] == [False, False]
    assert cloud.ledger.head() == head


def test_before_the_first_release_there_is_nothing_to_check(cloud: Cloud) -> None:
    with pytest.raises(KanmonError) as caught:
        smoke(cloud.services(), make_config(), ignore)
    assert caught.value.code is Code.UNKNOWN_RELEASE
    assert caught.value.fix == "Release the app first, with `kanmon deploy`."
