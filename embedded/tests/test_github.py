"""The local GitHub: PyGithub and Kanmon's own client see no difference, and nothing passes it unchecked."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from github import Auth, Github, GithubException
from github.EnvironmentProtectionRuleReviewer import ReviewerParams
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from embedded.github import trim
from embedded.github.routing import RefusedError
from embedded.github.server import LocalGithub
from embedded.slack import TOKEN, LocalSlack
from kanmon.github.client import Client
from kanmon.github.environments import GithubRules
from kanmon.github.runs import cancel, jobs, queued_runs
from kanmon.github.workflow_run import WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.ContentFile import ContentFile
    from github.Repository import Repository

NAME = "acme/mandala"
SHA = "a" * 40
EVERYTHING = dict.fromkeys(
    ("actions", "administration", "attestations", "contents", "deployments", "issues", "pull-requests"),
    "write",
)
DEPLOY = "deploy-production.yml"


@pytest.fixture
def github() -> Iterator[LocalGithub]:
    """A server with a repository; GitHub would understand all requests of a test."""
    with LocalGithub() as server:
        server.add_repository(NAME)
        server.commit(SHA, "Add goals\n\nMany of them.", "hanako")
        yield server
    assert server.violations == []


def client(github: LocalGithub, actor: str = "github-actions[bot]", **permissions: str) -> Repository:
    """PyGithub's repository for a token with these permissions, all of them by default."""
    token = github.token(permissions or EVERYTHING, actor)
    api = Github(auth=Auth.Token(token), base_url=github.url, seconds_between_writes=0, retry=None)
    return api.get_repo(NAME)


def kanmon(github: LocalGithub, run: int = 1) -> Client:
    """Kanmon's own client."""
    workflow_run = WorkflowRun(
        NAME, run, 1, "hanako", "hanako", SHA, "refs/heads/main", "push", github.url, github.url, "", ""
    )
    return Client(workflow_run, github.token({"actions": "write", "contents": "read"}))


def rules(github: LocalGithub) -> GithubRules:
    return GithubRules(kanmon(github))


def begin(github: LocalGithub, actor: str = "hanako", rerun_of: int | None = None) -> int:
    return github.begin_run(DEPLOY, "push", actor, SHA, "main", rerun_of)


def status(raised: pytest.ExceptionInfo[GithubException]) -> int:
    return int(raised.value.status)


def test_it_is_ready_at_once_with_little_to_load() -> None:
    started = time.perf_counter()
    with LocalGithub() as server:
        assert requests.get(f"{server.url}/repos/{NAME}", timeout=5).status_code == 401
    assert time.perf_counter() - started < 1.0


def test_the_description_holds_exactly_the_served_operations() -> None:
    """Only served operations are left, and nothing they refer to is missing."""
    trimmed = json.loads(trim.TRIMMED.read_text())
    assert len(trimmed["paths"]) < 40
    references = {item.rsplit("/", 1)[1] for item in trim.references(trimmed)}
    assert references == {name for kind in trimmed["components"].values() for name in kind}


def test_repository_commits_and_comparison(github: LocalGithub) -> None:
    """CD-11: a release's changes are read from commits, comparisons and pull requests."""
    github.commit("b" * 40, "Fix goals", "taro", branch="fix/goals", parents=[SHA])
    github.repository.protected_branches.add("main")
    repository = client(github)
    assert repository.full_name == NAME
    assert repository.default_branch == "main"
    assert [commit.commit.message.splitlines()[0] for commit in repository.get_commits()] == [
        "Add goals",
        "Begin",
    ]
    assert repository.get_commit("aaaaaaa").author.login == "hanako"
    difference = repository.compare("main", "fix/goals")
    assert difference.status == "ahead"
    assert difference.ahead_by == 1
    assert difference.behind_by == 0
    assert [commit.sha for commit in difference.commits] == ["b" * 40]
    assert repository.compare("fix/goals", "main").status == "behind"
    assert repository.get_branch("main").protected
    assert not repository.get_branch("fix/goals").protected
    assert rules(github).branch_is_protected("main")
    with pytest.raises(GithubException) as raised:
        repository.get_commit("no-such-commit")
    assert status(raised) == 422


