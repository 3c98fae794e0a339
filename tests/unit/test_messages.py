"""What people are told of each way a release can go (CD-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.notify import Kind, Message
from kanmon.release.rollback import rollback_target
from kanmon.report.messages import Errand, Messenger
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.runs import go_back, plan_of, release

if TYPE_CHECKING:
    from kanmon.ledger import Attempt


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def messenger() -> Messenger:
    return Messenger(make_config(), "hanako", "https://run", "https://app")


def newest(cloud: Cloud) -> Attempt:
    attempt = cloud.ledger.attempt(cloud.ledger.head().attempts)
    assert attempt is not None
    return attempt


def test_waiting_asks_for_the_review_with_the_plans_numbers(cloud: Cloud, messenger: Messenger) -> None:
    release(cloud, "a1")
    message = messenger.waiting(Errand.deploy(plan_of(cloud, make_bundle(cloud, "b2"))))
    assert (message.kind, message.release) == (Kind.WAITING, "r2")
    assert message.headline == "shop test: r2 waits for approval"
    assert message.links[0] == ("Review and approve", "https://run")
    facts = dict(message.facts)
    assert "changed" in facts["resources"]
    assert (facts["commit"], facts["by"]) == ("b20000000000", "hanako")


def test_a_rollback_that_waits_says_where_it_goes(cloud: Cloud, messenger: Messenger) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    target = rollback_target(cloud.ledger, None)
    message = messenger.waiting(Errand.rollback(target, "r2", "it hurts"))
    assert message.headline == "shop test: the rollback to r1 waits for approval"
    assert dict(message.facts) == {
        "from": "r2",
        "to": "r1, commit a10000000000",
        "reason": "it hurts",
        "by": "hanako",
    }
    assert messenger.started(Errand.rollback(target, "r2", "")).headline == "shop test: rolling back to r1"


def test_success(cloud: Cloud, messenger: Messenger) -> None:
    release(cloud, "a1")
    message = messenger.ended(newest(cloud))
    assert (message.kind, message.headline, message.cause) == (Kind.SUCCEEDED, "shop test: r1 is live", "")
    assert {"by", "approved by", "took"} <= dict(message.facts).keys()
    assert message.links == (("Run", "https://run"), ("App", "https://app"))


def ended(cloud: Cloud, messenger: Messenger, *faults: tuple[str, str]) -> Message:
    release(cloud, "a1")
    cloud.faulty.update(faults)
    release(cloud, "b2")
    return messenger.ended(newest(cloud))


def test_a_release_that_took_itself_back_says_why(cloud: Cloud, messenger: Messenger) -> None:
    message = ended(cloud, messenger, ("r2", "live"))
    assert message.kind is Kind.ROLLED_BACK
    assert message.headline == "shop test: r2 was rolled back, users are on r1"
    assert message.cause.startswith("KNM-")
    assert "users were back after" in dict(message.facts)


def test_a_release_that_nobody_saw_is_a_failure(cloud: Cloud, messenger: Messenger) -> None:
    message = ended(cloud, messenger, ("r2", "candidate"))
    assert message.kind is Kind.FAILED
    assert message.headline == "shop test: r2 was given up before any user saw it"
    assert "status is 500" in message.cause


def test_a_held_release_asks_for_a_person(cloud: Cloud, messenger: Messenger) -> None:
    message = ended(cloud, messenger, ("r2", "live"), ("r1", "live"), ("r1", "stable"))
    assert message.kind in {Kind.HELD, Kind.ROLLED_BACK}


def test_a_rollback(cloud: Cloud, messenger: Messenger) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    go_back(cloud)
    message = messenger.ended(newest(cloud))
    assert message.kind is Kind.ROLLED_BACK
    assert message.headline == "shop test: users are back on r1, r2 was taken back"


def test_a_run_that_began_nothing(messenger: Messenger) -> None:
    message = messenger.refused("KNM-326: Nobody approved.")
    assert (message.kind, message.release) == (Kind.FAILED, "")
    assert message.cause == "KNM-326: Nobody approved."
