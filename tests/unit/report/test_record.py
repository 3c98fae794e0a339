"""GitHub shows the ledger: deployments as a release moves, releases with their changes (CD-11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.deployments import DeploymentStatus
from kanmon.ledger.records import Failure, Operation, StepRecord
from kanmon.model import OperationKind, Result, Slot, Step
from kanmon.report.record import Recorder, deployment_status
from tests.fakes.clock import BEGIN
from tests.fakes.cloud import Cloud
from tests.fakes.repository import NAME, client_of
from tests.fakes.runs import release, roll_back

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

URL = "https://d123.cloudfront.net"
HOSTILE = "<script>alert(1)</script> @team closes #1 `x` [a](http://b) ::error::"

PERMISSIONS = {"deployments": "write", "contents": "write", "pull_requests": "read"}


@pytest.fixture
def cloud(github: LocalGithub) -> Cloud:
    """A cloud with the commits `a1`, `b2` and `c3` of the repository as releases."""
    for version, message in (("a1", "Add goals"), ("b2", HOSTILE), ("c3", "Draw the chart")):
        github.commit(f"{version:0<40}", f"{message}\n\nMore.", "hanako")
    return Cloud()


def recorder(github: LocalGithub, cloud: Cloud, **permissions: str) -> Recorder:
    client = client_of(github, **(permissions or PERMISSIONS))
    return Recorder(client, cloud.services().ledger, "test", URL)


def states(github: LocalGithub) -> dict[str, list[str]]:
    """The states of each deployment, the first first, by its task."""
    return {
        deployment.task: [status.state for status in deployment.statuses]
        for deployment in github.repository.deployments.values()
    }


def titles(github: LocalGithub) -> dict[str, str]:
    return {release.tag: release.name or "" for release in github.repository.releases.values()}


def test_a_release_becomes_a_deployment_and_a_github_release(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    assert recorder(github, cloud).record() == ["operation 1, deploy of r1: stable"]
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


def test_a_foreign_tag_gets_no_github_release(github: LocalGithub, cloud: Cloud) -> None:
    """The record of the deployment goes on, and names the tag (TRU-4)."""
    github.repository.tags["test-r1"] = f"{'c3':0<40}"
    release(cloud, "a1")
    [line] = recorder(github, cloud).record()
    assert "test-r1" in line
    assert github.repository.releases == {}
    assert states(github) == {"deploy:1": ["success"]}


def test_recording_again_writes_nothing(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    recorder(github, cloud).record()
    github.requests.clear()
    assert recorder(github, cloud).record() == []
    assert {method for method, _, _ in github.requests} == {"GET"}


def test_notes_list_pull_requests_and_the_other_commits(github: LocalGithub, cloud: Cloud) -> None:
    """SEC-5: a title is text, from any author."""
    release(cloud, "a1")
    github.commit("d" * 40, "Work", "stranger", branch=None, parents=[f"{'c3':0<40}"])
    github.open_pull(7, f"Pull {HOSTILE}", "stranger", "d" * 40, fork=True)
    merged = github.merge_pull(7, "hanako")
    release(cloud, merged)
    recorder(github, cloud).record()
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


def test_a_rolled_back_release_is_a_failure(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    cloud.faulty.add(("r2", "live"))
    assert release(cloud, "b2").result is not Result.STABLE
    recorder(github, cloud).record()
    assert states(github) == {"deploy:1": ["success"], "deploy:2": ["failure"]}
    description = github.repository.deployments[max(github.repository.deployments)].statuses[-1].description
    assert "KNM-" in (description or "")
    assert titles(github) == {"test-r1": "test r1"}


def test_a_rollback_is_a_deployment_of_the_release_it_restores(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    recorder(github, cloud).record()
    roll_back(cloud)
    recorder(github, cloud).record()
    assert states(github) == {
        "deploy:1": ["success", "inactive"],
        "deploy:2": ["success", "inactive"],
        "rollback:3": ["success"],
    }
    assert github.repository.deployments[max(github.repository.deployments)].sha == f"{'a1':0<40}"
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2 (rolled back)"}


def test_missing_records_of_earlier_runs_are_written_in_order(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    roll_back(cloud)
    lines = recorder(github, cloud).record()
    assert [line.partition(",")[0] for line in lines] == ["operation 1", "operation 2", "operation 3"]
    assert [deployment[-1] for deployment in states(github).values()] == ["inactive", "inactive", "success"]
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2 (rolled back)"}


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ({"contents": "write"}, "deployments: write"),
        (PERMISSIONS | {"contents": "read"}, "contents: write"),
    ],
)
def test_a_missing_permission_is_named(
    github: LocalGithub, cloud: Cloud, permissions: dict[str, str], missing: str
) -> None:
    release(cloud, "a1")
    with pytest.raises(KanmonError, match=missing) as caught:
        recorder(github, cloud, **permissions).record()
    assert caught.value.code is Code.GITHUB_DENIED


def test_a_rewritten_history_leaves_notes_without_commits(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    github.repository.commits.pop(f"{'a1':0<40}")
    lines = recorder(github, cloud).record()
    assert lines == [
        "operation 1: the repository has no commit a10000000000",
        "operation 2, deploy of r2: stable",
    ]
    assert list(titles(github)) == ["test-r2"]


def test_a_shown_operation_has_its_present_status(github: LocalGithub, cloud: Cloud) -> None:
    record = recorder(github, cloud)
    release(cloud, "a1", observer=lambda event: record.show(1) if event.facts.get("step") else None)
    [shown] = states(github).values()
    assert set(shown) == {"in_progress"}


def test_a_late_look_leaves_the_end_to_the_record(github: LocalGithub, cloud: Cloud) -> None:
    """CD-11: with the last status there already, the GitHub Release would never be made."""
    record = recorder(github, cloud)
    release(cloud, "a1", observer=lambda event: record.show(1) if event.facts.get("step") else None)
    record.show(1)
    record.record()
    [shown] = states(github).values()
    assert shown[-1] == "success"
    assert list(titles(github)) == ["test-r1"]


def test_an_unknown_operation_is_not_shown(github: LocalGithub, cloud: Cloud) -> None:
    recorder(github, cloud).show(7)
    assert states(github) == {}


def test_a_failed_write_is_repeated_by_the_next_run(github: LocalGithub, cloud: Cloud) -> None:
    """The GitHub Release comes before the last status: with this status nobody would look again."""
    release(cloud, "a1")
    with pytest.raises(KanmonError):
        recorder(github, cloud, **PERMISSIONS | {"contents": "read"}).record()
    assert recorder(github, cloud).record() == ["operation 1, deploy of r1: stable"]
    assert titles(github) == {"test-r1": "test r1"}


_ENDED = Operation(
    number=3, kind=OperationKind.DEPLOY, release="r2", base="r1", slot=Slot.GREEN, actor="kim", began=BEGIN,
    failure=Failure(code="KNM-501", message="Checks failed."),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "result", "state", "text"),
    [
        (OperationKind.DEPLOY, None, "in_progress", "lock"),
        (OperationKind.DEPLOY, Result.STABLE, "success", "r2 is live"),
        (OperationKind.DEPLOY, Result.UNCHANGED, "success", "r2 is live"),
        (
            OperationKind.DEPLOY, Result.ROLLED_BACK, "failure",
            "r2 was rolled back, users are on r1: KNM-501 Checks failed.",
        ),
        (OperationKind.ROLLBACK, Result.ROLLED_BACK, "success", "users are back on r2, r1 was rolled back"),
        (
            OperationKind.DEPLOY, Result.HELD, "error",
            "r2 is held, a person has to decide: KNM-501 Checks failed.",
        ),
        (
            OperationKind.DEPLOY, Result.ABORTED, "failure",
            "r2 was aborted before any user was on it: KNM-501 Checks failed.",
        ),
        (OperationKind.DEPLOY, Result.FAILED, "failure", "r2 did not finish: KNM-501 Checks failed."),
    ],
)  # fmt: skip
def test_each_result_has_its_status(
    kind: OperationKind, result: Result | None, state: str, text: str
) -> None:
    """CD-11"""
    operation = _ENDED.model_copy(update={"kind": kind, "result": result})
    assert deployment_status(operation) == DeploymentStatus(state, text)


def test_a_running_operation_has_the_note_of_its_step() -> None:
    step = StepRecord(step=Step.SHIFT, began=BEGIN, note="50 % of API requests go to r2")
    operation = _ENDED.model_copy(update={"steps": (step,)})
    assert deployment_status(operation) == DeploymentStatus("in_progress", "50 % of API requests go to r2")
