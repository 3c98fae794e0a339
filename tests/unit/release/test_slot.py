"""A release is complete in its slot before any user gets it (CD-6, CD-10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.ledger.ledger import as_json, release_key
from kanmon.model import Result, Slot, Step
from kanmon.naming import blob_key
from kanmon.release.deploy import deploy
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import ARTIFACTS, ENVIRONMENT
from tests.fakes.objects import StoredObject
from tests.fakes.process import Blow, Process
from tests.fakes.runs import failure_of, ignore, plan_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def test_without_a_snapshot_nothing_is_changed(cloud: Cloud) -> None:
    """CD-5"""
    release(cloud, "one")
    executed = list(cloud.stacks.executed)
    cloud.snapshots.failing = True
    assert failure_of(release(cloud, "two")).code is Code.SNAPSHOT_FAILED
    assert cloud.stacks.executed == executed


def test_old_snapshots_go_after_a_stable_release(cloud: Cloud) -> None:
    """AWS-2: the region's quota is 100 of them, for all databases together."""
    config = make_config(database={"name": "shop", "snapshots": 2})
    for page in ("one", "two", "three"):
        release(cloud, "same", config=config, pages={"index.html": page})
    assert cloud.snapshots.begun == ["shop-test-r2-2", "shop-test-r3-3"]


def test_a_snapshot_that_stays_fails_no_release(cloud: Cloud) -> None:
    """AWS-2: the next release deletes it."""
    notes: list[str] = []
    process = Process(blow=Blow.DENIED, at=_first(cloud, "snapshots.delete_old"))
    outcome = release(cloud, "two", process=process, observer=lambda event: notes.append(event.text))
    assert outcome.result is Result.STABLE
    assert any(note.startswith("old database snapshots stay: ") for note in notes)


def _first(cloud: Cloud, call: str) -> int:
    """The number of a call in the second release. The first one has no snapshot: it makes the database."""
    release(cloud, "one")
    process = Process()
    release(cloud.copy(), "two", process=process)
    return process.calls.index(call) + 1


def test_a_slot_is_unknown_while_its_stack_changes(cloud: Cloud) -> None:
    """CD-13: a run that dies there leaves no entry, so no rollback moves users into a broken slot."""
    release(cloud, "one")
    release(cloud, "two")
    slots: list[dict[Slot, str]] = []

    class Watching(Process):
        def call(self, name: str, action: Any) -> Any:
            if name == "stacks.execute":
                slots.append(cloud.ledger.head().slots)
            return super().call(name, action)

    release(cloud, "three", process=Watching())
    assert slots[0] == {Slot.GREEN: "r2"}
    assert cloud.ledger.head().slots == {Slot.GREEN: "r2", Slot.BLUE: "r3"}


def test_a_release_in_no_slot_is_applied_as_it_was_recorded(cloud: Cloud) -> None:
    """CD-6, CD-10"""
    for version in ("one", "two", "three"):
        release(cloud, version)
    record = cloud.ledger.release("r1")
    assert record
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    stack = cloud.stacks.stacks["shop-test-slot-green"]
    assert stack.parameters == record.stacks["slot"].parameters | {"Slot": "green"}
    body = cloud.blob(record.stacks["slot"].template).decode()
    assert cloud.stacks.bodies["shop-test-slot-green"] == body


def test_an_applied_release_is_recorded_in_its_new_slot(cloud: Cloud) -> None:
    """CD-13: a run that dies after the move is repeated from this record."""
    for version in ("one", "two", "three"):
        release(cloud, version)
    assert cloud.ledger.head().pointer.slot is Slot.BLUE
    roll_back(cloud, "r1")
    record = cloud.ledger.release("r1")
    assert record
    assert record.slot is Slot.GREEN
    assert record.pointer == cloud.ledger.head().pointer


def test_a_rollback_misses_a_package_before_it_touches_a_slot(cloud: Cloud) -> None:
    """CD-9"""
    for version in ("one", "two", "three"):
        release(cloud, version)
    # r1 is in neither slot any more.
    package = make_bundle(cloud, "one").functions["api"].sha256
    del cloud.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, package)]
    executed = list(cloud.stacks.executed)
    assert failure_of(roll_back(cloud, "r1")).code is Code.BUNDLE_MISSING
    assert cloud.stacks.executed == executed
    assert cloud.users == ("r3", "r3")


def test_a_slot_with_a_failed_stack_gets_no_users(cloud: Cloud) -> None:
    """CD-10: its outputs may still name the release."""
    for version in ("one", "two"):
        release(cloud, version)
    name = "shop-test-slot-blue"
    cloud.stacks.stacks[name] = replace(cloud.stacks.stacks[name], status="UPDATE_ROLLBACK_FAILED")
    outcome = roll_back(cloud, "r1")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.STACK_BUSY
    assert cloud.users == ("r2", "r2")


def test_a_slot_with_users_is_not_changed(cloud: Cloud) -> None:
    """CD-8: the ledger has the other slot, but the API serves this one."""
    release(cloud, "one")
    release(cloud, "two")
    cloud.gateway.stages["live"]["variables"]["slot"] = "blue"
    executed = list(cloud.stacks.executed)
    outcome = release(cloud, "three")
    assert failure_of(outcome).code is Code.POINTER_MOVED
    assert cloud.stacks.executed == executed


