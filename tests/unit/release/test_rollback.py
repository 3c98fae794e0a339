"""The rollback by hand: two calls when the release is still in its slot, and no build ever (CD-9, CD-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import as_json, release_key
from kanmon.model import Pointer, ReleaseState, Result, Slot, Step
from kanmon.release.rollback import Targets, default_target, present_targets, rollback, rollback_target
from tests.fakes.app import make_bundle, make_config
from tests.fakes.ledger import is_held, write_head
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import failure_of, ignore, operation_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.approval.prompt import Approvable
    from kanmon.model import Approval
    from kanmon.release.events import Event
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud

SAME = {"sw.js": "same"}


def _release(cloud: Cloud, *versions: str) -> None:
    for version in versions:
        assert release(cloud, version, pages=SAME).result is Result.STABLE


def test_a_rollback_goes_to_the_last_stable_release(cloud: Cloud) -> None:
    """CD-10"""
    _release(cloud, "one", "two")
    outcome = roll_back(cloud)
    assert outcome.result is Result.ROLLED_BACK
    assert outcome.release == "r1"
    assert cloud.users == ("r1", "r1")
    assert cloud.pages() == cloud.pages_of("r1")


def test_a_rollback_is_two_calls(cloud: Cloud) -> None:
    """NFR-3: the page first, then the API; no stack changes."""
    _release(cloud, "one", "two")
    executed, process = list(cloud.stacks.executed), Process()
    outcome = roll_back(cloud, process=process)
    assert operation_of(outcome).traffic_calls == 2
    assert [call for call in process.calls if call in {"s3.put_object", "apigateway.update_stage"}] == [
        "s3.put_object",
        "apigateway.update_stage",
    ]
    assert cloud.stacks.executed == executed


def test_a_refused_rollback_changes_nothing(cloud: Cloud) -> None:
    """CD-3, CD-9"""
    _release(cloud, "one", "two")
    services = cloud.services()
    target = rollback_target(services.ledger, None)
    before = services.ledger.head()
    with pytest.raises(KanmonError) as caught:
        rollback(services, make_config(), target, FakeApproval(approves=False), ignore, reason="it hurts")
    assert caught.value.code is Code.NOT_APPROVED
    assert services.ledger.head() == before


def test_the_approver_of_a_rollback_is_recorded(cloud: Cloud) -> None:
    """CD-3, CD-9"""
    _release(cloud, "one", "two")
    target = rollback_target(cloud.ledger, None)
    approval = operation_of(roll_back(cloud)).approval
    assert approval
    assert approval.by == "aki"
    assert approval.digest == target.digest


def test_an_interruption_before_traffic_aborts_the_rollback(cloud: Cloud) -> None:
    """CD-13: `r1` is in no slot any more. The run is interrupted while it puts `r1` into one."""
    _release(cloud, "one", "two", "three")
    services = cloud.services()

    def interrupt(event: Event) -> None:
        if event.facts.get("step") == Step.PROVISION.value:
            raise KeyboardInterrupt

    target = rollback_target(services.ledger, "r1")
    outcome = rollback(services, make_config(), target, FakeApproval(), interrupt, reason="it hurts")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.INTERRUPTED
    assert cloud.users == ("r3", "r3")


def test_each_rollback_goes_one_release_further(cloud: Cloud) -> None:
    _release(cloud, "one", "two", "three")
    assert roll_back(cloud).release == "r2"
    assert roll_back(cloud).release == "r1"
    with pytest.raises(KanmonError) as caught:
        roll_back(cloud)
    assert caught.value.code is Code.NO_ROLLBACK_TARGET


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (["one", "two", "three"], "r2"),
        (["one", "two", "three", "to r1", "to r3", "four"], "r3"),
        (["one", "two", "three", "to r1", "four"], "r1"),
        (["one", "two", "three", "to r2", "to r1", "to r3"], "r1"),
        (["one", "two", "to r1", "three", "to r2"], "r1"),
    ],
    ids=" ".join,
)
def test_the_default_is_the_stable_release_before(cloud: Cloud, path: list[str], target: str | None) -> None:
    """CD-9: also after rollbacks to and fro."""
    for step in path:
        name = step.removeprefix("to ")
        if name == step:
            release(cloud, step, lift_freeze="fixed")
        else:
            roll_back(cloud, name)
    live = cloud.ledger.release(cloud.ledger.head().live or "")
    found = default_target(cloud.ledger.release, live)
    assert (found.id if found else None) == target


@pytest.fixture
def held(cloud: Cloud) -> Cloud:
    """Release three is live and held; one and two are stable."""
    _release(cloud, "one", "two")
    cloud.faulty |= {("r3", "live"), ("r2", "stable")}
    assert release(cloud, "three").result is Result.HELD
    cloud.faulty.clear()
    return cloud


def test_a_rollback_decides_a_held_release(held: Cloud) -> None:
    """CD-7, CD-9: it is undone, and nothing more is needed."""
    outcome = roll_back(held)
    assert outcome.result is Result.ROLLED_BACK
    assert held.users == ("r2", "r2")
    assert operation_of(outcome).number == 3
    assert held.ledger.head().operation is None


def test_the_reason_of_the_decision_is_recorded(held: Cloud) -> None:
    """CD-11"""
    (decision,) = operation_of(roll_back(held, reason="prices are wrong")).decisions
    assert decision.approval.by == "aki"
    assert decision.reason == "prices are wrong"


def test_a_rollback_of_a_held_release_can_go_further(held: Cloud) -> None:
    """CD-9: the held operation ends, then another one begins."""
    outcome = roll_back(held, "r1")
    assert outcome.result is Result.ROLLED_BACK
    assert held.users == ("r1", "r1")
    assert [one.result for one in held.ledger.operations()][-2:] == [Result.ROLLED_BACK, Result.ROLLED_BACK]


def test_a_refused_rollback_leaves_the_release_held(held: Cloud) -> None:
    """CD-3"""
    target = rollback_target(held.ledger, "r2")
    refusing = FakeApproval(approves=False)
    with pytest.raises(KanmonError):
        rollback(held.services(), make_config(), target, refusing, ignore, reason="it hurts")
    assert held.users == ("r3", "r3")
    assert is_held(held.ledger)


def test_a_held_canary_is_rolled_back_to_its_base(cloud: Cloud) -> None:
    """CD-9: the ledger's live release is the base already."""
    _release(cloud, "one", "two")

    def breaks(event: Event) -> None:
        if "percent" in event.facts:
            cloud.faulty |= {("r3", "candidate"), ("r2", "stable")}

    traffic = {"strategy": "canary", "steps": [{"percent": 10, "bake": "5s"}]}
    held = release(cloud, "three", config=make_config(traffic=traffic), observer=breaks)
    assert held.result is Result.HELD
    assert roll_back(cloud).release == "r3"
    assert cloud.canary_release() is None
    assert cloud.users == ("r2", "r2")


