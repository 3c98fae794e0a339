"""GitHub shows the ledger: deployments as a release moves, releases with their changes (CD-11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from kanmon.codes import Code
from kanmon.github.deployments import DeploymentStatus
from kanmon.language import phrase, speak
from kanmon.ledger.records import Failure, Operation, StepRecord
from kanmon.model import OperationKind, Result, Slot, Step
from kanmon.report.record import Recorded, Recorder, deployment_status
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
    assert recorder(github, cloud).record().lines == ["operation 1, deploy of r1: stable"]
    [deployment] = github.repository.deployments.values()
    assert deployment.sha == f"{'a1':0<40}"
    assert deployment.environment == "test"
    assert deployment.payload == {"operation": 1, "release": "r1"}
    assert deployment.statuses[-1].state == "success"
    assert deployment.statuses[-1].environment_url == URL
    [made] = github.repository.releases.values()
    assert made.tag == "test-r1"
    assert made.name == "test r1"
    assert github.repository.tags == {"test-r1": f"{'a1':0<40}"}
    assert "- Add goals ([a100000](" in (made.body or "")


def test_a_foreign_tag_gets_no_github_release(github: LocalGithub, cloud: Cloud) -> None:
    """The record of the deployment goes on, and the tag is named (TRU-4)."""
    github.repository.tags["test-r1"] = f"{'c3':0<40}"
    release(cloud, "a1")
    [warning] = recorder(github, cloud).record().warnings
    assert warning.code is Code.TAG_REFUSED
    assert warning.fix == "Delete it: `git push --delete origin test-r1`."
    assert github.repository.releases == {}
    assert states(github) == {"deploy:1": ["success"]}


def test_recording_again_writes_nothing(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    recorder(github, cloud).record()
    github.requests.clear()
    assert recorder(github, cloud).record() == Recorded()
    assert {method for method, _, _ in github.requests} == {"GET"}


@pytest.mark.usefixtures("japanese")
def test_a_run_in_another_language_writes_nothing_again(github: LocalGithub, cloud: Cloud) -> None:
    """CD-11: what runs compare with GitHub is in English, and what people read there in their language."""
    release(cloud, "a1")
    release(cloud, "b2")
    roll_back(cloud)
    assert recorder(github, cloud).record().lines == [
        "操作 1、r1 のデプロイ: stable (安定)",
        "操作 2、r2 のデプロイ: stable (安定)",
        "操作 3、r1 のロールバック: rolled back (ロールバック済み)",
    ]
    made = [one.description for one in github.repository.deployments.values()]
    assert made[0] == "r1 のデプロイ (実行者: kim)"
    speak({})
    github.requests.clear()
    assert recorder(github, cloud).record() == Recorded()
    assert {method for method, _, _ in github.requests} == {"GET"}
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2 (rolled back)"}


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
    lines = recorder(github, cloud).record().lines
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
    warning, *_ = recorder(github, cloud, **permissions).record().warnings
    assert warning.code is Code.RECORD_INCOMPLETE
    assert warning.fix.startswith(f"Give the job `permissions: {missing}`.")


@pytest.mark.usefixtures("japanese")
def test_a_missing_piece_is_explained_in_japanese(github: LocalGithub, cloud: Cloud) -> None:
    """DOC-1: the reason's fix, and then what every such warning advises."""
    release(cloud, "a1")
    warning, *_ = recorder(github, cloud, contents="read", deployments="write").record().warnings
    assert warning.fix.endswith(f"。{phrase(Code.RECORD_INCOMPLETE.fix)}")
    assert phrase(Code.RECORD_INCOMPLETE.fix) != Code.RECORD_INCOMPLETE.fix


