"""The rollback by hand: two calls when the release is still in its slot, and no build ever (CD-9, CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Result, Slot, State
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import make_config
from tests.fakes.process import Process
from tests.fakes.runs import go_back, ignore, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud

SAME = {"sw.js": "same"}


def _release(cloud: Cloud, *versions: str) -> None:
    for version in versions:
        assert release(cloud, version, pages=SAME).result is Result.STABLE


def test_without_a_name_it_goes_to_the_last_stable_release_in_two_calls(cloud: Cloud) -> None:
    """NFR-3, CD-10"""
    _release(cloud, "one", "two")
    executed, process = list(cloud.stacks.executed), Process()
    outcome = go_back(cloud, process=process)
    assert (outcome.result, outcome.release, cloud.users) == (Result.ROLLED_BACK, "r1", ("r1", "r1"))
    assert outcome.attempt
    assert outcome.attempt.traffic_calls == 2
    assert [call for call in process.calls if call in {"s3.put_object", "apigateway.update_stage"}] == [
        "s3.put_object",
        "apigateway.update_stage",
    ]
    assert cloud.stacks.executed == executed
    assert cloud.pages() == cloud.pages_of("r1")


def test_who_approved_is_recorded_and_a_refusal_changes_nothing(cloud: Cloud) -> None:
    """CD-3, CD-9"""
    _release(cloud, "one", "two")
    world = cloud.world()
    target = rollback_target(world.ledger, None)
    before = world.ledger.head()
    with pytest.raises(KanmonError) as caught:
        rollback(world, make_config(), target, FakeApproval(says=False), ignore, reason="it hurts")
    assert caught.value.code is Code.NOT_APPROVED
    assert world.ledger.head() == before
    outcome = go_back(cloud)
    assert outcome.attempt
    assert outcome.attempt.approval
    assert (outcome.attempt.approval.by, outcome.attempt.approval.digest) == ("aki", target.bundle)


def test_an_interruption_before_traffic_moves_is_told_as_one(cloud: Cloud) -> None:
    """CD-13: `r1` is in no slot any more, so that it is applied again; that is where it is interrupted."""
    _release(cloud, "one", "two", "three")
    world = cloud.world()

    def interrupt(event: Event) -> None:
        if event.facts.get("state") == State.PROVISIONED.value:
            raise KeyboardInterrupt

    target = rollback_target(world.ledger, "r1")
    outcome = rollback(world, make_config(), target, FakeApproval(), interrupt, reason="it hurts")
    assert outcome.result is Result.ABORTED
    assert outcome.failure
    assert outcome.failure.code is Code.INTERRUPTED
    assert cloud.users == ("r3", "r3")


def test_twice_in_a_row_goes_back_two_releases_and_never_forward(cloud: Cloud) -> None:
    _release(cloud, "one", "two", "three")
    assert go_back(cloud).release == "r2"
    assert go_back(cloud).release == "r1"
    with pytest.raises(KanmonError) as caught:
        go_back(cloud)
    assert caught.value.code is Code.NO_ROLLBACK_TARGET


def test_a_release_that_is_in_no_slot_is_applied_again_as_it_was_recorded(cloud: Cloud) -> None:
    """CD-6, CD-10"""
    _release(cloud, "one", "two", "three")
    record = cloud.ledger.release("r1")
    assert record
    outcome = go_back(cloud, "r1")
    assert (outcome.result, cloud.users) == (Result.ROLLED_BACK, ("r1", "r1"))
    stack = cloud.stacks.stacks["shop-test-slot-green"]
    assert stack.parameters == record.slot_parameters | {"Slot": "green"}
    body = cloud.s3.objects("artifacts")[f"blobs/{record.slot_template}"].body.decode()
    assert cloud.stacks.bodies["shop-test-slot-green"] == body
    assert ("candidate", "r1") in cloud.checked[-3:]
    assert not cloud.trials


def test_a_release_applied_again_that_fails_as_candidate_gets_no_traffic(cloud: Cloud) -> None:
    """CD-7"""
    _release(cloud, "one", "two", "three")
    cloud.faulty.add(("r1", "candidate"))
    outcome = go_back(cloud, "r1")
    assert (outcome.result, cloud.users) == (Result.ABORTED, ("r3", "r3"))
    assert not cloud.trials
    assert cloud.ledger.head().attempt is None


@pytest.mark.parametrize("wanted", ["r9", "r0", "nonsense", ""])
def test_an_unknown_release_is_refused(cloud: Cloud, wanted: str) -> None:
    _release(cloud, "one", "two")
    with pytest.raises(KanmonError) as caught:
        go_back(cloud, wanted)
    assert caught.value.code is Code.UNKNOWN_RELEASE
    assert cloud.users == ("r2", "r2")


def test_a_release_that_was_never_stable_is_refused(cloud: Cloud) -> None:
    _release(cloud, "one")
    cloud.faulty.add(("r2", "candidate"))
    release(cloud, "two")
    with pytest.raises(KanmonError, match="never stable"):
        go_back(cloud, "r2")


def test_the_live_release_is_no_target(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    with pytest.raises(KanmonError, match="live already"):
        go_back(cloud, "r2")


def test_without_another_release_there_is_no_target(cloud: Cloud) -> None:
    _release(cloud, "one")
    with pytest.raises(KanmonError) as caught:
        go_back(cloud)
    assert caught.value.code is Code.NO_ROLLBACK_TARGET


def test_after_an_automatic_rollback_it_goes_one_further(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    cloud.faulty.add(("r3", "live"))
    release(cloud, "three")
    outcome = go_back(cloud)
    assert (outcome.release, cloud.users) == ("r1", ("r1", "r1"))


def test_it_leaves_a_freeze_with_the_reason_and_the_states(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    go_back(cloud, reason="orders are slow")
    head = cloud.ledger.head()
    assert head.freeze
    assert (head.freeze.reason, head.live, head.stable) == ("orders are slow", "r1", ("r1",))
    assert head.pointer.slot is Slot.BLUE
    states = [record.state for record in cloud.ledger.releases()]
    assert states == [State.STABLE, State.ROLLED_BACK]


def test_files_that_only_the_newer_release_had_are_gone_afterwards(cloud: Cloud) -> None:
    """CD-10"""
    release(cloud, "one")
    release(cloud, "two", pages={"new.html": "new"})
    go_back(cloud)
    assert cloud.pages() == cloud.pages_of("r1")


def test_it_can_go_forward_again_to_a_release_that_was_stable(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    go_back(cloud)
    assert go_back(cloud, "r2").result is Result.ROLLED_BACK
    assert cloud.users == ("r2", "r2")


def test_checks_that_fail_afterwards_do_not_hide_that_users_are_back(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    cloud.faulty.add(("r1", "live"))
    assert go_back(cloud).result is Result.ROLLED_BACK
    assert cloud.ledger.head().live == "r1"


def test_next_deploy_goes_into_the_slot_that_was_left(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    go_back(cloud)
    assert release(cloud, "three", lift_freeze="mended", config=make_config()).result is Result.STABLE
    assert cloud.users == ("r3", "r3")
    assert cloud.ledger.head().pointer.slot is Slot.GREEN
