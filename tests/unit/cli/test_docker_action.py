"""Tests of a candidate need a Docker engine, and the Docker action has none (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.cli.docker_action import refuse_docker_action, refuse_planned_docker_action
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCKER = "kanmon-dev/kanmon/actions/deploy@" + "a" * 40
WORKFLOW = """\
jobs:
  plan:
    steps:
      - uses: kanmon-dev/kanmon/actions/plan@v1
      - run: echo planned
  deploy:
    steps:
      - {uses: "USES", with: {INPUTS}}
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Refuses the plan of `production`, the first environment, in a run of a workflow with such a step."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv(
        "GITHUB_WORKFLOW_REF",
        "acme/shop/.github/workflows/release.yml@refs/heads/a/.github/workflows/b.yml@1",
    )

    def made(uses: str, inputs: str = "", *, first: bool = True) -> None:
        (folder / "release.yml").write_text(WORKFLOW.replace("USES", uses).replace("INPUTS", inputs))
        refuse_planned_docker_action(tmp_path / "kanmon.yml", "production", first=first)

    return made


@pytest.mark.parametrize(
    "inputs", ["", "plan: plan.json", "config: kanmon.yml", "config: ./kanmon.yml, environment: production"]
)
def test_the_docker_action_is_refused_by_the_plan(plan: Callable[..., None], inputs: str) -> None:
    """CD-4: before anybody reviews what could not run."""
    with pytest.raises(KanmonError, match="The step that deploys is the Docker action") as refused:
        plan(DOCKER, inputs)
    assert refused.value.code is Code.CONTAINER_FAILED
    assert refused.value.where == f"uses: {DOCKER}"
    assert "actions/deploy/composite" in refused.value.fix


@pytest.mark.parametrize(
    "uses",
    [
        "kanmon-dev/kanmon/actions/deploy/composite@" + "a" * 40,
        "kanmon-dev/kanmon@" + "a" * 40,
        "acme/tools/actions/deploy@v1",
        "./actions/deploy",
    ],
)
def test_other_actions_are_none_of_it(plan: Callable[..., None], uses: str) -> None:
    plan(uses)


@pytest.mark.parametrize(
    "inputs",
    [
        "config: admin/kanmon.yml",
        "environment: staging",
        "environment: '${{ inputs.environment }}'",
        "config: '${{ inputs.config }}'",
    ],
)
def test_a_step_of_another_release_is_none_of_it(plan: Callable[..., None], inputs: str) -> None:
    """Of an expression, the deploy itself finds out."""
    plan(DOCKER, inputs)


def test_a_step_without_an_environment_means_the_first(plan: Callable[..., None]) -> None:
    plan(DOCKER, first=False)


def test_inside_the_docker_action_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the workspace has this path: of a job's own container it is another one."""
    monkeypatch.setenv("GITHUB_WORKSPACE", "/__w/shop/shop")
    refuse_docker_action()
    monkeypatch.setenv("GITHUB_WORKSPACE", "/github/workspace")
    with pytest.raises(KanmonError, match="The Docker action has no Docker engine"):
        refuse_docker_action()
