"""The lease: one run at a time, against runs that die and against runs that come back late (CD-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.release.deploy import deploy
from kanmon.release.lease import lease
from tests.fakes.app import make_bundle
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.release.events import Event
    from tests.fakes.cloud import Clock, Cloud


def test_another_run_is_refused_by_name(cloud: Cloud, clock: Clock) -> None:
    del clock
    with (
        lease(cloud.ledger, "kim"),
        pytest.raises(KanmonError, match="kim@") as caught,
        lease(cloud.ledger, "aki"),
    ):
        pass
    assert caught.value.code is Code.LOCKED


def test_it_is_given_back(cloud: Cloud) -> None:
    with lease(cloud.ledger, "kim"):
        assert cloud.ledger.head().lease
    assert cloud.ledger.head().lease is None


def test_an_expired_lease_is_taken_over_and_the_late_run_stops(cloud: Cloud, clock: Clock) -> None:
    with lease(cloud.ledger, "kim") as late:
        clock.advance(seconds=61)
        with lease(cloud.ledger, "aki") as held:
            held.guard()
            late.renew()
            with pytest.raises(KanmonError) as caught:
                late.guard()
            assert caught.value.code is Code.LEASE_LOST
            holder = cloud.ledger.head().lease
            assert holder
            assert holder.token == held.token > late.token


def test_the_late_run_does_not_give_back_what_is_not_its(cloud: Cloud, clock: Clock) -> None:
    kim = lease(cloud.ledger, "kim")
    kim.__enter__()
    clock.advance(seconds=61)
    with lease(cloud.ledger, "aki") as held:
        kim.__exit__(None, None, None)
        now = cloud.ledger.head().lease
        assert now
        assert now.token == held.token


def test_an_expired_lease_guards_nothing_even_when_nobody_took_it(cloud: Cloud, clock: Clock) -> None:
    with lease(cloud.ledger, "kim") as held:
        clock.advance(seconds=61)
        with pytest.raises(KanmonError):
            held.guard()


def test_renewal_prolongs_it(cloud: Cloud, clock: Clock) -> None:
    with lease(cloud.ledger, "kim") as held:
        for _ in range(5):
            clock.advance(seconds=50)
            held.renew()
            held.guard()


def test_fencing_token_rises_with_every_taking(cloud: Cloud) -> None:
    tokens = []
    for _ in range(4):
        with lease(cloud.ledger, "kim") as held:
            tokens.append(held.token)
    assert tokens == [1, 2, 3, 4]


def test_a_locked_environment_refuses_a_deploy_before_anything_changes(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with lease(cloud.ledger, "aki"), pytest.raises(KanmonError) as caught:
        deploy(cloud.world(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.LOCKED
    assert (cloud.stacks.executed, cloud.ledger.head().attempts) == ([], 0)


@pytest.mark.parametrize("state", ["locked", "provisioned", "verified", "live"])
def test_a_run_that_lost_its_lease_changes_nothing_more(cloud: Cloud, clock: Clock, state: str) -> None:
    release(cloud, "one")
    seen: list[object] = []

    def lose_it(event: Event) -> None:
        if event.facts.get("state") == state:
            clock.advance(minutes=5)
            cloud.ledger.amend_head(lambda head: head.model_copy(update={"lease": None}))
            seen.append((cloud.users, list(cloud.stacks.executed), cloud.trials))

    with pytest.raises(KanmonError) as caught:
        release(cloud, "two", observer=lose_it)
    assert caught.value.code is Code.LEASE_LOST
    assert seen == [(cloud.users, cloud.stacks.executed, cloud.trials)]
    assert cloud.ledger.head().attempt == 2
