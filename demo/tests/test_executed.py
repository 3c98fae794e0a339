"""The record of a workflow run: its jobs, how long they waited and ran (CD-2, CD-3)."""

from __future__ import annotations

from datetime import UTC, datetime

from demo.executed import ExecutedJob, ExecutedRun, job_of
from embedded.github.workflows import Job


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def job(name: str, conclusion: str, created: float, started: float | None, completed: float) -> Job:
    return Job(
        7,
        name,
        status="completed",
        conclusion=conclusion,
        created=moment(created),
        started=None if started is None else moment(started),
        completed=moment(completed),
    )


def test_a_run_lists_its_jobs_with_how_long_they_waited_and_ran() -> None:
    run = ExecutedRun(
        command="git push origin main",
        workflow="deploy-production",
        number=4,
        event="push",
        conclusion="failure",
        began=100.0,
        ended=142.26,
        jobs=(
            ExecutedJob.of(job("Test", "success", 101, 101, 112.5)),
            ExecutedJob.of(job("Deploy", "failure", 120, 125, 142)),
        ),
        lines=(),
        transcript="",
    )
    assert run.name == "deploy-production #4"
    assert run.document() == {
        "name": "deploy-production",
        "event": "push",
        "conclusion": "failure",
        "seconds": 42.3,
        "jobs": [
            {"name": "Test", "conclusion": "success", "waited_seconds": 0.0, "seconds": 11.5},
            {"name": "Deploy", "conclusion": "failure", "waited_seconds": 5.0, "seconds": 17.0},
        ],
    }


def test_an_unapproved_job_has_only_waited() -> None:
    rejected = ExecutedJob.of(job("Deploy", "failure", 10, None, 16))
    assert rejected.waited == 6.0
    assert rejected.seconds == 0.0


def test_a_called_workflow_s_job_goes_by_its_own_name() -> None:
    assert job_of("Release/release/Deploy") == "Deploy"
    assert job_of("deploy-production/Test") == "Test"
