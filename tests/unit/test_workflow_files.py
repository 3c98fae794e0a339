"""Every workflow file and every example in the docs: no job has both the app's code and power (TRU-3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kanmon.config.github import Github

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("workflows/*.yml"), *ROOT.glob(".github/workflows/*.yml")])
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("actions/**/*.md")]
APP_ACTIONS = {"kanmon-dev/kanmon/actions/build", "kanmon-dev/kanmon/actions/test"}
"""They start the app's own commands."""
SETUP_ACTIONS = {"actions/setup-node", "actions/setup-python"}
"""Only jobs with the app's tools need them."""
POWERLESS_ACTIONS = {
    *("actions/checkout", "actions/upload-artifact", "actions/upload-pages-artifact"),
    *(*SETUP_ACTIONS, *APP_ACTIONS),
}
"""What may stand beside the app's code."""
READING = [{"contents": "read"}]
SCRIPTS = {
    'gh attestation verify "$RUNNER_TEMP/bundle/manifest.json"': "release.yml",
    'base="$(sed -n': "publish.yml",
}
"""The scripts of jobs with an identity token: how each begins. None starts a command of an app."""


@dataclass(frozen=True)
class Job:
    """A job of a workflow file or of an example."""

    place: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return self.place

    @property
    def steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.content.get("steps", [])
        return steps

    @property
    def permissions(self) -> dict[str, str]:
        permissions: dict[str, str] = self.content["permissions"]
        return permissions

    @property
    def actions(self) -> set[str]:
        return {step["uses"].partition("@")[0] for step in self.steps if "uses" in step}

    @property
    def runs_the_app(self) -> bool:
        """Kanmon's own tests are the code of a pull request, too."""
        commands = " ".join(step.get("run", "") for step in self.steps)
        own = re.search(r"kanmon (build|test)\b|\.ci/run", commands)
        return bool(own or self.actions & (APP_ACTIONS | SETUP_ACTIONS))


def _jobs() -> Iterator[Job]:
    for file in FILES:
        for name, job in YAML(typ="safe").load(file)["jobs"].items():
            yield Job(f"{file.relative_to(ROOT)} {name}", job)


def _examples() -> Iterator[Job]:
    for page in PAGES:
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            content = YAML(typ="safe").load(block)
            jobs = content.get("jobs", {}) if isinstance(content, dict) else {}
            yield from (Job(f"{page.relative_to(ROOT)} {name}", job) for name, job in jobs.items())


JOBS = [*_jobs(), *_examples()]
WITH_THE_APP = [job for job in JOBS if job.runs_the_app]
WITH_POWER = [job for job in JOBS if job.permissions not in READING]


def test_both_kinds_of_jobs_are_found() -> None:
    assert {job.place for job in WITH_THE_APP} == {
        ".github/workflows/ci.yml test",
        ".github/workflows/docs.yml build",
        ".github/workflows/weekly.yml run",
        "docs/workflows.md build",
        "workflows/deploy-production.yml build",
        "workflows/deploy-production.yml test",
        "workflows/pull-request.yml build",
        "workflows/pull-request.yml test",
    }
    assert len(WITH_POWER) >= 8


@pytest.mark.parametrize("job", WITH_THE_APP, ids=str)
def test_a_job_with_the_apps_code_has_no_power(job: Job) -> None:
    """TRU-3: hosted runners have `sudo` without a password, so the job's power is the command's."""
    assert job.permissions in READING
    assert job.actions <= POWERLESS_ACTIONS
    assert "environment" not in job.content, "its secrets"
    text = str(job.content)
    assert not re.search(r"secrets|github\.token|\btoken\b|id-token|inherit", text)