def _dies_live(cloud: Cloud) -> None:
    """Release three dies when it is live for all users."""
    whole, process = cloud.copy(), Process()
    release(whole, "three", process=process)
    at = len(process.calls) - process.calls[::-1].index("checks.run")
    with pytest.raises(ProcessDied):
        release(cloud, "three", process=Process(at=at, blow=Blow.DEATH))


def test_a_rollback_after_a_dead_run_is_one_rollback(cloud: Cloud, clock: Clock) -> None:
    """CD-9, CD-13: users return to the release before the dead one, and no further."""
    _release(cloud, "one", "two")
    _dies_live(cloud)
    clock.outlast_lease()
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.users == ("r2", "r2")
    assert cloud.ledger.head().operation is None


@pytest.mark.parametrize("wanted", ["r1", "r2"])
def test_a_rollback_after_a_dead_run_reaches_its_target(cloud: Cloud, clock: Clock, wanted: str) -> None:
    """CD-9, CD-13"""
    _release(cloud, "one", "two")
    _dies_live(cloud)
    clock.outlast_lease()
    assert roll_back(cloud, wanted).result is Result.ROLLED_BACK
    assert cloud.users == (wanted, wanted)


def test_nobody_moves_before_the_approval(cloud: Cloud, clock: Clock) -> None:
    """CD-3: not even the users of a dead run."""
    _release(cloud, "one", "two")
    _dies_live(cloud)
    clock.outlast_lease()
    target = rollback_target(cloud.ledger, None)
    before = cloud.state
    with pytest.raises(KanmonError):
        rollback(cloud.services(), make_config(), target, FakeApproval(approves=False), ignore, reason="")
    assert cloud.state == before


