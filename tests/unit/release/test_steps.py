"""The steps act in the order that keeps users on a whole release (CD-8, CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Result
from kanmon.release.events import Event, EventKind
from tests.fakes.app import make_config
from tests.fakes.process import Process
from tests.fakes.runs import release

if TYPE_CHECKING:
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud


def test_steps_come_in_order(cloud: Cloud) -> None:
    """CD-5, CD-7: snapshot, stacks, hooks, web files, candidate's checks, API, page, checks again."""
    release(cloud, "one")
    process = Process()
    release(cloud, "two", process=process)
    steps = {
        "snapshots.begin", "snapshots.wait", "stacks.execute", "functions.invoke", "checks.run",
        "apigateway.create_stage", "apigateway.update_stage", "apigateway.delete_stage", "s3.put_object",
    }  # fmt: skip
    assert [call for call in process.calls if call in steps] == [
        "snapshots.begin",
        "snapshots.wait",
        "stacks.execute",
        "functions.invoke",
        "s3.put_object",  # the candidate's page
        "apigateway.create_stage",
        "apigateway.update_stage",  # the preview's settings
        "checks.run",
        "apigateway.update_stage",  # the API pointer
        "s3.put_object",  # the web pointer
        "checks.run",
        "apigateway.delete_stage",
    ]
    assert cloud.snapshots.done == ["shop-test-r2-2"]


def test_canary_gives_rising_shares_before_everyone(cloud: Cloud, clock: Clock) -> None:
    """CD-8"""
    config = make_config(traffic={"strategy": "canary", "steps": [
        {"percent": 10, "bake": "12s"}, {"percent": 50, "bake": 0},
    ]})  # fmt: skip
    release(cloud, "one", config=config)
    shares: list[float] = []

    def observe(event: Event) -> None:
        if event.kind is EventKind.TRAFFIC and "percent" in event.facts:
            shares.append(float(event.facts["percent"]))
            assert cloud.canary_release() == "r2"
            assert cloud.users == ("r1", "r1")

    assert release(cloud, "two", config=config, observer=observe).result is Result.STABLE
    assert shares == [10, 50]
    assert clock.pauses == [5, 5, 2]
    assert cloud.canary_release() is None


def test_a_rollback_moves_the_page_before_the_api(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process = Process()
    release(cloud, "two", process=process)
    pointers = {"s3.put_object", "apigateway.update_stage"}
    assert [call for call in process.calls if call in pointers][-2:] == [
        "s3.put_object",
        "apigateway.update_stage",
    ]


def test_the_api_moves_before_the_page(cloud: Cloud) -> None:
    """CD-8: users always have a whole page and a whole API."""
    release(cloud, "one")
    release(cloud, "two")
    assert cloud.users == ("r2", "r2")
    assert cloud.seen[-3:] == [("r1", "r1"), ("r1", "r2"), ("r2", "r2")]


def test_a_first_release_leaves_no_file_behind(cloud: Cloud) -> None:
    """CD-10: users have nothing, as before."""
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", pages={"new.html": "new"}).result is Result.ROLLED_BACK
    assert cloud.pages() == {}
