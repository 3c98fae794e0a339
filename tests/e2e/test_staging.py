"""One bundle through staging and production of one app, by the workflow files (ADP-5)."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from embedded.github.server import LocalGithub
from embedded.slack import LocalSlack
from tests.e2e.project import Project
from tests.e2e.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded.actions.execution import Execution
    from embedded.aws import EmbeddedAws

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

CONFIG = """\
app: ferry
web: {directory: web/dist, settings: {STAGE: none, SUPPORT: help@example.com}}
checks: [{name: page, path: /}]
environments:
  staging:
    web: {settings: {STAGE: staging}}
    traffic: {strategy: all-at-once, bake: 0s}
    approval: {reviewers: false}
  production:
    requires: staging
    web: {settings: {STAGE: production}}
    traffic: {strategy: all-at-once, bake: 1s}
"""


@dataclass
class Both:
    """The repository, and its run."""

    repository: Repository
    whole: Execution

    def plan(self, environment: str) -> dict[str, Any]:
        """The plan of the whole run for an environment."""
        artifacts = self.repository.actions.machine.folder / "artifacts" / str(self.whole.run)
        content = json.loads((artifacts / f"plan-{environment}/plan.json").read_text())
        plan: dict[str, Any] = content["plan"]
        return plan

    def settings(self, environment: str) -> dict[str, str]:
        """The settings in an environment's live page."""
        project = self.repository.project
        stacks = project.client("cloudformation").describe_stacks(StackName=f"ferry-{environment}-edge")
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks["Stacks"][0]["Outputs"]}
        url, host = project.environment["KANMON_EDGE_ENDPOINT_URL"], {"host": outputs["Domain"]}
        page = urllib3.request("GET", url, headers=host, retries=False, timeout=20).data.decode()
        found = re.search(r'id="kanmon">(.*?)</script>', page)
        assert found, page
        settings: dict[str, str] = json.loads(found[1])["settings"]
        return settings


@pytest.fixture(scope="module")
def both(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A push through staging and production."""
    folder = tmp_path_factory.mktemp("staging")
    (folder / "app/web/dist").mkdir(parents=True)
    (folder / "app/web/dist/index.html").write_text("<html><head></head>one</html>")
    (folder / "app/kanmon.yml").write_text(CONFIG)
    home = {"PATH": os.environ["PATH"], "HOME": str(folder), "GITHUB_ACTOR": "hanako"}
    project = Project(folder / "app", {**home, **aws.environment})
    with LocalGithub() as github, LocalSlack() as slack:
        repository = Repository.make(project, aws, github, slack, folder / "machine")
        github.protect("staging", [], branches=["main"])
        try:
            whole = repository.push("Through both")
            repository.review(whole)
            whole.wait()
            yield Both(repository, whole)
        finally:
            repository.actions.stop()
    assert github.violations == []


def test_staging_comes_first_and_production_waits_for_its_reviewers(both: Both) -> None:
    """One build; staging begins without a review."""
    assert both.whole.conclusion == "success", both.whole.log
    names = [job.name for job in both.whole.jobs if job.conclusion == "success"]
    assert names.count("Build") == 1
    assert names.count("Plan") == names.count("Deploy") == 2
    operations = {
        name: json.loads(both.repository.project.kanmon("history", "--json", "--env", name).check().output)
        for name in ("staging", "production")
    }
    approvals = {name: found[0]["approval"]["by"] for name, found in operations.items()}
    assert approvals == {"staging": "nobody (no reviewers)", "production": "taro"}
    assert [found[0]["result"] for found in operations.values()] == ["stable", "stable"]
    assert operations["staging"][0]["ended"] < operations["production"][0]["began"]


def test_both_have_the_same_bytes_and_a_config_of_their_own(both: Both) -> None:
    """The summaries show both digests."""
    staging, production = both.plan("staging"), both.plan("production")
    assert staging["bundle"] == production["bundle"]
    assert staging["config"] != production["config"]
    assert production["proof"] == {"release": staging["release"], "environment": "staging"}
    for digest in (staging["bundle"], staging["config"], production["config"]):
        assert both.whole.summary.count(digest) >= 2, "the plan's and the end's"


def test_one_build_has_other_settings_in_each_environment(both: Both) -> None:
    assert both.settings("staging") == {"STAGE": "staging", "SUPPORT": "help@example.com"}
    assert both.settings("production") == {"STAGE": "production", "SUPPORT": "help@example.com"}


def test_production_refuses_what_staging_never_had(both: Both) -> None:
    """And nothing is planned."""
    project = both.repository.project
    (project.folder / "web/dist/index.html").write_text("<html><head></head>two</html>")
    project.kanmon("build").check()
    refused = project.kanmon("plan", "--env", "production").check(2)
    assert "KNM-313" in refused.error
    assert "was never stable in staging" in refused.error