def test_pull_requests_and_their_comment(github: LocalGithub) -> None:
    """CD-1: one comment, updated in place."""
    github.commit("c" * 40, "Draw it", "stranger", branch=None, parents=[SHA])
    github.open_pull(7, "Draw the chart", "stranger", "c" * 40, fork=True)
    repository = client(github, **{"pull-requests": "write", "contents": "read"})
    pull = repository.get_pull(7)
    assert pull.head.repo.full_name == "stranger/mandala"
    assert pull.base.repo.full_name == NAME
    made = pull.create_issue_comment("red")
    made.edit("green")
    assert [comment.body for comment in pull.get_issue_comments()] == ["green"]
    merged = github.merge_pull(7, "hanako")
    assert repository.get_pull(7).merge_commit_sha == merged
    for sha in ("c" * 40, merged):
        assert [found.number for found in repository.get_commit(sha).get_pulls()] == [7]
    assert list(repository.get_commit(SHA).get_pulls()) == []
    with pytest.raises(GithubException) as raised:
        repository.get_pull(8)
    assert status(raised) == 404


def test_lists_come_in_pages(github: LocalGithub) -> None:
    """PyGithub goes from page to page by the Link headers, on this server's own host."""
    for number in range(70):
        github.commit(f"{number:040x}", f"Step {number}", "hanako")
    assert len(list(client(github).get_commits())) == 72
    assert [path for _, path, _ in github.requests].count(f"/repos/{NAME}/commits") == 3


def test_environments_rules(github: LocalGithub) -> None:
    """CD-3: the gate reads reviewers, self review and branches as GitHub has them."""
    github.protect("production", ["taro"], prevent_self_review=True, branches=["main", "release/*"])
    found = rules(github).environment("production")
    assert found is not None
    assert found.reviewers == ("taro",)
    assert found.prevents_self_review is True
    assert found.patterns == ("heads/main", "heads/release/*")
    assert rules(github).environment("staging") is None
    github.protect("production", branches="protected")
    found = rules(github).environment("Production")
    assert found is not None
    assert found.protected_branches
    assert found.reviewers == ()
    taro = github.add_user("taro")
    repository = client(github)
    repository.create_environment("qa", reviewers=[ReviewerParams("User", taro)], wait_timer=5)
    assert github.repository.environments["qa"].reviewers == ["taro"]
    repository.create_environment("qa")
    assert github.repository.environments["qa"].reviewers == []
    assert {rule.type for rule in repository.get_environment("qa").protection_rules} == set()


def test_job_is_held_until_a_reviewer_approves(github: LocalGithub) -> None:
    """CD-3: the job waits, the API shows for whom, an approval lets it go, and stays on record."""
    github.protect("production", ["taro"], prevent_self_review=True)
    run = begin(github)
    with ThreadPoolExecutor() as pool:
        begun = pool.submit(
            requests.post,
            f"{github.url}/_control/runs/{run}/jobs/deploy/begin",
            json={"run_attempt": 1, "environment": "production"},
            timeout=10,
        )
        assert [job.name for job in github.waiting_jobs()] == ["deploy"]
        assert client(github).get_workflow_run(run).status == "waiting"
        assert [waiting.id for waiting in queued_runs(kanmon(github), DEPLOY)] == [run]
        ours, theirs = client(github, "hanako"), client(github, "taro")
        assert pending(ours, run)["current_user_can_approve"] is False
        with pytest.raises(GithubException) as raised:
            approve(ours, run)
        assert status(raised) == 422
        assert approve(theirs, run)[0]["environment"] == "production"
        assert begun.result().json()["state"] == "approved"
    assert [(review.by, review.approved) for review in rules(github).reviews(run, "production")] == [
        ("taro", True)
    ]
    [job] = jobs(kanmon(github), run, 1)
    assert job.name == "deploy"
    assert job.status == "in_progress"
    assert job.runner == begun.result().json()["runner"]
    github.end_job(run, "deploy", "success")
    github.end_run(run, "success")
    assert client(github).get_workflow_run(run).conclusion == "success"
    [deployment] = client(github).get_deployments(environment="production")
    assert [item.state for item in deployment.get_statuses()] == ["success", "in_progress"]


def pending(repository: Repository, run: int) -> dict[str, Any]:
    _, [waiting] = repository.requester.requestJsonAndCheck(
        "GET", f"{repository.url}/actions/runs/{run}/pending_deployments"
    )
    return dict(waiting)


