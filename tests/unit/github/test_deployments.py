"""A deployment is created once, found by its task, and gets statuses (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.client import Client
from kanmon.github.deployments import DeploymentRequest, Deployments, DeploymentStatus
from tests.fakes.repository import client_of, run_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

COMMIT, URL, RUN = "c" * 40, "https://d123.cloudfront.net", "https://github.test/runs/1"
TASK = "deploy:1"
RUNNING, SUCCESS = DeploymentStatus("in_progress", "locked"), DeploymentStatus("success", "r1 is stable")


def _deployments(github: LocalGithub, permission: str = "write") -> Deployments:
    return Deployments(client_of(github, deployments=permission).repository, "test", URL)


def _request(task: str = TASK, description: str = "deploy of r1 by kim") -> DeploymentRequest:
    return DeploymentRequest(task, COMMIT, description, {"operation": 1, "release": "r1"})


@pytest.fixture
def deployments(github: LocalGithub) -> Deployments:
    github.commit(COMMIT, "Add goals", "hanako")
    return _deployments(github)


def test_the_first_status_creates_the_deployment(github: LocalGithub, deployments: Deployments) -> None:
    deployments.show(_request(), RUNNING, RUN)
    [made] = github.repository.deployments.values()
    assert made.sha == COMMIT
    assert made.environment == "test"
    assert made.payload == {"operation": 1, "release": "r1"}
    assert made.description == "deploy of r1 by kim"


def test_a_status_links_the_run_and_the_environment(github: LocalGithub, deployments: Deployments) -> None:
    deployments.show(_request(), RUNNING, RUN)
    [status] = next(iter(github.repository.deployments.values())).statuses
    assert status.state == "in_progress"
    assert status.description == "locked"
    assert status.log_url == RUN
    assert status.environment_url == URL


def test_a_later_status_goes_to_the_same_deployment(github: LocalGithub, deployments: Deployments) -> None:
    deployments.show(_request(), RUNNING, RUN)
    deployments.show(_request(), SUCCESS, RUN)
    [made] = github.repository.deployments.values()
    assert [status.state for status in made.statuses] == ["in_progress", "success"]


def test_another_task_gets_a_deployment_of_its_own(github: LocalGithub, deployments: Deployments) -> None:
    deployments.show(_request(), RUNNING, RUN)
    deployments.show(_request("rollback:2"), RUNNING, RUN)
    tasks = [made.task for made in github.repository.deployments.values()]
    assert tasks == [TASK, "rollback:2"]


def test_a_missing_deployment_shows_no_status(deployments: Deployments) -> None:
    assert not deployments.shows(_request(), RUNNING)


def test_the_newest_status_counts(deployments: Deployments) -> None:
    deployments.show(_request(), RUNNING, RUN)
    deployments.show(_request(), SUCCESS, RUN)
    assert deployments.shows(_request(), SUCCESS)
    assert not deployments.shows(_request(), RUNNING)


def test_an_inactive_deployment_shows_its_success(deployments: Deployments) -> None:
    """A later success makes it inactive on GitHub."""
    deployments.show(_request(), SUCCESS, RUN)
    deployments.show(_request("deploy:2"), SUCCESS, RUN)
    assert deployments.shows(_request(), SUCCESS)


@pytest.mark.parametrize("state", ["failure", "in_progress"])
def test_an_inactive_deployment_shows_no_other_status(state: str) -> None:
    assert not DeploymentStatus(state, "").shown_by("inactive")


def test_a_renamed_repository_shows_the_right_deployment(
    github: LocalGithub, deployments: Deployments
) -> None:
    """The client loses the filters on its way to the new name."""
    deployments.show(_request(), SUCCESS, RUN)
    other = Deployments(deployments.repository, "staging", URL)
    other.show(_request(), RUNNING, RUN)
    github.rename("acme/chart")
    assert deployments.shows(_request(), SUCCESS)
    assert not other.shows(_request(), SUCCESS)


def test_long_descriptions_are_cut(github: LocalGithub, deployments: Deployments) -> None:
    """GitHub refuses more than 140 characters."""
    status = DeploymentStatus("failure", "x" * 1_000)
    deployments.show(_request(description="y" * 1_000), status, RUN)
    [made] = github.repository.deployments.values()
    assert len(made.description or "") == 140
    assert len(made.statuses[-1].description) == 140


def test_a_missing_permission_is_named(github: LocalGithub) -> None:
    github.commit(COMMIT, "Add goals", "hanako")
    with pytest.raises(KanmonError) as caught:
        _deployments(github, "read").show(_request(), RUNNING, RUN)
    assert caught.value.code is Code.GITHUB_DENIED
    assert "deployments: write" in caught.value.fix


def _by(github: LocalGithub, actor: str) -> Deployments:
    run = run_of(github)
    client = Client(run, github.token({"deployments": "write"}, actor))
    return Deployments(client.repository, "test", URL)


def test_a_deployment_made_by_a_person_is_not_taken(github: LocalGithub, deployments: Deployments) -> None:
    """Made beforehand with the same task, it would hide the operation (TRU-4)."""
    _by(github, "mallory").show(_request(), SUCCESS, RUN)
    assert not deployments.shows(_request(), SUCCESS)
    deployments.show(_request(), RUNNING, RUN)
    assert [made.by for made in github.repository.deployments.values()] == ["mallory", "github-actions[bot]"]


@pytest.mark.parametrize(
    "other",
    [
        DeploymentRequest(TASK, "d" * 40, "", {"operation": 1, "release": "r1"}),
        DeploymentRequest(TASK, COMMIT, "", {"operation": 1, "release": "r2"}),
    ],
    ids=["another commit", "another release"],
)
def test_a_deployment_of_something_else_is_not_taken(
    github: LocalGithub, deployments: Deployments, other: DeploymentRequest
) -> None:
    """TRU-4"""
    github.commit("d" * 40, "Draw the chart", "mallory")
    deployments.show(other, SUCCESS, RUN)
    assert not deployments.shows(_request(), SUCCESS)
