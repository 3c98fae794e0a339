"""`kanmon comment`: shows a verdict in the pull request. Its file is a stranger's (CD-1, TRU-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.results import Results
from kanmon.apptest.run import Verdict
from kanmon.apptest.summary import summary_of, write_summary
from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.fakes.repository import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.github.server import LocalGithub
    from tests.unit.cli.commands.conftest import App

pytestmark = pytest.mark.usefixtures("step_file")


def test_a_run_without_a_pull_request_writes_nothing(app: App) -> None:
    write_summary(summary_of(Verdict(Results(), None, None, (), ())), app.folder / "verdict.json")
    assert app.run("comment", "--verdict", "verdict.json") is ExitStatus.OK
    assert "there is nothing to comment on" in app.printed()


def test_a_made_up_verdict_is_refused(app: App, step_file: Path) -> None:
    """TRU-5"""
    (app.folder / "verdict.json").write_text('{"passed": "<b>yes</b>"}')
    assert app.run("comment", "--verdict", "verdict.json") is ExitStatus.REFUSED
    assert Code.RESULTS_UNREADABLE.id in step_file.read_text()


TROUBLE = {
    "of a fork": (403, "Resource not accessible by integration", "notice", Code.GITHUB_DENIED),
    "of GitHub": (502, "Bad Gateway", "warning", Code.GITHUB_FAILED),
    "of too many calls": (429, "Too many", "warning", Code.GITHUB_UNREACHABLE),
}


@pytest.mark.parametrize(("status", "message", "level", "code"), TROUBLE.values(), ids=TROUBLE)
def test_a_missing_comment_fails_no_job(
    app: App,
    github: LocalGithub,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    message: str,
    level: str,
    code: Code,
) -> None:
    """CD-1: the verdict is in the job summary."""
    (app.folder / "event.json").write_text('{"pull_request": {"number": 7}}')
    for name, value in {
        "GITHUB_EVENT_PATH": str(app.folder / "event.json"),
        "GITHUB_REPOSITORY": NAME,
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": github.token({"pull-requests": "write"}),
    }.items():
        monkeypatch.setenv(name, value)
    github.fail("GET", "/issues/7", status, message)
    github.fail("GET", "/issues/7/comments", status, message)
    write_summary(summary_of(Verdict(Results(), None, None, (), ())), app.folder / "verdict.json")
    assert app.run("comment", "--verdict", "verdict.json") is ExitStatus.OK
    assert f"::{level} title=Kanmon {code.id}::" in app.printed()


def test_a_terminal_has_no_pull_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert app.refusal("comment").startswith(f"{Code.GITHUB_MISSING.id} ")