def approve(repository: Repository, run: int, state: str = "approved") -> list[dict[str, Any]]:
    wanted = {
        "environment_ids": [pending(repository, run)["environment"]["id"]],
        "state": state,
        "comment": "ok",
    }
    url = f"{repository.url}/actions/runs/{run}/pending_deployments"
    return list(repository.requester.requestJsonAndCheck("POST", url, input=wanted)[1])


def test_rerun_waits_again_and_its_approvals_join_the_old_ones(github: LocalGithub) -> None:
    """CD-3: GitHub shows neither the time nor the run attempt of an approval; nor does this."""
    github.protect("production", ["taro", "hanako"])
    run = begin(github)
    github.begin_job(run, 1, "deploy", "production")
    github.review(run, "production", "taro")
    github.end_run(run, "failure")
    assert begin(github, "taro", rerun_of=run) == run
    assert github.begin_job(run, 2, "deploy", "production").gate == "waiting"
    github.review(run, "production", "hanako", "rejected", "not now")
    assert github.wait_job(run, "deploy") == "rejected"
    assert [(review.by, review.approved) for review in rules(github).reviews(run, "production")] == [
        ("taro", True),
        ("hanako", False),
    ]
    shown = client(github).get_workflow_run(run)
    assert shown.run_attempt == 2
    assert shown.actor.login == "hanako"
    assert shown.triggering_actor.login == "taro"
    _, first = shown.requester.requestJsonAndCheck("GET", f"{shown.url}/attempts/1")
    assert first["status"] == "completed"
    assert first["conclusion"] == "failure"
    assert [len(list(shown.jobs(kind))) for kind in ("latest", "all")] == [1, 2]


def test_a_job_outside_the_rules_does_not_wait(github: LocalGithub) -> None:
    """CD-3: a missing environment is made unprotected; a branch outside the rules fails at once."""
    run = begin(github)
    assert github.begin_job(run, 1, "one", "new").gate == "approved"
    assert github.repository.environments["new"].reviewers == []
    github.protect("production", ["taro"], branches=["release/*"])
    assert github.begin_job(run, 1, "two", "production").gate == "rejected"
    with pytest.raises(RefusedError, match="Validation Failed"):
        github.review(run, "production", "taro")
    assert github.begin_job(run, 1, "three", "new", deployment=False).deployment is None
    github.protect("production", ["taro"], apps=["change-board"])
    assert github.begin_job(run, 1, "four", "production", deployment=False).gate == "rejected"


def test_a_concurrency_group_runs_one_job_and_drops_none() -> None:
    """A job takes the group before its approval: it holds the group while it waits for reviewers (CD-14)."""
    with LocalGithub() as github:
        github.add_repository(NAME)
        github.commit(SHA, "Add goals", "hanako")
        github.protect("production", ["taro"])
        runs = [github.begin_run(DEPLOY, "push", "hanako", SHA, "main") for _ in range(4)]
        jobs = [github.begin_job(run, 1, "deploy", "production", group="production") for run in runs]

        def states() -> list[str]:
            return [job.status for job in jobs]

        assert states() == ["waiting", "pending", "pending", "pending"]
        with pytest.raises(RefusedError):
            github.review(runs[1], "production", "taro")
        github.cancel(runs[2])
        github.review(runs[0], "production", "taro")
        assert states() == ["in_progress", "pending", "completed", "pending"]
        github.end_job(runs[0], "deploy", "success")
        assert states() == ["completed", "waiting", "completed", "pending"]
        github.cancel(runs[1])
        assert states() == ["completed", "completed", "completed", "waiting"]
        assert [job.conclusion for job in jobs] == ["success", "cancelled", "cancelled", None]


def test_a_group_can_also_be_taken_after_the_approval() -> None:
    """CD-14: GitHub documents neither order, so both are played. A rollback finds all runs that wait."""
    with LocalGithub() as github:
        github.state.approval_first = True
        github.add_repository(NAME)
        github.commit(SHA, "Add goals", "hanako")
        github.protect("production", ["taro"])
        runs = [github.begin_run(DEPLOY, "push", "hanako", SHA, "main") for _ in range(3)]
        jobs = [github.begin_job(run, 1, "deploy", "production", group="production") for run in runs]
        assert [job.status for job in jobs] == ["waiting", "waiting", "waiting"]
        for run in (runs[2], runs[0]):
            github.review(run, "production", "taro")
        assert [job.status for job in jobs] == ["pending", "waiting", "in_progress"]
        assert {run.id for run in queued_runs(kanmon(github), DEPLOY)} == {runs[0], runs[1]}
        github.end_job(runs[2], "deploy", "success")
        assert [job.status for job in jobs] == ["in_progress", "waiting", "completed"]
        assert cancel(kanmon(github), runs[1])
        assert github.begin_job(runs[2], 1, "smoke", group="smoke").status == "in_progress"