def test_a_rewritten_history_leaves_notes_without_commits(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    github.repository.commits.pop(f"{'a1':0<40}")
    lines = recorder(github, cloud).record().lines
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
    """CD-11: with the last status, the record also writes the titles after a rollback."""
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


def test_a_missing_piece_is_written_by_the_next_run(github: LocalGithub, cloud: Cloud) -> None:
    """Also behind a later operation with all its pieces (CD-11)."""
    release(cloud, "a1")
    recorder(github, cloud, **PERMISSIONS | {"contents": "read"}).record()
    release(cloud, "b2")
    github.fail("POST", "/git/refs", 500, "Server Error")
    recorder(github, cloud).record()
    assert states(github) == {"deploy:1": ["success", "inactive"], "deploy:2": ["success"]}
    assert titles(github) == {}
    github.state.faults.clear()
    assert recorder(github, cloud).record().lines == [
        "operation 1, deploy of r1: stable",
        "operation 2, deploy of r2: stable",
    ]
    assert titles(github) == {"test-r1": "test r1", "test-r2": "test r2"}


def test_a_refused_tag_leaves_the_deployment(github: LocalGithub, cloud: Cloud) -> None:
    """CD-11: somebody merged another workflow file while releases waited. The reason comes once."""
    release(cloud, "a1")
    release(cloud, "b2")
    github.commit("e" * 40, "Change a workflow", "hanako", workflows="new")
    record = recorder(github, cloud).record()
    assert states(github) == {"deploy:1": ["success", "inactive"], "deploy:2": ["success"]}
    [warning] = record.warnings
    assert warning.code is Code.TAG_REFUSED
    assert warning.where == "test-r1, test-r2"
    assert f"`git push origin {'b2':0<40}:refs/tags/test-r2`" in warning.fix
    assert record.missing == {}


def test_a_tag_pushed_by_hand_gets_its_github_release(github: LocalGithub, cloud: Cloud) -> None:
    """CD-11: this is the fix for a refused tag."""
    release(cloud, "a1")
    github.commit("e" * 40, "Change a workflow", "hanako", workflows="new")
    recorder(github, cloud).record()
    github.repository.tags["test-r1"] = f"{'a1':0<40}"
    assert recorder(github, cloud).record().warnings == []
    assert titles(github) == {"test-r1": "test r1"}


def test_a_ruleset_for_tags_leaves_the_deployment(github: LocalGithub, cloud: Cloud) -> None:
    release(cloud, "a1")
    github.repository.restricted_tags = "test-*"
    [warning] = recorder(github, cloud).record().warnings
    assert warning.code is Code.TAG_REFUSED
    assert "Cannot create ref due to creations being restricted." in warning.message
    assert states(github) == {"deploy:1": ["success"]}


def test_a_deleted_tag_comes_back_with_its_release(github: LocalGithub, cloud: Cloud) -> None:
    """GitHub makes a draft of a release without its tag."""
    release(cloud, "a1")
    recorder(github, cloud).record()
    github.delete_tag("test-r1")
    recorder(github, cloud).record()
    assert github.repository.tags == {"test-r1": f"{'a1':0<40}"}
    assert [made.draft for made in github.repository.releases.values()] == [True, False]


def test_a_late_success_ends_no_later_one(github: LocalGithub, cloud: Cloud) -> None:
    """GitHub would show an old release as the active one."""
    release(cloud, "a1")
    github.fail("POST", "/deployments", 500, "Server Error")
    recorder(github, cloud).record()
    github.state.faults.clear()
    release(cloud, "b2")
    recorder(github, cloud).show(2)
    github.state.faults.clear()
    recorder(github, cloud).record()
    github.repository.deployments.pop(min(github.repository.deployments))
    recorder(github, cloud).record()
    assert states(github) == {"deploy:2": ["success"], "deploy:1": ["inactive"]}


def test_nothing_is_tried_after_a_lost_connection(github: LocalGithub, cloud: Cloud) -> None:
    """Each call would wait for its limit of time (TRU-6)."""
    release(cloud, "a1")
    release(cloud, "b2")
    github.fail("GET", "/deployments", 429, "You have exceeded a secondary rate limit.")
    github.requests.clear()
    [warning] = recorder(github, cloud).record().warnings
    assert len(github.requests) == 1
    assert "the deployment of operation 1, the GitHub Release of r1, the deployment of op" in warning.message


CALLS = (
    ("GET", "/deployments"),
    ("GET", r"/deployments/\d+/statuses"),
    ("GET", "/commits/[0-9a-f]+"),
    ("GET", "/releases/tags/.*"),
    ("GET", "/commits/tags.*"),
    ("GET", "/compare/.*"),
    ("GET", "/commits/[0-9a-f]+/pulls"),
    ("POST", "/deployments"),
    ("POST", r"/deployments/\d+/statuses"),
    ("POST", "/git/refs"),
    ("POST", "/releases"),
    ("PATCH", r"/releases/\d+"),
)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
REFUSALS = {
    "a missing permission": (403, "Resource not accessible by integration", {}),
    "an archived repository": (403, "Repository was archived so is read-only.", {}),
    "the limit of an hour": (
        403,
        "API rate limit exceeded for installation.",
        {"X-RateLimit-Reset": "9999999999"},
    ),
    "the limit of a moment": (403, SECONDARY, {"Retry-After": "0"}),
    "too many calls": (429, SECONDARY, {}),
    "a former name": (307, "Temporary Redirect", {}),
    "a conflict": (409, "Conflict", {}),
    "an invalid request": (422, "Validation Failed", {}),
    "trouble at GitHub": (502, "Bad Gateway", {}),
}


# Each call meets a refusal, and each refusal a call. `test_client.py` has what each refusal becomes.
CASES = [(*call, list(REFUSALS)[at % len(REFUSALS)]) for at, call in enumerate(CALLS)]


@pytest.mark.parametrize(("method", "path", "refusal"), CASES)
def test_a_refused_call_delays_its_own_piece_only(
    github: LocalGithub, cloud: Cloud, method: str, path: str, refusal: str
) -> None:
    """CD-11: any call may be refused in any way. The next run ends with the whole record."""
    release(cloud, "a1")
    if "compare" in path or method == "PATCH":
        release(cloud, "b2")
    if "statuses" in path or method == "PATCH":
        recorder(github, cloud).record()
        for deployment in github.repository.deployments.values():
            deployment.statuses.clear()
    if method == "PATCH":
        roll_back(cloud)
    github.fail(method, path, *REFUSALS[refusal])
    record = recorder(github, cloud).record()
    assert record.warnings
    if path in {"/git/refs", "/releases"} and record.missing:
        assert states(github) == {"deploy:1": ["success"]}
    github.state.faults.clear()
    assert recorder(github, cloud).record().warnings == []
    assert [made[-1] for made in states(github).values()].count("success") == 1
    back = {"test r2 (rolled back)"} if method == "PATCH" else set()
    wanted = {f"test {one.id}" for one in cloud.ledger.releases() if one.id == "r1" or not back}
    assert set(titles(github).values()) == wanted | back


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