def test_a_run_at_work_asks_nobody(cloud: Cloud) -> None:
    """CD-3, CD-14: nobody reviews a rollback that can't run."""
    _release(cloud, "one", "two")
    _dies_live(cloud)
    approver = FakeApproval()
    target = rollback_target(cloud.ledger, "r1")
    with pytest.raises(KanmonError) as caught:
        rollback(cloud.services(), make_config(), target, approver, ignore, reason="it hurts")
    assert caught.value.code is Code.LOCKED
    assert approver.asked == 0


def test_an_error_after_the_decision_is_no_refusal(held: Cloud) -> None:
    """CD-13: users have moved already."""
    whole, process = held.copy(), Process()
    roll_back(whole, "r1", process=process)
    begun = [at for at, call in enumerate(process.calls, 1) if call == "stacks.find"]
    back = process.calls.index("apigateway.update_stage")
    outcome = roll_back(held, "r1", process=Process(at=next(at for at in begun if at > back + 8)))
    assert outcome.failure
    assert held.users == ("r2", "r2")


def test_a_record_without_its_routes_is_no_target(cloud: Cloud) -> None:
    """CD-10: the API would be removed, as before its first release."""
    _release(cloud, "one", "two")
    record = cloud.ledger.release("r1")
    assert record
    damaged = record.model_copy(update={"pointer": Pointer(slot=Slot.BLUE)})
    cloud.store.objects["deployed/r1.json"] = as_json(damaged)
    with pytest.raises(KanmonError, match="no snapshot of its routes") as caught:
        roll_back(cloud)
    assert caught.value.code is Code.LEDGER_UNREADABLE
    assert cloud.users == ("r2", "r2")


def test_a_rollback_to_a_release_without_an_api_removes_it(cloud: Cloud) -> None:
    """CD-10: the site has what the stacks have, also what the target never had."""
    release(cloud, "one", config=make_config(api=None, hooks=[], checks=[{"name": "page", "path": "/"}]))
    release(cloud, "two", config=make_config())
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", None)


def test_a_release_in_no_slot_is_checked_before_traffic(cloud: Cloud) -> None:
    """CD-7"""
    _release(cloud, "one", "two", "three")
    roll_back(cloud, "r1")
    assert cloud.checked[-2:] == [("candidate", "r1"), ("live", "r1")]
    assert not cloud.previews


def test_a_failed_candidate_of_a_rollback_gets_no_traffic(cloud: Cloud) -> None:
    """CD-7"""
    _release(cloud, "one", "two", "three")
    cloud.faulty.add(("r1", "candidate"))
    assert roll_back(cloud, "r1").result is Result.ABORTED
    assert cloud.users == ("r3", "r3")
    assert not cloud.previews
    assert cloud.ledger.head().operation is None


@pytest.mark.parametrize("wanted", ["r1", None])
def test_a_run_names_the_release_that_it_puts_out_of_its_slot(cloud: Cloud, wanted: str | None) -> None:
    """CD-9, CD-11: a rollback or a deploy that fails afterwards has used up the fast way back to it."""
    _release(cloud, "one", "two", "three")
    cloud.faulty |= {("r1", "candidate"), ("r4", "candidate")}
    texts: list[str] = []
    if wanted:
        target = rollback_target(cloud.ledger, wanted)
        services = cloud.services()
        rollback(
            services,
            make_config(),
            target,
            FakeApproval(),
            lambda event: texts.append(event.text),
            reason="it hurts",
        )
    else:
        release(cloud, "four", observer=lambda event: texts.append(event.text))
    lost = "r2 leaves the green slot: from now on a rollback to it begins with a stack update"
    assert texts.count(lost) == 1
    assert cloud.users == ("r3", "r3")
    executed = len(cloud.stacks.executed)
    assert roll_back(cloud, "r2").result is Result.ROLLED_BACK
    assert cloud.stacks.executed[executed:] == ["shop-test-slot-green"]


def test_no_fast_way_is_lost_with_an_aborted_release(cloud: Cloud) -> None:
    """CD-11: the slot has a release that no rollback goes to."""
    _release(cloud, "one", "two")
    cloud.faulty.add(("r3", "candidate"))
    assert release(cloud, "three").result is Result.ABORTED
    texts: list[str] = []
    release(cloud, "four", observer=lambda event: texts.append(event.text))
    assert not [text for text in texts if "leaves" in text]