def test_cancel_ends_waiting_jobs_and_informs_the_launcher() -> None:
    """CD-13: a waiting run ends at once; an ended one can't be cancelled."""
    cancelled: list[int] = []
    with LocalGithub(cancelled.append) as github, ThreadPoolExecutor() as pool:
        github.add_repository(NAME)
        github.protect("production", ["taro"])
        run = begin(github)
        github.begin_job(run, 1, "deploy", "production")
        waiting = pool.submit(github.wait_job, run, "deploy")
        assert cancel(kanmon(github), run)
        assert waiting.result() == "cancelled"
        assert not cancel(kanmon(github), run)
        other = begin(github)
        github.begin_job(other, 1, "build")
        assert client(github).get_workflow_run(other).cancel()
        assert client(github).get_workflow_run(other).status == "in_progress"
        github.end_run(other, "success")
        assert [item.id for item in client(github).get_workflow_runs(status="cancelled")] == [other, run]
        assert github.violations == []
    assert sorted(cancelled) == [run, other]


def test_deployments_and_their_statuses(github: LocalGithub) -> None:
    """CD-11: a success ends the older one of the same environment."""
    repository = client(github, deployments="write", contents="read")
    first, second = (
        repository.create_deployment("main", environment="production", task=task, payload={"release": task})
        for task in ("r1", "r2")
    )
    first.create_status("success", environment_url="https://example.com/")
    second.create_status("in_progress", description="10 %")
    second.create_status("success")
    assert [item.state for item in first.get_statuses()] == ["inactive", "success"]
    assert [item.state for item in second.get_statuses()] == ["success", "in_progress"]
    assert [item.payload["release"] for item in repository.get_deployments(sha=SHA, task="r2")] == ["r2"]
    assert repository.get_deployment(first.id).sha == SHA
    third = repository.create_deployment("main", environment="production")
    third.create_status("success", auto_inactive=False)
    assert second.get_statuses()[0].state == "success"


def test_releases(github: LocalGithub) -> None:
    """CD-11: a release by its tag, made once; a draft has none yet."""
    repository = client(github)
    made = repository.create_git_release("r42", "r42", "Goals.", target_commitish=SHA)
    assert repository.get_release("r42").id == made.id
    assert made.update_release("r42", "Goals and more.").body == "Goals and more."
    assert github.repository.tags == {"r42": SHA}
    draft = repository.create_git_release("r43", "r43", "", draft=True)
    with pytest.raises(GithubException) as raised:
        repository.get_release("r43")
    assert status(raised) == 404
    assert [release.id for release in repository.get_releases()] == [draft.id, made.id]
    with pytest.raises(GithubException) as raised:
        repository.create_git_release("r42", "r42", "")
    assert status(raised) == 422


def test_a_commit_with_other_workflow_files_gets_no_tag(github: LocalGithub) -> None:
    """AWS-4: GitHub wants `workflows: write`, also for a release with this target."""
    github.commit("b" * 40, "Change a workflow", "hanako", workflows="new")
    repository = client(github)
    with pytest.raises(GithubException) as raised:
        repository.create_git_ref("refs/tags/r42", SHA)
    assert status(raised) == 403
    assert "workflows=write" in (raised.value.headers or {})["x-accepted-github-permissions"]
    with pytest.raises(GithubException) as raised:
        repository.create_git_release("r42", "r42", "", target_commitish=SHA)
    assert status(raised) == 403
    client(github, "hanako", contents="write", workflows="write").create_git_ref("refs/tags/r42", SHA)
    assert repository.create_git_release("r42", "r42", "").tag_name == "r42"
    assert github.repository.tags == {"r42": SHA}
    assert [file.name for file in files(repository, "main")] == ["release.yml"]
    with pytest.raises(GithubException) as raised:
        files(repository, SHA)
    assert status(raised) == 404


def files(repository: Repository, ref: str) -> list[ContentFile]:
    found = repository.get_contents(".github/workflows", ref=ref)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("rule", [{"restricted_tags": "r4*"}, {"immutable_tags": {"r42"}}], ids=str)