def test_a_lost_head_is_not_an_empty_environment(cloud: Cloud) -> None:
    """CD-13: users are on a release. A rollback to nothing would take it from them."""
    release(cloud, "one")
    del cloud.store.objects["head.json"]
    error = failure_of(release(cloud, "two"))
    assert error.code is Code.POINTER_MOVED
    assert "kanmon destroy" in error.fix
    assert cloud.users == ("r1", "r1")


def test_a_slot_in_its_cleanup_is_complete(cloud: Cloud) -> None:
    """CD-10: CloudFormation only deletes what it replaced."""
    release(cloud, "one")
    release(cloud, "two")
    name = "shop-test-slot-blue"
    status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    cloud.stacks.stacks[name] = replace(cloud.stacks.stacks[name], status=status)
    executed = list(cloud.stacks.executed)
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.stacks.executed == executed


def test_a_release_again_gets_the_present_outputs(cloud: Cloud) -> None:
    """CD-10: the database moved since."""
    for version in ("one", "two", "three"):
        release(cloud, version)
    name = "shop-test-foundation"
    foundation = cloud.stacks.stacks[name]
    moved = foundation.outputs | {"DatabaseHost": "moved.test"}
    cloud.stacks.stacks[name] = replace(foundation, outputs=moved)
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.stacks.stacks["shop-test-slot-green"].parameters["DatabaseHost"] == "moved.test"


def test_a_release_can_drop_its_api(cloud: Cloud) -> None:
    """CD-6, CD-10: and a rollback brings it back."""
    release(cloud, "one")
    without = make_config(api=None, checks=[{"name": "page", "path": "/"}])
    assert release(cloud, "two", config=without).result is Result.STABLE
    assert cloud.api_release() is None
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")


def test_a_stale_plan_takes_no_snapshot(cloud: Cloud) -> None:
    """CD-4, CD-5"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    cloud.stacks.touch("shop-test-slot-green")
    begun = list(cloud.snapshots.begun)
    outcome = deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert failure_of(outcome).code is Code.PLAN_STALE
    assert cloud.snapshots.begun == begun


OTHER_CODE = "f" * 64


def test_code_that_stays_after_its_package_was_replaced_is_found(cloud: Cloud) -> None:
    """TRU-1: the object key is the same, so CloudFormation leaves the replaced code in the slot."""
    for page in ("one", "two"):
        release(cloud, "same", pages={"index.html": page})
    cloud.stacks.code["shop-test-blue-api"] = OTHER_CODE
    outcome = release(cloud, "same", pages={"index.html": "three"})
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CODE_REPLACED
    assert cloud.users == ("r2", "r2")
    assert cloud.functions.ran[-1] == ("migrate", "green", "r2")
    assert Slot.BLUE not in cloud.ledger.head().slots


def test_a_rollback_finds_other_code_before_users_move(cloud: Cloud) -> None:
    """TRU-1"""
    for page in ("one", "two", "three"):
        release(cloud, "same", pages={"index.html": page})
    cloud.stacks.code["shop-test-green-migrate"] = OTHER_CODE
    outcome = roll_back(cloud, "r1")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CODE_REPLACED
    assert cloud.users == ("r3", "r3")
    assert cloud.ledger.head().slots == {cloud.ledger.head().pointer.slot: "r3"}


def test_a_rollback_to_a_warm_slot_compares_its_code(cloud: Cloud) -> None:
    """TRU-1: somebody changed a function after its release left the users."""
    for page in ("one", "two"):
        release(cloud, "same", pages={"index.html": page})
    key = blob_key(ENVIRONMENT, make_bundle(cloud, "same").functions["api"].sha256)
    cloud.stacks.code["shop-test-blue-api"] = OTHER_CODE
    outcome = roll_back(cloud, "r1")
    failure = failure_of(outcome)
    assert failure.code is Code.CODE_REPLACED
    assert f"--s3-bucket {ARTIFACTS} --s3-key {key} --function-name shop-test-blue-api" in failure.fix
    assert outcome.result is Result.ABORTED
    assert cloud.users == ("r2", "r2")


def test_a_release_without_verified_files_goes_into_a_slot_again(cloud: Cloud) -> None:
    """TRU-1"""
    for version in ("one", "two"):
        release(cloud, version)
    record = cloud.ledger.release("r1")
    assert record
    cloud.store.objects[release_key("r1")] = as_json(record.model_copy(update={"verified_at": None}))
    roll_back(cloud, "r1")
    record = cloud.ledger.release("r1")
    assert record
    assert record.verified_at
    assert Step.PROVISION in [one.step for one in cloud.ledger.operations()[0].steps]


def test_a_rollback_to_replaced_files_changes_nothing(cloud: Cloud) -> None:
    """TRU-1"""
    for version in ("one", "two", "three"):
        release(cloud, version)
    executed = list(cloud.stacks.executed)
    key = blob_key(ENVIRONMENT, make_bundle(cloud, "one").functions["api"].sha256)
    cloud.s3.objects(ARTIFACTS)[key] = StoredObject(b"other")
    assert failure_of(roll_back(cloud, "r1")).code is Code.BLOB_REPLACED
    assert cloud.stacks.executed == executed
    assert cloud.users == ("r3", "r3")
