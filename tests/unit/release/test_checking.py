"""A failed smoke check is an error; each verdict is noted (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.checks.execution import CheckResult
from kanmon.checks.probe import Target
from kanmon.config.served import read_served
from kanmon.release.checking import ChecksFailedError, check, refuse_failed
from tests.fakes.app import make_config
from tests.fakes.runs import journal_of, release

if TYPE_CHECKING:
    from kanmon.release.journal import Journal
    from tests.fakes.cloud import Cloud

CONFIG = make_config()


def _check(cloud: Cloud, journal: Journal) -> None:
    outputs = {"api": {"ApiId": "api-1", "AccessLogs": ""}, "edge": {"WebBucket": "web"}}
    served = read_served(CONFIG.as_json())
    check(
        cloud.services().site(served, outputs),
        journal,
        served.checks,
        Target("live", "r1", logs="/aws/lambda/shop-test-blue"),
    )


def test_a_failed_check_is_an_error_with_its_value(cloud: Cloud) -> None:
    release(cloud, "a1")
    cloud.faulty.add(("r1", "live"))
    with pytest.raises(ChecksFailedError, match="health: status is 500 instead of 200") as caught:
        _check(cloud, journal_of(cloud))
    assert caught.value.where == "r1 as live"
    assert "`aws logs tail /aws/lambda/shop-test-blue --since 1h`" in caught.value.fix
    assert [one.name for one in caught.value.failed] == ["health", "page"]


@pytest.mark.parametrize("invoked", [True, False])
def test_a_function_that_did_not_run_names_the_accounts_concurrency(invoked: bool) -> None:
    """AWS-1: a new account runs ten functions at once. An error of the app has nothing to do with it."""
    health, target = make_config().checks[0], Target("live", "r1", logs="/aws/lambda/shop-test-blue")
    failed = CheckResult(health, target, False, 3, 0.1, "", "status is 500 instead of 200", invoked=invoked)
    with pytest.raises(ChecksFailedError) as caught:
        refuse_failed([failed])
    assert ("L-B99A9384" in caught.value.fix) is not invoked
    assert "/aws/lambda/shop-test-blue" in caught.value.fix


def test_the_verdicts_are_noted_and_written_later(cloud: Cloud) -> None:
    """CD-10: no write between a failed check and the old release."""
    release(cloud, "a1")
    journal, writes = journal_of(cloud), len(cloud.store.writes)
    _check(cloud, journal)
    assert [one.passed for one in journal.operation.checks] == [True, True]
    assert len(cloud.store.writes) == writes
