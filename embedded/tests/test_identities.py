"""A job's identity: who gets a token, and its claims (SEC-1)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from embedded.github.server import LocalGithub

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKFLOW = "kanmon-dev/kanmon/.github/workflows/release.yml@" + "a" * 40


@pytest.fixture
def github() -> Iterator[LocalGithub]:
    with LocalGithub() as started:
        started.add_repository("acme/shop")
        yield started


def claims(github: LocalGithub, event: str = "push", environment: str | None = None) -> Any:
    """The claims of a new run's one job."""
    ref = "refs/pull/7/merge" if event == "pull_request" else "refs/heads/main"
    run = github.begin_run("deploy.yml", event, "hanako", "a" * 40, "main")
    if environment:
        github.protect(environment, ["taro"])
    github.begin_job(run, 1, "Release", environment)
    asked = github.identity(run, "Release", ref, WORKFLOW)
    answer = urllib3.request(
        "GET",
        asked["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com",
        headers={"authorization": f"bearer {asked['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )
    body = answer.json()["value"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=="))


def test_the_subject_names_the_context_with_ids(github: LocalGithub) -> None:
    owner, repository = github.add_user("acme"), github.repository.id
    begin = f"repo:acme@{owner}/shop@{repository}:"
    assert claims(github)["sub"] == f"{begin}ref:refs/heads/main"
    assert claims(github, environment="production")["sub"] == f"{begin}environment:production"
    assert claims(github, "pull_request")["sub"] == f"{begin}pull_request"


def test_the_token_names_audience_repository_and_called_workflow(github: LocalGithub) -> None:
    found = claims(github)
    assert found["aud"] == "sts.amazonaws.com"
    assert found["repository_id"] == str(github.repository.id)
    assert found["job_workflow_ref"] == WORKFLOW
    assert found["workflow_ref"] == "acme/shop/.github/workflows/deploy.yml@refs/heads/main"
    assert found["exp"] - found["iat"] == 300


def test_a_job_without_its_secret_gets_no_token(github: LocalGithub) -> None:
    url = f"{github.url}/_identity?audience=sts.amazonaws.com"
    assert urllib3.request("GET", url, headers={"authorization": "bearer guessed"}).status == 401
