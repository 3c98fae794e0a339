"""A walk ends in an outcome, whatever happens on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import ReleaseState, Result
from kanmon.release.recover import recover
from kanmon.release.walk import still_open
from tests.fakes.app import CANARY, make_config
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import failure_of, ignore, journal_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud


def test_a_failed_check_is_repeated_on_the_stable_release(cloud: Cloud) -> None:
    """CD-7"""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two")
    assert cloud.checked[-3:] == [("live", "r2"), ("stable", "r1"), ("live", "r1")]


def test_a_check_failing_on_stable_too_holds_the_release(cloud: Cloud) -> None:
    """CD-7: a rollback would not help."""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    outcome = release(cloud, "two")
    assert outcome.result is Result.HELD
    assert failure_of(outcome).code is Code.CHECK_FAILS_EVERYWHERE
    assert cloud.users == ("r2", "r2")
    assert is_held(cloud.ledger)


def test_a_throttle_on_both_releases_names_the_accounts_concurrency(cloud: Cloud) -> None:
    """AWS-1: neither the check nor the service is wrong."""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    cloud.throttled |= cloud.faulty
    outcome = release(cloud, "two")
    assert outcome.result is Result.HELD
    assert "L-B99A9384" in failure_of(outcome).fix


@pytest.mark.parametrize(
    ("code", "message", "account"),
    [
        (Code.AWS_DENIED, "Not allowed, with an explicit deny in a service control policy.", True),
        (Code.STACK_FAILED, "Key (AWS::KMS::Key) failed: Key quota for this account is 101.", True),
        (Code.AWS_FAILED, "AWS answered GetStage with InternalError: sorry.", False),
        (Code.HOOK_FAILED, "It answered: Rate exceeded", False),
    ],
)
def test_an_open_operation_names_the_accounts_fix_too(
    cloud: Cloud, code: Code, message: str, account: bool
) -> None:
    """AWS-1: the recovery would meet the same refusal."""
    release(cloud, "one")
    outcome = still_open(journal_of(cloud).operation, KanmonError(code, message))
    fix = failure_of(outcome).fix
    assert "`kanmon recover`" in fix
    assert ("Then run the command again." in fix) is account


def test_a_failure_after_everything_passed_leaves_it_live(cloud: Cloud) -> None:
    """CD-13: nothing is rolled back, and nothing is recorded as aborted."""
    release(cloud, "one")
    whole, process = cloud.copy(), Process()
    release(whole, "two", process=process)
    at = process.calls.index("apigateway.delete_stage") + 1
    outcome = release(cloud, "two", process=Process(at=at))
    assert outcome.result is Result.FAILED
    assert "recover" in failure_of(outcome).fix
    assert cloud.users == ("r2", "r2")
    record = cloud.ledger.release("r2")
    assert record
    assert record.state is ReleaseState.CANDIDATE


def test_a_failed_rollback_leaves_its_operation_open(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process, whole = Process(), cloud.copy()
    release(whole, "two", process=process)
    last = len(process.calls) - process.calls[::-1].index("apigateway.update_stage")
    outcome = release(cloud, "two", process=Process(at=last))
    assert outcome.result is Result.FAILED
    assert failure_of(outcome).code is Code.ROLLBACK_FAILED
    assert cloud.ledger.head().operation == 2


@pytest.mark.parametrize(
    ("blow", "cause"),
    [(Blow.DENIED, Code.AWS_DENIED), (Blow.EXPIRED, Code.CREDENTIALS_MISSING), (Blow.SLOW, Code.LEASE_LOST)],
)
def test_a_failed_rollback_names_the_codes_of_its_causes(cloud: Cloud, blow: Blow, cause: Code) -> None:
    """CD-13, CD-11: the table of errors has the way out under the cause's code."""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process, whole = Process(), cloud.copy()
    release(whole, "two", process=process)
    last = len(process.calls) - process.calls[::-1].index("apigateway.update_stage")
    process = Process(at=last, blow=blow, outlast=cloud.clock.outlast_lease)
    failure = failure_of(release(cloud, "two", process=process))
    # A lost lease is no failed rollback: another run has the operation.
    assert failure.code is (cause if cause is Code.LEASE_LOST else Code.ROLLBACK_FAILED)
    assert f"({Code.CHECK_FAILED.id}) Then this failed, too: " in failure.message
    assert (f"({cause.id})" in failure.message) is (failure.code is Code.ROLLBACK_FAILED)