@pytest.mark.parametrize("wanted", ["r9", "r0", "nonsense", ""])
def test_an_unknown_release_is_refused(cloud: Cloud, wanted: str) -> None:
    _release(cloud, "one", "two")
    with pytest.raises(KanmonError) as caught:
        roll_back(cloud, wanted)
    assert caught.value.code is Code.UNKNOWN_RELEASE
    assert cloud.users == ("r2", "r2")


def test_a_never_stable_release_is_refused(cloud: Cloud) -> None:
    _release(cloud, "one")
    cloud.faulty.add(("r2", "candidate"))
    release(cloud, "two")
    with pytest.raises(KanmonError, match="never stable"):
        roll_back(cloud, "r2")


@pytest.mark.parametrize("wanted", ["r1", None])
def test_a_release_without_its_files_is_no_target(cloud: Cloud, wanted: str | None) -> None:
    """AWS-2: it is refused before anything changes, by its name and by default."""
    _release(cloud, "one", "two")
    write_head(cloud.ledger, kept=("r2",))
    before = cloud.state
    with pytest.raises(KanmonError) as caught:
        roll_back(cloud, wanted)
    assert caught.value.code is Code.RELEASE_PRUNED
    assert caught.value.message == "The files of r1 (commit one000000000) are not kept any more."
    assert cloud.state == before
    assert present_targets(cloud.ledger) == Targets(None, (), caught.value.message)


def test_a_release_pruned_during_its_approval_is_no_target(cloud: Cloud) -> None:
    """AWS-2: another release came and went meanwhile, so the head names the same live one."""
    _release(cloud, "one", "two", "three")
    target = rollback_target(cloud.ledger, "r1")

    class Meanwhile(FakeApproval):
        def approve(self, what: Approvable) -> Approval:
            write_head(cloud.ledger, kept=("r2", "r3"))
            return super().approve(what)

    before = list(cloud.stacks.executed)
    with pytest.raises(KanmonError) as caught:
        rollback(cloud.services(), make_config(), target, Meanwhile(), ignore, reason="it hurts")
    assert caught.value.code is Code.RELEASE_PRUNED
    assert cloud.stacks.executed == before