def test_rules_of_the_repository_refuse_a_tag(github: LocalGithub, rule: dict[str, Any]) -> None:
    """AWS-4: a ruleset, and the tag of a deleted immutable release."""
    vars(github.repository).update(rule)
    repository = client(github)
    with pytest.raises(GithubException, match="creations being restricted") as raised:
        repository.create_git_ref("refs/tags/r42", SHA)
    assert status(raised) == 422
    with pytest.raises(GithubException, match="must have a valid tag") as raised:
        repository.create_git_release("r42", "r42", "")
    assert status(raised) == 422
    repository.create_git_ref("refs/tags/s1", SHA)
    with pytest.raises(GithubException, match="already exists"):
        repository.create_git_ref("refs/tags/s1", SHA)


def test_a_release_without_its_tag_is_a_draft(github: LocalGithub) -> None:
    repository = client(github)
    repository.create_git_release("r42", "r42", "")
    github.delete_tag("r42")
    with pytest.raises(GithubException) as raised:
        repository.get_release("r42")
    assert status(raised) == 404


def test_an_archived_repository_is_read_only(github: LocalGithub) -> None:
    github.repository.archived = True
    repository = client(github)
    assert repository.get_commit(SHA).sha == SHA
    with pytest.raises(GithubException, match="archived so is read-only") as raised:
        repository.create_deployment("main")
    assert status(raised) == 403


def test_a_former_name_leads_to_the_repository(github: LocalGithub) -> None:
    repository = client(github)
    github.rename("acme/chart")
    assert repository.get_commit(SHA).sha == SHA
    answer = requests.post(
        f"{github.url}/repos/{NAME}/deployments",
        json={"ref": "main"},
        headers={"Authorization": f"token {github.token(EVERYTHING)}"},
        allow_redirects=False,
        timeout=5,
    )
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{github.url}/repos/acme/chart/deployments"


def test_an_answer_can_be_a_fault(github: LocalGithub) -> None:
    github.fail("GET", "/commits/.*", 429, "You have exceeded a secondary rate limit.", {"Retry-After": "60"})
    repository = client(github)
    with pytest.raises(GithubException) as raised:
        assert repository.get_commit(SHA).url
    assert status(raised) == 429
    assert repository.default_branch == "main"


def test_attestations(github: LocalGithub) -> None:
    """CD-6: found by the digest of their subject."""
    statement = {"subject": [{"name": "bundle", "digest": {"sha256": "ab" * 32}}]}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "dsseEnvelope": {"payload": payload},
    }
    repository = client(github)
    url = f"{repository.url}/attestations"
    repository.requester.requestJsonAndCheck("POST", url, input={"bundle": bundle})
    for digest, count in (("ab", 1), ("cd", 0)):
        _, found = repository.requester.requestJsonAndCheck("GET", f"{url}/sha256:{digest * 32}")
        assert [item["bundle"] for item in found["attestations"]] == [bundle] * count


@pytest.mark.parametrize(
    ("permissions", "call"),
    [
        ({"contents": "write"}, lambda it: it.get_deployments()[0]),
        ({"deployments": "read"}, lambda it: it.create_deployment("main")),
        ({"actions": "read"}, lambda it: it.create_environment("production")),
        ({"contents": "read"}, lambda it: it.create_git_release("r1", "r1", "")),
        ({"contents": "read"}, lambda it: it.get_environment("production")),
    ],
)
def test_token_without_the_permission_is_refused(
    github: LocalGithub, permissions: dict[str, str], call: Any
) -> None:
    """SEC-5: a job can do no more than its `permissions`."""
    with pytest.raises(GithubException) as raised:
        call(client(github, **permissions))
    assert status(raised) == 403
    assert raised.value.data["message"] == "Resource not accessible by integration"