@pytest.mark.parametrize(
    ("step", "users"),
    [
        ("verify", "Users are on r1, as before."),
        ("shift", "r2 may have a share of the API requests."),
        ("promote", "r2 may be live for all users, and it has not passed everything."),
        ("complete", "r2 is live and passed everything, but could not be completed"),
        ("roll back", "Users may still be on r2."),
    ],
)
def test_a_run_without_credentials_says_where_users_are(cloud: Cloud, step: str, users: str) -> None:
    """CD-13: nothing more can be done, or read."""
    config = make_config(traffic=CANARY)
    release(cloud, "one", config=config)
    if step == "roll back":
        cloud.faulty.add(("r2", "live"))
    process = Process(blow=Blow.EXPIRED)

    def expire(event: Event) -> None:
        if event.facts.get("step") == step:
            process.at = len(process.calls) + 1

    outcome = release(cloud, "two", config=config, process=process, observer=expire)
    assert outcome.open
    assert users in failure_of(outcome).message
    assert "kanmon recover" in failure_of(outcome).fix


def test_a_failed_rollback_by_hand_says_where_users_are(cloud: Cloud) -> None:
    """CD-9, CD-13"""
    for version in ("one", "two"):
        release(cloud, version)
    process = Process()
    roll_back(cloud.copy(), process=process)
    page = process.calls.index("s3.put_object") + 1
    failure = failure_of(roll_back(cloud, process=Process(at=page, blow=Blow.EXPIRED)))
    assert "Users may still be on r2." in failure.message


@pytest.mark.parametrize("blow", [Blow.SERVER_ERROR, Blow.INTERRUPT])
def test_a_failed_comparison_does_not_stop_the_rollback(cloud: Cloud, blow: Blow) -> None:
    """CD-7: users wait. The stable release passed its checks once."""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process, whole = Process(), cloud.copy()
    release(whole, "two", process=process)
    last = len(process.calls) - process.calls[::-1].index("apigateway.create_stage")
    outcome = release(cloud, "two", process=Process(at=last, blow=blow))
    assert outcome.result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")


def test_a_failed_check_writes_one_record_before_users_are_back(cloud: Cloud) -> None:
    """CD-10: the step itself, and the preview of the comparison. Nothing else is in the way."""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process = Process()
    release(cloud, "two", process=process)
    calls = process.calls
    failed = [at for at, call in enumerate(calls) if call == "checks.run"][-3]
    back = len(calls) - calls[::-1].index("apigateway.update_stage")
    assert calls[failed:back].count("store.put") == 2
    assert "store.get" not in calls[failed:back]


def test_a_stable_preview_that_never_arrives_holds_nothing(cloud: Cloud) -> None:
    """AWS-1, CD-7: it proves nothing about the stable release, so users return to it."""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    cloud.absent.add("stable")
    assert release(cloud, "two").result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")


def test_a_candidate_that_never_arrives_is_aborted(cloud: Cloud) -> None:
    """AWS-1"""
    cloud.absent.add("candidate")
    outcome = release(cloud, "one")
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CHECK_FAILED


def test_only_the_first_live_stage_is_new(cloud: Cloud) -> None:
    """AWS-1: later releases move the stage, and the old release answers until they arrive."""
    first = cloud.copy()
    release(cloud, "one")
    for one in (first, cloud):
        one.absent.add("live")
    assert release(first, "one").result is Result.ROLLED_BACK
    assert release(cloud, "two").result is Result.STABLE


def test_a_hold_is_whole_with_its_first_write(cloud: Cloud) -> None:
    """CD-7: a run that dies in it leaves the hold and its cause."""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    whole, process = cloud.copy(), Process()
    release(whole, "two", process=process)
    at = len(process.calls) - process.calls[::-1].index("apigateway.delete_stage")
    with pytest.raises(ProcessDied):
        release(cloud, "two", process=Process(at=at, blow=Blow.DEATH))
    cloud.clock.outlast_lease()
    operation = cloud.ledger.operations()[-1]
    assert operation.held
    assert operation.failure
    assert operation.failure.code == Code.CHECK_FAILS_EVERYWHERE.id
    with pytest.raises(KanmonError) as caught:
        recover(cloud.services(), ignore, FakeApproval())
    assert caught.value.code is Code.HELD


def test_the_cause_of_a_rollback_outlives_its_run(cloud: Cloud) -> None:
    """CD-11"""
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    whole, process = cloud.copy(), Process()
    release(whole, "two", process=process)
    last = len(process.calls) - process.calls[::-1].index("apigateway.update_stage")
    with pytest.raises(ProcessDied):
        release(cloud, "two", process=Process(at=last, blow=Blow.DEATH))
    cloud.clock.outlast_lease()
    recover(cloud.services(), ignore, FakeApproval())
    failure = cloud.ledger.operations()[-1].failure
    assert failure
    assert failure.code == Code.CHECK_FAILED.id


def test_a_new_check_does_not_hold_a_release(cloud: Cloud) -> None:
    """CD-7: on the stable release it fails for another reason."""
    release(cloud, "one")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    config = make_config(checks=[{"name": "new", "path": "/api/new"}])
    assert release(cloud, "two", config=config).result is Result.ROLLED_BACK
