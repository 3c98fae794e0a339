"""Nothing piles up, and nothing that a release needs is deleted (AWS-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Result
from tests.fakes.app import make_config
from tests.fakes.runs import release, roll_back

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud

CONFIG = make_config(releases={"kept": 2})


def test_the_newest_stable_releases_are_kept(cloud: Cloud) -> None:
    """AWS-2: an aborted one counts for nothing."""
    release(cloud, "one", config=CONFIG)
    release(cloud, "two", config=CONFIG)
    cloud.faulty.add(("r3", "candidate"))
    assert release(cloud, "bad", config=CONFIG).result is Result.ABORTED
    assert cloud.ledger.head().kept == ("r1", "r2")
    release(cloud, "three", config=CONFIG)
    assert cloud.ledger.head().kept == ("r2", "r4")


def test_an_old_release_stays_while_it_is_in_a_slot(cloud: Cloud) -> None:
    """AWS-2: after a rollback to it, the next release returns there when it fails."""
    for version in ("one", "two", "three"):
        release(cloud, version)
    roll_back(cloud, "r1")
    release(cloud, "four", config=CONFIG, lift_freeze="fixed")
    assert cloud.ledger.head().kept == ("r1", "r3", "r4")
    release(cloud, "five", config=CONFIG)
    assert cloud.ledger.head().kept == ("r4", "r5")
