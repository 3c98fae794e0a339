"""The app's test commands: their output, their end, their environment (CD-1, SEC-5)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.process import app_environment
from kanmon.apptest.run import run_tests
from kanmon.config.test import AppTests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _run(folder: Path, command: str, on_line: Callable[[str], None] = lambda _: None) -> None:
    config = AppTests(commands=(command,), results=("x",))
    run_tests(config, folder, lambda _: None, on_line)


def _expect_ended(folder: Path) -> None:
    """The process with the id in the file `pid` has ended."""
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


def test_the_output_of_a_command_comes_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    _run(tmp_path, "printf 'a\\nb'; echo c >&2", lines.append)
    assert lines == ["a", "bc"]


def test_processes_of_a_command_end_with_it(tmp_path: Path) -> None:
    _run(tmp_path, "sleep 1000 & echo $! > pid")
    _expect_ended(tmp_path)


def test_an_interruption_ends_the_command(tmp_path: Path) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, "echo $$ > pid; echo started; sleep 1000", interrupt)
    _expect_ended(tmp_path)


def test_commands_get_nothing_to_write_to_the_step_with() -> None:
    """SEC-5: the commands come with the pull request."""
    given = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": "1",
        "GITHUB_TOKEN": "t",
        "GITHUB_OUTPUT": "o",
        "GITHUB_STEP_SUMMARY": "s",
        "GITHUB_ENV": "e",
        "GITHUB_PATH": "p",
        "INPUT_TOKEN": "t",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "PATH": "/bin",
    }
    assert app_environment(given) == {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "1", "PATH": "/bin"}


def test_outside_of_a_workflow_commands_get_all_variables() -> None:
    assert app_environment({"INPUT_X": "mine"}) == {"INPUT_X": "mine"}
