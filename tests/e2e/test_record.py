"""GitHub shows the ledger: deployments as a release moves, releases with their changes (CD-11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from embedded.github.server import LocalGithub
from kanmon.errors import Code, KanmonError
from kanmon.github.client import WRITE_PAUSE, Client
from kanmon.github.workflow_run import WorkflowRun
from kanmon.model import Result
from kanmon.report.feed import feed
from kanmon.report.record import Recorder
from tests.e2e.job import NAME
from tests.fakes.cloud import Cloud
from tests.fakes.runs import release, roll_back

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://d123.cloudfront.net"
HOSTILE = "<script>alert(1)</script> @team closes #1 `x` [a](http://b) ::error::"

PERMISSIONS = {"deployments": "write", "contents": "write", "pull-requests": "read"}


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalGithub]:
    monkeypatch.setenv(WRITE_PAUSE, "0")
    with LocalGithub() as server:
        server.add_repository(NAME)
        yield server
    assert server.violations == []


@pytest.fixture
def cloud(github: LocalGithub) -> Cloud:
    """A cloud with the commits `a1`, `b2` and `c3` of the repository as releases."""
    for version, message in (("a1", "Add goals"), ("b2", HOSTILE), ("c3", "Draw the chart")):
        github.commit(f"{version:0<40}", f"{message}\n\nMore.", "hanako")
    return Cloud()


def recorder(github: LocalGithub, run: WorkflowRun, cloud: Cloud, **permissions: str) -> Recorder:
    token = github.token(
        permissions or {"deployments": "write", "contents": "write", "pull-requests": "read"}
    )
    client = Client(run, token)
    return Recorder(client, cloud.services().ledger, "test", URL)


@pytest.fixture
def run(github: LocalGithub) -> WorkflowRun:
    return WorkflowRun(
        NAME, 1, 1, "hanako", "hanako", "a" * 40, "refs/heads/main", "push", github.url, github.url, "", ""
    )


def states(github: LocalGithub) -> dict[str, list[str]]:
    """The states of each deployment, the first first, by its task."""
    return {
        deployment.task: [status.state for status in deployment.statuses]
        for deployment in github.repository.deployments.values()
    }


def titles(github: LocalGithub) -> dict[str, str]:
    return {release.tag: release.name or "" for release in github.repository.releases.values()}


def test_a_release_becomes_a_deployment_and_a_github_release(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    release(cloud, "a1")
    assert recorder(github, run, cloud).record() == ["operation 1, deploy of r1: stable"]
    [deployment] = github.repository.deployments.values()
    assert deployment.sha == f"{'a1':0<40}"
    assert deployment.environment == "test"
    assert deployment.payload == {"operation": 1, "release": "r1"}
    assert deployment.statuses[-1].state == "success"
    assert deployment.statuses[-1].environment_url == URL
    [made] = github.repository.releases.values()
    assert made.tag == "test-r1"
    assert made.name == "test r1"
    assert made.target == f"{'a1':0<40}"
    assert "- Add goals ([a100000](" in (made.body or "")


def test_recording_again_writes_nothing(github: LocalGithub, run: WorkflowRun, cloud: Cloud) -> None:
    release(cloud, "a1")
    recorder(github, run, cloud).record()
    github.requests.clear()
    assert recorder(github, run, cloud).record() == []
    assert {method for method, _, _ in github.requests} == {"GET"}


def test_notes_list_pull_requests_and_the_other_commits(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    """SEC-5: a title is text, from any author."""
    release(cloud, "a1")
    github.commit("d" * 40, "Work", "stranger", branch=None, parents=[f"{'c3':0<40}"])
    github.open_pull(7, f"Pull {HOSTILE}", "stranger", "d" * 40, fork=True)
    merged = github.merge_pull(7, "hanako")
    release(cloud, merged)
    recorder(github, run, cloud).record()
    notes = github.repository.releases[max(github.repository.releases)].body or ""
    html = MarkdownIt("commonmark").enable("table").render(notes)
    assert re.findall(r"<li>(\w+)", html) == ["Pull", "Draw"]
    assert html.count("<li>") == 3
    assert "<script" not in html
    assert set(re.findall('href="([^"]*)"', html)) <= {
        f"{github.url}/{NAME}/pull/7",
        f"{github.url}/{NAME}/commit/{'b2':0<40}",
        f"{github.url}/{NAME}/commit/{'c3':0<40}",
        f"{github.url}/{NAME}/compare/{'a1':0<40}...{merged}",
    }
    assert html.count("href") == 4
    assert not re.search(r"@team|#1\b|\(http://b", html)


def test_a_release_that_was_rolled_back_is_a_failure(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    release(cloud, "a1")
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "b2").result is not Result.STABLE
    recorder(github, run, cloud).record()
    assert states(github) == {"deploy:1": ["success"], "deploy:2": ["failure"]}
    description = github.repository.deployments[max(github.repository.deployments)].statuses[-1].description
    assert "KNM-" in (description or "")
    assert titles(github) == {"test-r1": "test r1"}


def test_a_rollback_is_a_deployment_of_the_release_it_restores(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    recorder(github, run, cloud).record()
    roll_back(cloud)
    recorder(github, run, cloud).record()
    assert states(github) == {
        "deploy:1": ["success", "inactive"],
        "deploy:2": ["success", "inactive"],
        "rollback:3": ["success"],
    }
    assert github.repository.deployments[max(github.repository.deployments)].sha == f"{'a1':0<40}"
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2 (rolled back)"}


def test_missing_records_of_earlier_runs_are_written_in_order(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    roll_back(cloud)
    lines = recorder(github, run, cloud).record()
    assert [line.partition(",")[0] for line in lines] == ["operation 1", "operation 2", "operation 3"]
    assert [deployment[-1] for deployment in states(github).values()] == ["inactive", "inactive", "success"]
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2 (rolled back)"}


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ({"contents": "write"}, "deployments: write"),
        ({"deployments": "write", "contents": "read", "pull-requests": "read"}, "contents: write"),
    ],
)
def test_a_permission_that_is_missing_is_named(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud, permissions: dict[str, str], missing: str
) -> None:
    release(cloud, "a1")
    with pytest.raises(KanmonError, match=missing) as caught:
        recorder(github, run, cloud, **permissions).record()
    assert caught.value.code is Code.GITHUB_DENIED


def test_a_rewritten_history_leaves_notes_without_commits(
    github: LocalGithub, run: WorkflowRun, cloud: Cloud
) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    github.repository.commits.pop(f"{'a1':0<40}")
    lines = recorder(github, run, cloud).record()
    assert lines == [
        "operation 1: the repository has no commit a10000000000",
        "operation 2, deploy of r2: stable",
    ]
    assert list(titles(github)) == ["test-r2"]


def test_statuses_change_while_a_run_goes_on(github: LocalGithub, run: WorkflowRun, cloud: Cloud) -> None:
    record = recorder(github, run, cloud)
    warnings: list[KanmonError] = []

    with feed(record.show, warnings.append) as observer:
        release(cloud, "a1", observer=observer)
    record.record()
    [shown] = states(github).values()
    assert set(shown[:-1]) == {"in_progress"}
    assert shown[-1] == "success"
    assert warnings == []


def test_a_failing_github_is_one_warning_and_delays_nothing(cloud: Cloud) -> None:
    warnings: list[KanmonError] = []
    calls: list[int] = []

    def show(number: int) -> None:
        calls.append(number)
        raise KanmonError(Code.GITHUB_UNREACHABLE, "It is away.")

    with feed(show, warnings.append) as observer:
        assert release(cloud, "a1", observer=observer).result is Result.STABLE
    assert [warning.code for warning in warnings] == [Code.GITHUB_UNREACHABLE]
    assert len(calls) == 1
