"""Smoke checks by hand: the live release's own, on what users meet (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.release.session import ChecksFailedError, refuse_failed
from kanmon.release.smoke import smoke
from tests.fakes.app import make_config
from tests.fakes.cloud import Cloud
from tests.fakes.runs import ignore, release

if TYPE_CHECKING:
    from kanmon.release.events import Event


def test_the_live_releases_checks_run_and_are_told() -> None:
    cloud = Cloud()
    events: list[Event] = []
    release(cloud, "a1")
    head = cloud.ledger.head()
    results = smoke(cloud.world(), make_config(checks=[{"name": "another", "path": "/"}]), events.append)
    assert [(result.check.name, result.target.name, result.passed) for result in results] == [
        ("health", "live", True),
        ("page", "live", True),
    ]
    assert [event.facts["check"] for event in events] == ["health", "page"]
    assert cloud.ledger.head() == head


def test_a_check_that_fails_is_told_and_changes_nothing() -> None:
    cloud = Cloud()
    release(cloud, "a1")
    cloud.faulty.add(("r1", "live"))
    results = smoke(cloud.world(), make_config(), ignore)
    assert [result.passed for result in results] == [False, False]
    with pytest.raises(ChecksFailedError, match="health: status is 500 instead of 200") as caught:
        refuse_failed(results)
    assert caught.value.where == "r1 as live"
    assert cloud.ledger.head().live == "r1"


def test_before_the_first_release_there_is_nothing_to_check() -> None:
    with pytest.raises(KanmonError) as caught:
        smoke(Cloud().world(), make_config(), ignore)
    assert caught.value.code is Code.UNKNOWN_RELEASE
