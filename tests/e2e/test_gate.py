"""The gate over real HTTP: without proof it refuses, each time with its own error (CD-3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from embedded.github.server import LocalGithub
from tests.e2e.job import NAME, SHA, Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = "deploy-production.yml"
CONFIG = """\
app: tiny
functions: {api: {handler: app.handle, artifact: out/api}}
api: {routes: [{path: "/api/{proxy+}", function: api}]}
web: {directory: out/web}
checks: [{name: page, path: /}]
approval: {prevent_self_review: true}
"""


@pytest.fixture
def github() -> Iterator[LocalGithub]:
    with LocalGithub() as server:
        server.add_repository(NAME)
        server.commit(SHA, "Add goals", "hanako")
        server.protect("production", ["taro", "hanako"], prevent_self_review=True, branches=["main"])
        yield server
    assert server.violations == []


@pytest.fixture
def job(github: LocalGithub, tmp_path: Path) -> Job:
    """A job of a push to main by hanako."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "kanmon.yml").write_text(CONFIG)
    run = github.begin_run(DEPLOY, "push", "hanako", SHA, "main")
    return Job(github, folder, run, {"actions": "read", "contents": "read"})


def refusal(job: Job, *arguments: str) -> str:
    """The code of a refusal by the gate; it must be the page's only annotation."""
    ended = job.kanmon("gate", *arguments).check(2)
    errors = [line for line in ended.output.splitlines() if line.startswith("::error")]
    assert len(errors) == 1, ended.output
    return errors[0].partition("::error title=Kanmon ")[2][:7]


def gated(github: LocalGithub, job: Job, run_attempt: int = 1) -> None:
    """The gated job waits at its environment."""
    github.begin_job(job.run, run_attempt, "deploy", "production", runner=job.runner)


def test_the_gates_reviewers_are_printed(job: Job) -> None:
    ended = job.kanmon("gate").check()
    assert "production holds releases back until one of taro, hanako approves" in ended.output


def test_without_the_environment(github: LocalGithub, job: Job) -> None:
    """Asking must not create it, as naming it in a job would: without any protection."""
    del github.repository.environments["production"]
    assert refusal(job) == "KNM-321"
    assert "production" not in github.repository.environments


def test_without_reviewers(github: LocalGithub, job: Job) -> None:
    github.protect("production", [], branches=["main"])
    assert refusal(job) == "KNM-322"


def test_open_to_all_branches(github: LocalGithub, job: Job) -> None:
    github.protect("production", ["taro"], prevent_self_review=True)
    assert refusal(job) == "KNM-323"


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/heads/main/not", "refs/tags/main"])
def test_a_branch_outside_the_rules(job: Job, ref: str) -> None:
    job.ref = ref
    assert refusal(job) == "KNM-324"


def test_rules_with_self_review(github: LocalGithub, job: Job) -> None:
    github.protect("production", ["taro"], branches=["main"])
    assert refusal(job) == "KNM-325"


def test_nobody_approved(github: LocalGithub, job: Job) -> None:
    gated(github, job)
    assert refusal(job, "--approved") == "KNM-326"
    github.review(job.run, "production", "taro", "rejected")
    assert refusal(job, "--approved") == "KNM-326"


def test_an_approval_of_an_older_run_attempt(github: LocalGithub, job: Job) -> None:
    """A re-run must not use it, even if somebody removed the rules for a while."""
    gated(github, job)
    github.review(job.run, "production", "taro")
    assert "taro approved" in job.kanmon("gate", "--approved").check().output
    github.end_job(job.run, "deploy", "failure")
    github.end_run(job.run, "failure")
    github.begin_run(DEPLOY, "push", "hanako", SHA, "main", rerun_of=job.run)
    job.run_attempt, job.runner = 2, "runner-2"
    github.protect("production", [])
    gated(github, job, run_attempt=2)
    github.protect("production", ["taro"], prevent_self_review=True, branches=["main"])
    assert refusal(job, "--approved") == "KNM-328"


def test_a_new_approval_lets_the_second_run_attempt_through(github: LocalGithub, job: Job) -> None:
    gated(github, job)
    github.review(job.run, "production", "taro")
    github.end_job(job.run, "deploy", "failure")
    github.end_run(job.run, "failure")
    github.begin_run(DEPLOY, "push", "hanako", SHA, "main", rerun_of=job.run)
    job.run_attempt, job.runner = 2, "runner-2"
    gated(github, job, run_attempt=2)
    github.review(job.run, "production", "taro")
    assert "taro approved" in job.kanmon("gate", "--approved").check().output


def test_the_reviewer_is_the_author(github: LocalGithub, job: Job) -> None:
    """Approved while the rule was off for a moment."""
    github.protect("production", ["hanako"], branches=["main"])
    gated(github, job)
    github.review(job.run, "production", "hanako")
    github.protect("production", ["hanako"], prevent_self_review=True, branches=["main"])
    assert refusal(job, "--approved") == "KNM-327"


