"""`kanmon comment`: shows a verdict in the pull request. Its file is a stranger's (CD-1, TRU-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.results import Results
from kanmon.apptest.run import Verdict
from kanmon.apptest.summary import summary_of, write_summary
from kanmon.codes import Code
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_terminal_has_no_pull_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert app.refusal("comment").startswith(f"{Code.GITHUB_MISSING.id} ")
