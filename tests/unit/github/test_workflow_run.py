"""The workflow run of this process, from the runner's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.github.workflow_run import WorkflowRun, current_run

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "5",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_REPOSITORY": "acme/mandala",
    "GITHUB_ACTOR": "alice",
    "GITHUB_REF": "refs/heads/main",
}


def _run(**others: str) -> WorkflowRun:
    run = current_run(VARIABLES | others)
    assert run
    return run


def test_a_run_has_the_page_of_its_run_attempt() -> None:
    assert _run().url == "https://github.com/acme/mandala/actions/runs/5/attempts/2"


def test_a_run_has_its_branch() -> None:
    assert _run().branch == "main"


def test_a_run_on_a_tag_has_no_branch() -> None:
    assert _run(GITHUB_REF="refs/tags/main").branch is None


def test_the_actor_is_behind_the_run_attempt_by_default() -> None:
    assert _run().triggering_actor == "alice"


def test_a_run_attempt_can_have_an_actor_of_its_own() -> None:
    assert _run(GITHUB_TRIGGERING_ACTOR="bob").triggering_actor == "bob"


def test_a_run_of_a_pull_request_has_its_number(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 12}}')
    assert _run(GITHUB_EVENT_PATH=str(event)).pull_request == 12


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pull_request": {"number": "12"}}'])
def test_another_run_has_no_pull_request(tmp_path: Path, text: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(text)
    assert _run(GITHUB_EVENT_PATH=str(event)).pull_request is None


@pytest.mark.parametrize("variables", [{}, {"GITHUB_ACTIONS": "true"}], ids=["none", "without a run"])
def test_outside_of_a_workflow_there_is_no_run(variables: dict[str, str]) -> None:
    assert current_run(variables) is None