def test_the_live_release_is_no_target(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    with pytest.raises(KanmonError, match="live already"):
        roll_back(cloud, "r2")


def test_without_another_release_there_is_no_target(cloud: Cloud) -> None:
    _release(cloud, "one")
    with pytest.raises(KanmonError) as caught:
        roll_back(cloud)
    assert caught.value.code is Code.NO_ROLLBACK_TARGET


def test_a_rollback_after_an_automatic_one_goes_further(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    cloud.faulty.add(("r3", "live"))
    release(cloud, "three")
    assert roll_back(cloud).release == "r1"
    assert cloud.users == ("r1", "r1")


def test_a_rollback_leaves_a_freeze_with_its_reason(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    roll_back(cloud, reason="orders are slow")
    freeze = cloud.ledger.head().freeze
    assert freeze
    assert freeze.reason == "orders are slow"


def test_a_rollback_is_recorded_in_the_ledger(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    roll_back(cloud)
    head = cloud.ledger.head()
    assert head.live == "r1"
    assert head.pointer.slot is Slot.BLUE
    states = [record.state for record in cloud.ledger.releases()]
    assert states == [ReleaseState.STABLE, ReleaseState.ROLLED_BACK]


def test_a_rollback_deletes_the_newer_releases_files(cloud: Cloud) -> None:
    """CD-10"""
    release(cloud, "one")
    release(cloud, "two", pages={"new.html": "new"})
    roll_back(cloud)
    assert cloud.pages() == cloud.pages_of("r1")


def test_a_rollback_can_go_to_a_newer_stable_release(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    roll_back(cloud)
    assert roll_back(cloud, "r2").result is Result.ROLLED_BACK
    assert cloud.users == ("r2", "r2")


def test_a_rollback_succeeds_though_checks_fail_afterwards(cloud: Cloud) -> None:
    """Users are back: that is the fact."""
    _release(cloud, "one", "two")
    cloud.faulty.add(("r1", "live"))
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.ledger.head().live == "r1"


def test_the_next_deploy_goes_into_the_idle_slot(cloud: Cloud) -> None:
    _release(cloud, "one", "two")
    roll_back(cloud)
    assert release(cloud, "three", lift_freeze="fixed", config=make_config()).result is Result.STABLE
    assert cloud.users == ("r3", "r3")
    assert cloud.ledger.head().pointer.slot is Slot.GREEN


def test_a_rollback_to_a_newer_release_moves_the_api_first(cloud: Cloud) -> None:
    """CD-9: its page may call a route that the older API doesn't know."""
    _release(cloud, "one", "two")
    roll_back(cloud)
    cloud.seen.clear()
    roll_back(cloud, "r2")
    assert cloud.seen == [("r1", "r1"), ("r1", "r2"), ("r2", "r2")]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_rollback_that_can_not_begin_is_a_refusal(cloud: Cloud, call: int) -> None:
    """CD-14: nothing is open, so nobody has to recover anything."""
    _release(cloud, "one", "two")
    whole, process = cloud.copy(), Process()
    roll_back(whole, process=process)
    writes = [number for number, name in enumerate(process.calls, 1) if name == "store.put"]
    # The lease, two releases, then the operation's record and the head.
    with pytest.raises(KanmonError):
        roll_back(cloud, process=Process(at=writes[call + 1]))
    assert cloud.ledger.head().operation is None


def _plant(cloud: Cloud, release_id: str) -> None:
    """Write a whole release with an own page as the plan's record: its role can write it."""
    own = make_bundle(cloud, "evil")
    template = cloud.keep(b"Resources: {}")
    record = cloud.ledger.release(release_id)
    assert record
    stacks = {kind: one.model_copy(update={"template": template}) for kind, one in record.stacks.items()}
    planted = record.model_copy(update={"bundle": own.digest, "stacks": stacks, "token": 0})
    cloud.store.objects[f"releases/{release_id}.json"] = as_json(planted)


def test_a_plans_record_changes_no_rollback(cloud: Cloud) -> None:
    """TRU-1: neither one by hand, by its template, nor an automatic one, by its bundle."""
    _release(cloud, "one", "two", "three")
    for release_id in ("r1", "r3"):
        _plant(cloud, release_id)
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.pages() == cloud.pages_of("r1")
    _plant(cloud, "r1")
    cloud.faulty.add(("r4", "live"))
    assert release(cloud, "four", lift_freeze="now").result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert b"evil" not in cloud.pages()["index.html"]
    assert "Resources: {}" not in cloud.stacks.bodies.values()


def test_a_planned_release_is_no_target(cloud: Cloud) -> None:
    """TRU-1: a record in the plan's folder pretends that it was stable once."""
    _release(cloud, "one", "two")
    record = cloud.ledger.release("r1")
    assert record
    cloud.store.objects["releases/r7.json"] = as_json(record.model_copy(update={"id": "r7"}))
    with pytest.raises(KanmonError) as caught:
        rollback_target(cloud.ledger, "r7")
    assert caught.value.code is Code.UNKNOWN_RELEASE


@pytest.mark.parametrize(
    "change", [{"bundle": "b" * 64}, {"stable_at": None}, {"base": "r9"}, {"stacks": {}}]
)
def test_a_record_changed_during_the_review_is_refused(cloud: Cloud, change: dict[str, object]) -> None:
    """TRU-1: the approval is for the whole record."""
    _release(cloud, "one", "two")
    services = cloud.services()
    target = rollback_target(services.ledger, "r1")

    class Meanwhile(FakeApproval):
        def approve(self, what: Approvable) -> Approval:
            cloud.store.objects[release_key("r1")] = as_json(target.model_copy(update=change))
            return super().approve(what)

    with pytest.raises(KanmonError, match="is not the approved one") as caught:
        rollback(services, make_config(), target, Meanwhile(), ignore, reason="it hurts")
    assert caught.value.code is Code.PLAN_STALE
    assert cloud.users == ("r2", "r2")


def test_an_approval_of_another_rollback_is_refused(cloud: Cloud) -> None:
    """TRU-1"""
    _release(cloud, "one", "two")
    services = cloud.services()
    target = rollback_target(services.ledger, "r1")
    with pytest.raises(KanmonError) as caught:
        rollback(services, make_config(), target, FakeApproval(digest=target.bundle), ignore, reason="x")
    assert caught.value.code is Code.PLAN_STALE