@pytest.mark.parametrize("job", WITH_THE_APP, ids=str)
def test_a_checkout_leaves_no_token_to_the_app(job: Job) -> None:
    """TRU-3"""
    [checkout] = [step for step in job.steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("job", WITH_POWER, ids=str)
def test_a_job_with_power_runs_none_of_the_apps_code(job: Job) -> None:
    """TRU-3"""
    assert not job.runs_the_app
    for script in filter(None, (step.get("run", "") for step in job.steps)):
        assert any(script.startswith(begin) and file in job.place for begin, file in SCRIPTS.items())


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_no_cache_of_another_branch_is_restored(job: Job) -> None:
    """SEC-5: setup-node caches by itself for npm projects."""
    for step in job.steps:
        assert "cache" not in str(step.get("with", {})).replace("package-manager-cache", "")
        if step.get("uses", "").startswith("actions/setup-node@"):
            assert step["with"]["package-manager-cache"] is False


@pytest.mark.parametrize("job", JOBS, ids=str)
def test_an_artifact_is_downloaded_into_a_folder_of_its_own(job: Job) -> None:
    """SEC-5: in `runner.temp` itself lie the runner's files, and the home of Docker actions."""
    for step in job.steps:
        if step.get("uses", "").startswith("actions/download-artifact@"):
            assert re.fullmatch(r"\$\{\{ runner\.temp \}\}/[a-z]+", step["with"]["path"])


NOTICES = {"record", "notify"}
"""They write to GitHub and to people, after the work or beside it."""


def _notices() -> Iterator[tuple[str, dict[str, Any]]]:
    root = YAML(typ="safe").load(ROOT / "action.yml")["runs"]["steps"]
    steps = [("action.yml", step) for step in root]
    steps += [(job.place, step) for job in JOBS for step in job.steps]
    for place, step in steps:
        name = step.get("uses", "").partition("@")[0] or step.get("run", "")
        if re.split("[/ ]", name)[-1] in NOTICES:
            yield place, step


@pytest.mark.parametrize(("place", "step"), [*_notices()], ids=str)
def test_a_notice_fails_no_release(place: str, step: dict[str, Any]) -> None:
    """CD-12, CD-11: nor a rollback."""
    assert step.get("continue-on-error") is True, place


def test_only_the_jobs_output_decides_what_is_attested() -> None:
    """TRU-3: the job has no file of the app. The digest of the release is the same output."""
    jobs = YAML(typ="safe").load(ROOT / "workflows/deploy-production.yml")["jobs"]
    [step] = jobs["attest"]["steps"]
    assert step["with"]["subject-digest"] == "sha256:${{ needs.build.outputs.digest }}"
    assert jobs["release"]["with"]["bundle-digest"] == "${{ needs.build.outputs.digest }}"
    assert set(jobs["release"]["needs"]) == {"test", "build", "attest", "staging"}


def test_staging_and_production_get_the_same_bundle_in_this_order() -> None:
    """ADP-5: one build, the same reusable workflow, and production only after staging's whole release."""
    jobs = YAML(typ="safe").load(ROOT / "workflows/deploy-production.yml")["jobs"]
    staging, release = jobs["staging"], jobs["release"]
    assert staging["uses"] == release["uses"]
    assert staging["permissions"] == release["permissions"]
    differing = {key for key in release["with"] if release["with"][key] != staging["with"][key]}
    assert differing == {"environment", "plan-role", "deploy-role"}
    assert staging["if"] == "vars.KANMON_STAGING_PLAN_ROLE != ''"
    assert release["if"] == "!failure() && !cancelled()"


@pytest.mark.parametrize("name", ["release", "rollback"])
def test_each_step_gets_the_environment_beside_the_config(name: str) -> None:
    """ADP-5: without it, the first environment of the config would count."""
    jobs = YAML(typ="safe").load(ROOT / f".github/workflows/{name}.yml")["jobs"]
    given = [
        step["with"] for job in jobs.values() for step in job["steps"] if "config" in step.get("with", {})
    ]
    assert given
    for inputs in given:
        assert inputs["environment"] == "${{ inputs.environment }}"


def test_an_example_with_a_role_has_its_file_in_the_trust() -> None:
    """SEC-1: the roles trust Kanmon's own files only, unless the config names others."""
    with_roles = {
        job.place.partition(" ")[0]
        for job in _examples()
        if "aws-actions/configure-aws-credentials" in job.actions
    }
    assert "docs/workflows.md" in with_roles
    for page in with_roles:
        blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
        named = [
            Github.model_validate({"repository": "octo/shop", **github}).workflow_refs
            for block in blocks
            if (github := (YAML(typ="safe").load(block) or {}).get("github")) and "workflows" in github
        ]
        assert any("octo/shop/.github/workflows/" in ref for refs in named for ref in refs), page


def test_a_dropped_output_skips_no_deploy() -> None:
    """A runner drops an output with a masked value, and a secret may be `false`. The run would end green."""
    jobs = YAML(typ="safe").load(ROOT / ".github/workflows/release.yml")["jobs"]
    assert jobs["deploy"]["if"] == "needs.plan.outputs.unchanged != 'true'"


def test_the_attestation_must_come_from_the_calling_workflow() -> None:
    """TRU-3: exactly it, on this commit, signed on a runner of GitHub's."""
    steps = YAML(typ="safe").load(ROOT / ".github/workflows/release.yml")["jobs"]["plan"]["steps"]
    [script] = [step["run"] for step in steps if "attestation verify" in step.get("run", "")]
    for option in (
        '--repo "$GITHUB_REPOSITORY"',
        '--cert-identity "$GITHUB_SERVER_URL/$GITHUB_WORKFLOW_REF"',
        '--source-digest "$GITHUB_SHA"',
        "--deny-self-hosted-runners",
    ):
        assert option in script
