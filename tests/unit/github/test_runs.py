"""Workflow runs: their jobs, and the cancellation of waiting ones (CD-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.runs import cancel, jobs, queued_runs
from tests.fakes.repository import client_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

DEPLOY, SHA = "deploy-production.yml", "a" * 40


@pytest.fixture
def waiting(github: LocalGithub) -> int:
    """A run with a job behind the gate. Return the run's id."""
    github.commit(SHA, "Add goals", "hanako")
    github.protect("production", ["taro"], branches=["main"])
    run = github.begin_run(DEPLOY, "push", "hanako", SHA, "main")
    github.begin_job(run, 1, "deploy", "production", runner="runner-1")
    return run


def test_a_waiting_job_has_its_name_and_status(github: LocalGithub, waiting: int) -> None:
    [job] = jobs(client_of(github, actions="read"), waiting, 1)
    assert job.name == "deploy"
    assert job.status == "waiting"


def test_jobs_come_from_all_pages(github: LocalGithub, waiting: int) -> None:
    """A matrix has up to 256 jobs (TRU-4)."""
    for number in range(150):
        github.begin_job(waiting, 1, f"test {number}")
    assert len(jobs(client_of(github, actions="read"), waiting, 1)) == 151


def test_a_skipped_job_is_known(github: LocalGithub, waiting: int) -> None:
    github.end_job(waiting, "deploy", "skipped")
    [job] = jobs(client_of(github, actions="read"), waiting, 1)
    assert job.skipped


def test_an_approved_job_has_its_runner(github: LocalGithub, waiting: int) -> None:
    github.review(waiting, "production", "taro")
    [job] = jobs(client_of(github, actions="read"), waiting, 1)
    assert job.runner == "runner-1"


def test_only_runs_before_their_gate_are_queued(github: LocalGithub, waiting: int) -> None:
    """CD-9"""
    client = client_of(github, actions="read")
    assert [run.id for run in queued_runs(client, DEPLOY)] == [waiting]
    github.review(waiting, "production", "taro")
    assert queued_runs(client, DEPLOY) == []


def test_a_waiting_run_is_cancelled(github: LocalGithub, waiting: int) -> None:
    """CD-9"""
    assert cancel(client_of(github, actions="write"), waiting)
    assert github.repository.runs[waiting].latest.conclusion == "cancelled"


def test_an_ended_run_is_not_cancelled(github: LocalGithub, waiting: int) -> None:
    github.cancel(waiting)
    github.end_run(waiting, "cancelled")
    assert not cancel(client_of(github, actions="write"), waiting)


def test_a_missing_permission_is_named(github: LocalGithub, waiting: int) -> None:
    with pytest.raises(KanmonError) as caught:
        cancel(client_of(github, actions="read"), waiting)
    assert caught.value.code is Code.GITHUB_DENIED
    assert "actions: write" in caught.value.fix