def test_no_token_or_a_wrong_one(github: LocalGithub) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}):
        assert requests.get(f"{github.url}/repos/{NAME}", headers=header, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "violation"),
    [
        ("POST", "/deployments", {"task": "deploy"}, "'ref' is a required property"),
        ("POST", "/deployments", {"ref": "main", "enviroment": "production"}, "enviroment"),
        ("POST", "/issues/7/comments", {"body": 7}, "7 is not of type 'string'"),
        ("GET", "/actions/runs?status=running", None, "'running' is not"),
        ("GET", "/actions/runs?created=2026-01-01", None, "query created: not played"),
        ("GET", "/hooks", None, "Not Found"),
        ("POST", "/releases", {"tag_name": "r1", "generate_release_notes": True}, "is not played"),
    ],
)
def test_an_unknown_request_is_refused_and_kept(method: str, path: str, body: Any, violation: str) -> None:
    """A request outside GitHub's description fails, and stays in `violations`."""
    with LocalGithub() as github:
        github.add_repository(NAME)
        headers = {"Authorization": f"token {github.token(EVERYTHING)}"}
        url = f"{github.url}/repos/{NAME}{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=5)
        assert answer.status_code in {404, 422}
        assert any(violation in found for found in github.violations), github.violations


def test_an_answer_unlike_githubs_is_an_error_and_kept() -> None:
    with LocalGithub() as github:
        github.add_repository(NAME)
        github.repository.default_branch = None  # type: ignore[assignment]
        headers = {"Authorization": f"token {github.token(EVERYTHING)}"}
        assert requests.get(f"{github.url}/repos/{NAME}", headers=headers, timeout=5).status_code == 500
        assert "default_branch" in github.violations[0]


def test_launcher_directs_it_over_http() -> None:
    """All calls of a launcher in another process."""
    with LocalGithub() as github:

        def control(path: str, **parameters: Any) -> Any:
            answer = requests.post(f"{github.url}/_control/{path}", json=parameters, timeout=5)
            return answer.json() if answer.ok else answer.status_code

        control("repositories", name=NAME)
        control("environments/production", reviewers=["taro"])
        wanted = {"workflow_file": DEPLOY, "event": "push", "actor": "hanako", "sha": SHA, "branch": "main"}
        run = control("runs", **wanted)["result"]
        held = {"run_attempt": 1, "environment": "production", "patience": 0}
        assert control(f"runs/{run}/jobs/deploy/begin", **held)["state"] == "waiting"
        assert control(f"runs/{run}/review", environment="production", by="hanako") == 422
        control(f"runs/{run}/review", environment="production", by="taro")
        assert control(f"runs/{run}/jobs/deploy/begin", **held)["state"] == "approved"
        control(f"runs/{run}/jobs/deploy/end", conclusion="failure")
        control(f"runs/{run}/end", conclusion="failure")
        assert control(f"runs/{run}/cancel") == 409
        assert control("tokens", permissions={})["result"] in github.state.tokens
        assert control("nothing") == 404
        assert control("runs", nothing=1) == 400
        assert github.repository.runs[run].latest.conclusion == "failure"


def test_stop_ends_connections_and_frees_waiting_clients() -> None:
    """CD-13: a client learns at once that GitHub is gone."""
    github = LocalGithub().start()
    github.add_repository(NAME)
    github.protect("production", ["taro"])
    run = begin(github)
    github.begin_job(run, 1, "deploy", "production")
    with ThreadPoolExecutor() as pool, urllib3.PoolManager(retries=False) as viewer:
        assert viewer.request("GET", github.url).status == 401
        waiting = pool.submit(github.wait_job, run, "deploy")
        github.stop()
        assert waiting.result() == "cancelled"
        with pytest.raises(urllib3.exceptions.HTTPError):
            viewer.request("GET", github.url)


def test_slack_takes_messages_and_can_be_made_to_fail() -> None:
    """CD-12: webhook and bot token; a failing one is played too."""
    with LocalSlack() as slack:
        assert requests.post(slack.webhook, json={"text": "r42 is live"}, timeout=5).text == "ok"
        bot = WebClient(TOKEN, base_url=slack.api)
        answer = bot.chat_postMessage(channel="C1", text="r42 is stable")
        assert answer["channel"] == "C1"
        slack.fail(503)
        assert requests.post(slack.webhook, json={"text": "lost"}, timeout=5).status_code == 503
        assert requests.post(slack.webhook, json={"text": "again"}, timeout=5).ok
        assert requests.post(slack.webhook, json={"wrong": 1}, timeout=5).status_code == 400
        with pytest.raises(SlackApiError, match="not_authed"):
            WebClient("xoxb-wrong", base_url=slack.api).chat_postMessage(channel="C1", text="no")
        assert [message.text for message in slack.wait(3)] == ["r42 is live", "r42 is stable", "again"]
