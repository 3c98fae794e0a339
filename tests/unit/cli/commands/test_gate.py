"""`kanmon gate`: verifies the environment's rules, and the approval of this run (CD-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub
    from tests.unit.cli.commands.conftest import App

DEPLOY = "deploy-production.yml"


@pytest.fixture
def app(workflow: App) -> App:
    return workflow


def _wait(github: LocalGithub) -> int:
    """The run's gated job waits at the environment. Return the run's id."""
    [run] = github.repository.runs
    github.begin_job(run, 1, "deploy", "test", runner="runner-1")
    return run


def test_the_reviewers_are_named(app: App) -> None:
    """CD-3"""
    assert app.run("gate") is ExitStatus.OK
    assert app.printed() == "test holds releases back until one of taro approves.\n"


def test_missing_rules_are_refused(app: App, github: LocalGithub) -> None:
    """CD-3"""
    github.protect("test", [], branches=["main"])
    assert app.run("gate") is ExitStatus.REFUSED
    assert Code.REVIEWERS_MISSING.id in app.printed()


def test_the_approval_names_its_reviewer(app: App, github: LocalGithub) -> None:
    """CD-3"""
    github.review(_wait(github), "test", "taro")
    assert app.run("gate", "--approved") is ExitStatus.OK
    assert app.printed() == "taro approved this run for test.\n"


def test_a_run_without_approval_is_refused(app: App, github: LocalGithub) -> None:
    """CD-3"""
    _wait(github)
    assert app.run("gate", "--approved") is ExitStatus.REFUSED


def test_waiting_runs_of_the_named_workflow_are_cancelled(app: App, github: LocalGithub) -> None:
    """CD-9"""
    run = _wait(github)
    assert app.run("gate", "--cancel-waiting", DEPLOY) is ExitStatus.OK
    assert "cancelled a waiting run: " in app.printed()
    assert github.repository.runs[run].latest.conclusion == "cancelled"


@pytest.mark.parametrize(
    "call", [("GET", "/actions/workflows/.*"), ("POST", "/actions/runs/.*/cancel")], ids=str
)
def test_a_run_that_stays_stops_no_rollback(app: App, github: LocalGithub, call: tuple[str, str]) -> None:
    """CD-9: only the rules and the approval may refuse it."""
    _wait(github)
    github.fail(*call, 502, "Bad Gateway")
    assert app.run("gate", "--cancel-waiting", DEPLOY) is ExitStatus.OK
    assert f"::warning title=Kanmon {Code.GITHUB_FAILED.id}::" in app.printed()


@pytest.mark.parametrize("path", ["/environments/.*", "/actions/runs/.*/approvals"])
def test_unread_rules_and_approvals_refuse(app: App, github: LocalGithub, path: str) -> None:
    """CD-3: an unknown fact counts against the run."""
    github.review(_wait(github), "test", "taro")
    github.fail("GET", path, 502, "Bad Gateway")
    assert app.run("gate", "--approved") is ExitStatus.REFUSED


def test_a_wrong_confirmation_is_refused_before_github_is_asked(app: App, github: LocalGithub) -> None:
    """CD-9"""
    assert app.run("gate", "--confirm", "staging", "--cancel-waiting", DEPLOY) is ExitStatus.REFUSED
    assert "Type test as the confirmation" in app.printed()
    assert github.requests == []


def test_it_needs_a_workflow(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-3"""
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert app.refusal("gate").startswith(f"{Code.GITHUB_MISSING.id} ")


def test_it_needs_a_token(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-3"""
    monkeypatch.delenv("GITHUB_TOKEN")
    assert app.run("gate") is ExitStatus.REFUSED
    assert "no GitHub token" in app.printed()
