"""The team's own tests decide about a candidate before any user gets it (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import DecisionKind
from kanmon.model import Result
from kanmon.release.decide import decide
from kanmon.release.recover import recover
from tests.fakes.app import make_config
from tests.fakes.process import Process, ProcessDied
from tests.fakes.runs import failure_of, ignore, release, roll_back
from tests.fakes.services import FakeApproval
from tests.unit.config.test_verify import VERIFY

if TYPE_CHECKING:
    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud

TESTED = make_config(verify=VERIFY)


def test_they_run_against_the_preview_of_the_bundles_commit(cloud: Cloud) -> None:
    release(cloud, "one")
    process = Process()
    assert release(cloud, "two", config=TESTED, process=process).result is Result.STABLE
    [(commit, tested, token)] = cloud.preview_tests.ran
    assert (commit, tested) == (f"{'two':0<40}", "r2")
    assert token.startswith("r2-")
    assert cloud.preview_tests.prepared == [commit]


def test_a_refused_candidate_gets_no_user(cloud: Cloud) -> None:
    """ADP-8"""
    release(cloud, "one")
    cloud.preview_tests.failing.add("r2")
    outcome = release(cloud, "two", config=TESTED)
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.CANDIDATE_REFUSED
    assert "the first is buys a book" in failure_of(outcome).message
    assert set(cloud.seen) == {(None, None), (None, "r1"), ("r1", "r1")} & set(cloud.seen)
    assert cloud.users == ("r1", "r1")
    assert outcome.operation
    assert outcome.operation.traffic_calls == 0


def test_nothing_begins_where_they_can_not_run(cloud: Cloud) -> None:
    """Before anybody approves, and before any change."""
    release(cloud, "one")
    cloud.preview_tests.engine = False
    with pytest.raises(KanmonError) as refused:
        release(cloud, "two", config=TESTED)
    assert refused.value.code is Code.CONTAINER_FAILED
    assert cloud.ledger.head().operations == 1


def test_a_person_can_abort_them(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.preview_tests.meanwhile = lambda: decide(
        cloud.services(), DecisionKind.ABORT, FakeApproval(), reason="too slow"
    )
    outcome = release(cloud, "two", config=TESTED)
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.ABORT_REQUESTED


def test_ctrl_c_ends_them_and_the_operation(cloud: Cloud) -> None:
    """CD-13"""

    def interrupt() -> None:
        raise KeyboardInterrupt

    release(cloud, "one")
    cloud.preview_tests.meanwhile = interrupt
    outcome = release(cloud, "two", config=TESTED)
    assert outcome.result is Result.ABORTED
    assert failure_of(outcome).code is Code.INTERRUPTED
    assert cloud.users == ("r1", "r1")


def test_a_rollback_runs_none(cloud: Cloud) -> None:
    """CD-9: users wait, and the release passed them once. Also when its slot has to be made again."""
    for version in ("a1", "a2", "a3"):
        release(cloud, version, config=TESTED)
    before = len(cloud.preview_tests.ran)
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert len(cloud.preview_tests.ran) == before


def test_the_journal_has_their_result(cloud: Cloud) -> None:
    texts: list[str] = []

    def observe(event: Event) -> None:
        texts.append(event.text)

    release(cloud, "one", config=TESTED, observer=observe)
    assert "1 test of your own ran, 0 failed" in texts


def test_a_run_that_dies_meanwhile_is_aborted(cloud: Cloud) -> None:
    """CD-13: recovery runs no test, and closes the preview."""

    def die() -> None:
        raise ProcessDied

    release(cloud, "one")
    cloud.preview_tests.meanwhile = die
    with pytest.raises(ProcessDied):
        release(cloud, "two", config=TESTED)
    cloud.clock.outlast_lease()
    outcome = recover(cloud.services(), ignore, FakeApproval())
    assert outcome
    assert outcome.result is Result.ABORTED
    assert len(cloud.preview_tests.ran) == 1
    assert cloud.users == ("r1", "r1")
    assert set(cloud.gateway.stages) == {"live"}
