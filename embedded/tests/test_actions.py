"""The layout of workflow files: it adds what `act` lacks, and changes nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from embedded.actions.execution import Execution
from embedded.actions.layout import END, GATE, Layout, LayoutError, calls, workflow_ref
from embedded.actions.report import pass_on_outputs
from embedded.github.server import LocalGithub

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("workflows/*.yml"), *ROOT.glob(".github/workflows/r*.yml")])


def token(permissions: Mapping[str, str]) -> str:
    return "token " + " ".join(f"{name}={access}" for name, access in sorted(permissions.items()))


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def laid_out(text: str, most: Mapping[str, str] | None = None) -> Any:
    return read(Layout(token).lay_out(text, most))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_job_and_step_is_still_there(file: Path) -> None:
    before, after = read(file.read_text()), laid_out(file.read_text())
    for name, job in before["jobs"].items():
        if "uses" in job:
            assert after["jobs"][name]["uses"] == job["uses"]
            continue
        begin, *steps, end = after["jobs"][name]["steps"]
        assert begin["run"][-5:] == "begin"
        assert end["run"][-3:] == "end"
        assert end["if"] == "always()"
        assert [step.get("uses", step.get("run")) for step in steps] == [
            step.get("uses", step.get("run")) for step in job["steps"]
        ]
        assert (name + GATE in after["jobs"]) == ("environment" in job or "concurrency" in job)
    assert "queue" not in str(after)


def test_a_gated_job_waits_behind_its_gate_or_is_skipped_with_it() -> None:
    """CD-3"""
    jobs = laid_out((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    gate, deploy = jobs["deploy-gate"], jobs["deploy"]
    assert deploy["needs"] == ["plan", "deploy-gate"]
    assert gate["if"] == deploy["if"]
    assert gate["steps"][0]["env"]["ENVIRONMENT"] == "${{ inputs.environment }}"
    assert "always" not in deploy["if"]


def test_a_jobs_token_has_its_own_permissions() -> None:
    """SEC-5"""
    jobs = laid_out((ROOT / ".github/workflows/rollback.yml").read_text())["jobs"]
    tokens = {
        name: {step["with"]["token"] for step in job["steps"] if "token" in step.get("with", {})}
        for name, job in jobs.items()
    }
    assert tokens["preflight"] == {"token actions=write contents=read"}
    assert tokens["rollback"] == {
        "token actions=read contents=write deployments=write id-token=write pull-requests=read"
    }


@pytest.mark.parametrize("name", ["deploy-production.yml", "rollback-production.yml"])
def test_a_copied_file_gives_exactly_the_called_jobs_permissions(name: str) -> None:
    """SEC-5: GitHub refuses a called job with more permissions than its caller."""
    for called, permissions in calls((ROOT / "workflows" / name).read_text()).items():
        text = (ROOT / ".github/workflows" / called.partition("@")[0].rpartition("/")[2]).read_text()
        laid_out(text, permissions)
        for scope in permissions:
            with pytest.raises(LayoutError, match=scope):
                laid_out(text, {**permissions, scope: "none"})


def test_only_a_job_with_the_permission_can_ask_for_its_identity() -> None:
    """SEC-1"""
    text = (
        "{on: push, permissions: {}, jobs: {"
        "a: {name: Plan, runs-on: x, permissions: {id-token: write}, steps: []}, b: {runs-on: x, steps: []}}}"
    )
    jobs = read(Layout(token, lambda job: {"ASK": job}).lay_out(text))["jobs"]
    assert jobs["a"]["env"]["ASK"] == "Plan"
    assert "ASK" not in jobs["b"]["env"]


def test_a_jobs_outputs_go_through_its_last_step() -> None:
    plan = laid_out((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["plan"]
    assert plan["outputs"]["digest"] == f"${{{{ steps.{END}.outputs.digest }}}}"
    last = plan["steps"][-1]
    assert last["id"] == END
    assert last["env"]["OUTPUTS"] == "release digest unchanged"
    assert last["env"]["OUTPUT_1"] == "${{ steps.plan.outputs.digest }}"


def test_an_output_with_a_masked_value_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS-4: the next job gets an empty value, and no error."""
    given = {
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "LOCAL_ACTIONS_SECRETS": '["false"]',
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "OUTPUTS": "release unchanged address empty",
        "OUTPUT_0": "r42",
        "OUTPUT_1": "false",
        "OUTPUT_2": "https://example.com/?key=s3cret",
        "OUTPUT_3": "",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    pass_on_outputs()
    written = (tmp_path / "output").read_text().splitlines()
    assert written[0].startswith("release<<")
    assert written[1] == "r42"
    assert len(written) == 3
    assert capsys.readouterr().out.splitlines() == [
        f"::warning::Skip output '{name}' since it may contain secret." for name in ("unchanged", "address")
    ]


def test_a_cancelled_run_ends_after_its_time(tmp_path: Path) -> None:
    """CD-13: all steps that are still at work end with it, `always()` ones too."""
    ignoring = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    with LocalGithub() as github:
        github.add_repository("acme/mandala")
        run = github.begin_run("deploy.yml", "push", "hanako", "a" * 40, "main")
        github.begin_job(run, 1, "Deploy")
        execution = Execution.start(github, run, [sys.executable, "-c", ignoring], tmp_path, dict(os.environ))
        execution.longest_cancellation = 0.1
        github.cancel(run)
        execution.cancel()
        assert execution.wait(5) == "cancelled"


@pytest.mark.parametrize(
    ("used", "named"),
    [("a" * 40, "a" * 40), ("v1.2.3", "refs/tags/v1.2.3"), ("main", "refs/heads/main")],
)
def test_a_called_workflow_is_named_by_its_whole_ref(used: str, named: str) -> None:
    """SEC-1: the roles trust exactly this text."""
    file = "kanmon-dev/kanmon/.github/workflows/release.yml"
    assert workflow_ref(f"{file}@{used}") == f"{file}@{named}"
    assert workflow_ref(f"{file}@{named}") == f"{file}@{named}"


def test_open_permissions_are_refused() -> None:
    with pytest.raises(LayoutError):
        laid_out("{on: push, jobs: {a: {runs-on: x, steps: []}}}")


def test_only_a_job_with_an_id_token_can_ask_for_its_identity() -> None:
    """SEC-1, TRU-3"""
    layout = Layout(token, lambda _: {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"})
    jobs = read(layout.lay_out((ROOT / "workflows/deploy-production.yml").read_text()))["jobs"]
    asking = {name for name, job in jobs.items() if "ACTIONS_ID_TOKEN_REQUEST_TOKEN" in job.get("env", {})}
    assert asking == {"attest"}


def test_a_token_goes_only_to_an_action_with_an_input_for_it() -> None:
    """TRU-3: the actions with the app's commands take none."""
    jobs = laid_out((ROOT / "workflows/pull-request.yml").read_text())["jobs"]
    given = {
        name for name, job in jobs.items() if any("token" in step.get("with", {}) for step in job["steps"])
    }
    assert given == {"comment"}
