"""The lease: one run at a time, against dead runs and against late ones (CD-14)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kanmon.aws.fence import LONGEST_REQUEST, Fence
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import Ledger
from kanmon.release.deploy import deploy
from kanmon.release.lease import LARGEST_DRIFT, LENGTH, lease
from tests.fakes.app import make_bundle
from tests.fakes.ledger import operation, write_head
from tests.fakes.runs import failure_of, ignore, plan_of, release
from tests.fakes.services import FakeApproval
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from kanmon.release.events import Event
    from kanmon.release.lease import HeldLease
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud


def _lease(cloud: Cloud, actor: str) -> AbstractContextManager[HeldLease]:
    return lease(cloud.ledger, cloud.clock, Fence(), actor)


def test_another_run_is_refused_by_name(cloud: Cloud) -> None:
    with (
        _lease(cloud, "kim"),
        pytest.raises(KanmonError, match="kim@") as caught,
        _lease(cloud, "aki"),
    ):
        pass
    assert caught.value.code is Code.LOCKED


def test_a_run_at_work_is_not_one_that_died(cloud: Cloud) -> None:
    """CD-13: it began after this deploy had looked for an open operation."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with _lease(cloud, "aki") as held:
        held.writer.begin_operation(operation(1))
        with pytest.raises(KanmonError, match="is at work on operation 1") as caught:
            deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.LOCKED


def test_the_lease_is_returned_at_the_end(cloud: Cloud) -> None:
    with _lease(cloud, "kim"):
        assert cloud.ledger.head().lease
    assert cloud.ledger.head().lease is None


def test_an_expired_lease_is_taken_over(cloud: Cloud, clock: Clock) -> None:
    with _lease(cloud, "kim") as late:
        clock.outlast_lease()
        with _lease(cloud, "aki") as held:
            held.guard()
            assert cloud.ledger.head().token == held.writer.head.token
            assert held.writer.head.token > late.writer.head.token


def test_a_late_run_stops(cloud: Cloud, clock: Clock) -> None:
    with _lease(cloud, "kim") as late:
        clock.outlast_lease()
        with _lease(cloud, "aki"):
            with pytest.raises(KanmonError, match="Another run took over"):
                late.renew()
            with pytest.raises(KanmonError) as caught:
                late.guard()
            assert caught.value.code is Code.LEASE_LOST


def test_a_late_run_does_not_return_the_lease_of_another(cloud: Cloud, clock: Clock) -> None:
    kim = _lease(cloud, "kim")
    kim.__enter__()
    clock.outlast_lease()
    with _lease(cloud, "aki") as held:
        kim.__exit__(None, None, None)
        assert cloud.ledger.head().token == held.writer.head.token
        assert cloud.ledger.head().lease


def test_an_expired_lease_guards_nothing(cloud: Cloud, clock: Clock) -> None:
    """Not even when no other run took it."""
    with _lease(cloud, "kim") as held:
        clock.outlast_lease()
        with pytest.raises(KanmonError) as caught:
            held.guard()
    assert caught.value.code is Code.LEASE_LOST


def test_a_renewal_prolongs_the_lease(cloud: Cloud, clock: Clock) -> None:
    with _lease(cloud, "kim") as held:
        for _ in range(5):
            clock.move(LENGTH * 0.7)
            held.renew()
            held.guard()


def test_the_lease_is_renewed_beside_the_work(cloud: Cloud, clock: Clock) -> None:
    with _lease(cloud, "kim") as held:
        (renew,) = clock.repeated
        clock.move(LENGTH * 0.5)
        renew()
        clock.move(LENGTH * 0.5)
        held.guard()
    assert clock.repeated == []


class Down(MemoryStore):
    """S3 answers no write."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        del body, expected
        raise KanmonError(Code.AWS_FAILED, f"While writing {key}: no answer.")


def test_a_failed_renewal_is_repeated(cloud: Cloud, clock: Clock) -> None:
    with _lease(cloud, "kim") as held:
        (renew,) = clock.repeated
        held.writer.ledger = Ledger(Down())
        renew()
        held.writer.ledger = cloud.ledger
        clock.move(LENGTH * 0.5)
        renew()
        clock.move(LENGTH * 0.5)
        held.guard()


def test_the_guard_leaves_time_for_a_request_and_for_drift(cloud: Cloud, clock: Clock) -> None:
    """The other machine's clock is ahead, and the request takes as long as it may."""
    with _lease(cloud, "kim") as held:
        clock.move(LENGTH - LONGEST_REQUEST - LARGEST_DRIFT - timedelta(seconds=1))
        held.guard()
        clock.move(timedelta(seconds=1))
        with pytest.raises(KanmonError) as caught:
            held.guard()
    assert caught.value.code is Code.LEASE_LOST


def test_the_fencing_token_rises_with_every_lease(cloud: Cloud) -> None:
    tokens = []
    for _ in range(4):
        with _lease(cloud, "kim") as held:
            tokens.append(held.writer.head.token)
    assert tokens == [1, 2, 3, 4]


def test_a_locked_environment_refuses_a_deploy(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    with _lease(cloud, "aki"), pytest.raises(KanmonError) as caught:
        deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert caught.value.code is Code.LOCKED
    assert cloud.stacks.executed == []
    assert cloud.ledger.head().operations == 0


@pytest.mark.parametrize("step", ["lock", "provision", "verify", "promote"])
def test_a_run_without_its_lease_changes_nothing_more(cloud: Cloud, clock: Clock, step: str) -> None:
    release(cloud, "one")
    seen: list[object] = []

    def lose_it(event: Event) -> None:
        if event.facts.get("step") == step:
            clock.outlast_lease()
            write_head(cloud.ledger, lease=None, token=9)
            seen.append((cloud.users, list(cloud.stacks.executed), cloud.previews))

    outcome = release(cloud, "two", observer=lose_it)
    assert failure_of(outcome).code is Code.LEASE_LOST
    assert outcome.open
    assert seen == [(cloud.users, cloud.stacks.executed, cloud.previews)]
    assert cloud.ledger.head().operation == 2