def test_the_person_of_a_rerun_may_not_approve_either(github: LocalGithub, job: Job) -> None:
    github.protect("production", ["taro"], branches=["main"])
    gated(github, job)
    github.review(job.run, "production", "taro")
    github.protect("production", ["taro"], prevent_self_review=True, branches=["main"])
    job.triggering_actor = "Taro"
    assert refusal(job, "--approved") == "KNM-327"


def test_a_token_without_permission(job: Job) -> None:
    job.permissions = {"contents": "read"}
    assert refusal(job) == "KNM-602"
    assert "actions: read" in job.kanmon("gate").output


def test_no_token_at_all(job: Job) -> None:
    job.secrets = {"GITHUB_TOKEN": ""}
    assert refusal(job) == "KNM-601"


def test_an_unreachable_github(job: Job) -> None:
    job.secrets = {"GITHUB_API_URL": "http://127.0.0.1:9"}
    assert refusal(job) == "KNM-603"


def test_a_wrong_confirmation_is_refused_before_anybody_is_asked(github: LocalGithub, job: Job) -> None:
    """CD-9"""
    assert refusal(job, "--confirm=staging") == "KNM-311"
    assert github.requests == []
    job.kanmon("gate", "--confirm=production").check()


class _Group:
    """Three runs, each with its deploy in the concurrency group of production. GitHub documents no order."""

    def __init__(self, github: LocalGithub, job: Job, *, approval_first: bool) -> None:
        github.state.approval_first = approval_first
        others = [github.begin_run(DEPLOY, "push", "hanako", SHA, "main") for _ in range(2)]
        self.github = github
        self.jobs = [replace(job, run=run, runner=f"runner-{run}") for run in (job.run, *others)]
        self._at_github = [
            github.begin_job(one.run, 1, "deploy", "production", runner=one.runner, group="production")
            for one in self.jobs
        ]

    @property
    def states(self) -> list[str]:
        return [one.status for one in self._at_github]


@pytest.mark.parametrize(
    ("approval_first", "before", "after"),
    [
        (False, ["in_progress", "pending", "pending"], ["completed", "waiting", "pending"]),
        (True, ["in_progress", "pending", "waiting"], ["completed", "in_progress", "waiting"]),
    ],
    ids=["turn, then approval", "approval, then turn"],
)
def test_an_approval_counts_in_both_orders(
    github: LocalGithub, job: Job, approval_first: bool, before: list[str], after: list[str]
) -> None:
    """CD-3, CD-14: reviewers approve before or after the job's turn. Without an approval, nothing counts."""
    group = _Group(github, job, approval_first=approval_first)
    first, second, third = group.jobs
    github.review(first.run, "production", "taro")
    if approval_first:
        github.review(second.run, "production", "taro")
    assert group.states == before
    assert "taro approved" in first.kanmon("gate", "--approved").check().output
    github.end_job(first.run, "deploy", "success")
    assert group.states == after
    if not approval_first:
        assert refusal(second, "--approved") == "KNM-326"
        github.review(second.run, "production", "taro")
    assert "taro approved" in second.kanmon("gate", "--approved").check().output
    assert refusal(third, "--approved") == "KNM-326"


@pytest.mark.parametrize("approval_first", [False, True], ids=["turn, then approval", "approval, then turn"])
def test_a_rollback_finds_all_that_wait_in_both_orders(
    github: LocalGithub, job: Job, approval_first: bool
) -> None:
    """CD-9, CD-14: those who wait for a reviewer, for their turn, or approved for their turn."""
    group = _Group(github, job, approval_first=approval_first)
    for one in group.jobs[: 2 if approval_first else 1]:
        github.review(one.run, "production", "taro")
    job.permissions = {"actions": "write", "contents": "read"}
    job.kanmon("gate", f"--cancel-waiting={DEPLOY}").check()
    assert group.states == ["in_progress", "completed", "completed"]


def test_a_rollback_cancels_waiting_deploys(github: LocalGithub, job: Job) -> None:
    """CD-9: it cancels waiting deploys, and leaves those under way alone."""
    gated(github, job)
    under_way = github.begin_run(DEPLOY, "push", "jiro", SHA, "main")
    github.begin_job(under_way, 1, "deploy", "production", runner="runner-7")
    github.review(under_way, "production", "taro")
    rollback = Job(
        github,
        job.folder,
        github.begin_run("rollback-production.yml", "workflow_dispatch", "hanako", SHA, "main"),
        {"actions": "write", "contents": "read"},
        event="workflow_dispatch",
    )
    ended = rollback.kanmon("gate", f"--cancel-waiting={DEPLOY}").check()
    assert ended.output.count("cancelled a waiting run") == 1
    assert github.repository.runs[job.run].latest.conclusion == "cancelled"
    assert github.repository.runs[under_way].latest.conclusion is None
    rollback.permissions = {"actions": "read", "contents": "read"}
    gated(github, Job(github, job.folder, github.begin_run(DEPLOY, "push", "jiro", SHA, "main"), {}))
    assert (
        "::warning title=Kanmon KNM-602"
        in rollback.kanmon("gate", f"--cancel-waiting={DEPLOY}").check().output
    )
