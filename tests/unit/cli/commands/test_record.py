"""`kanmon record`: GitHub's record is brought up to the ledger (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.fakes.repository import NAME
from tests.fakes.runs import release

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.github.server import LocalGithub
    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def app(app: App, github: LocalGithub, step_file: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The app with one release, in a run of its repository."""
    del step_file
    github.commit(f"{'a1':0<40}", "Add goals", "hanako")
    token = github.token({"deployments": "write", "contents": "write", "pull-requests": "read"})
    monkeypatch.setenv("GITHUB_REPOSITORY", NAME)
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("GITHUB_TOKEN", token)
    release(app.cloud, "a1")
    return app


def test_each_missing_operation_is_written(app: App, github: LocalGithub) -> None:
    """CD-11"""
    assert app.run("record") is ExitStatus.OK
    assert app.printed() == "operation 1, deploy of r1: stable\n"
    assert [made.tag for made in github.repository.releases.values()] == ["test-r1"]


def test_a_complete_record_needs_nothing(app: App) -> None:
    app.run("record")
    app.printed()
    assert app.run("record") is ExitStatus.OK
    assert app.printed() == "GitHub's record is complete already.\n"


def test_a_refused_tag_is_a_warning(app: App, github: LocalGithub, step_file: Path) -> None:
    """CD-11: the deployment is the record, and another run could do no more."""
    github.commit("e" * 40, "Change a workflow", "hanako", workflows="new")
    assert app.run("record") is ExitStatus.OK
    assert f"::warning title=Kanmon {Code.TAG_REFUSED.id}::" in app.printed()
    assert "error=" not in step_file.read_text()


def test_a_missing_piece_fails_with_a_warning(app: App, github: LocalGithub) -> None:
    """The next run adds it. The step may fail: the workflows go on after it (CD-11)."""
    github.fail("POST", "/releases", 502, "Bad Gateway")
    assert app.run("record") is ExitStatus.FAILED
    printed = app.printed()
    assert "operation 1, deploy of r1: stable\n" in printed
    assert f"::warning title=Kanmon {Code.RECORD_INCOMPLETE.id}::" in printed
    assert "GitHub lacks the GitHub Release of r1." in printed


def test_the_deployment_has_the_apps_address(app: App, github: LocalGithub) -> None:
    app.run("record")
    [made] = github.repository.deployments.values()
    assert made.statuses[-1].environment_url == "https://edge.test"


def test_it_needs_a_workflow(app: App, github: LocalGithub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert app.refusal("record").startswith(f"{Code.GITHUB_MISSING.id} ")
    assert github.requests == []
