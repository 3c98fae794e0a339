"""The app's commands: their output, their end, and nothing for them to take or leave (TRU-3, SEC-5)."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanmon.appcommand.process import run_command
from kanmon.appcommand.scrub import RUNNER_FILES
from tests.unit.appcommand.attacker import ATTACK, without_capabilities

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]


def _run(folder: Path, command: str, on_line: Callable[[str], None] = lambda _: None) -> None:
    run_command(command, folder, on_line)


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


def test_a_daemon_of_a_command_ends_with_it(tmp_path: Path) -> None:
    """TRU-3: in a session of its own, without its parent, deaf to SIGTERM."""
    daemon = """trap '' TERM; sleep 1000 & echo $$ > draft; mv draft pid; wait; wait"""
    command = f"setsid bash -c {shlex.quote(daemon)} & until [ -e pid ]; do :; done"
    run_command(command, tmp_path, print, grace=0.1)
    _expect_ended(tmp_path)


def test_processes_from_before_stay(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "1000"]) as earlier:
        _run(tmp_path, "true")
        assert earlier.poll() is None
        earlier.kill()


def test_other_systems_run_commands_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only daemons in sessions of their own stay there."""
    monkeypatch.setattr(sys, "platform", "darwin")
    lines: list[str] = []
    assert run_command("echo a; sleep 1000 & echo $! > pid; exit 3", tmp_path, lines.append) == 3
    assert lines == ["a"]
    _expect_ended(tmp_path)


RUN = """
import os, sys
from pathlib import Path
from kanmon.appcommand.process import run_command
status = run_command(sys.argv[1], Path.cwd(), print)
print("ended with", status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_hostile_command_gets_nothing(tmp_path: Path) -> None:
    """TRU-3: own environment, those of all its ancestors, the runner's files, a daemon."""
    files = tmp_path / "_temp/_runner_file_commands"
    files.mkdir(parents=True)
    given = {name: str(files / name.lower()) for name in RUNNER_FILES}
    for path in given.values():
        Path(path).write_text("ours\n")
    secrets = {name: f"CANARY-{name}" for name in SECRETS}
    (tmp_path / "attack.py").write_text(ATTACK)
    attack = shlex.join([sys.executable, "attack.py", str(tmp_path / "loot"), str(files.parent)])
    done = subprocess.run(
        [*without_capabilities(), sys.executable, "-c", RUN, attack],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            **given,
            **secrets,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ended with 0\n"
    loot = json.loads((tmp_path / "loot").read_text())
    assert [place for place, text in loot["seen"].items() if "CANARY" in text] == []
    assert sorted(loot["written"]) == sorted(given.values()), "it did find the files"
    assert {Path(path).read_text() for path in given.values()} == {"ours\n"}
    with pytest.raises(ProcessLookupError):
        os.kill(loot["daemon"], 0)


SECRETS = (
    "GITHUB_TOKEN", "GH_TOKEN", "INPUT_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
)  # fmt: skip
