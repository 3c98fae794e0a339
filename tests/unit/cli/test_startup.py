"""The cost of a start: a command does not load libraries of other commands only."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kanmon.cli.commands import NAMES

RARELY_NEEDED = {"deflate", "github", "slack_sdk", "defusedxml", "jinja2"}
"""What only some commands use, and they import it when they need it."""
NEEDED = {"build": {"deflate"}, "gate": {"github"}, "test": {"defusedxml"}}
"""What a command can't begin without."""


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after it ran this."""
    show = "import sys, json; json.dump(sorted(sys.modules), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", f"{code}; {show}"], capture_output=True, check=True)
    names: list[str] = json.loads(done.stdout)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("name", NAMES)
def test_a_command_loads_no_module_of_another_one(name: str) -> None:
    code = f"from kanmon.cli.parser import parse; parse(['{name}']); import kanmon.cli.context"
    assert loaded(code) & RARELY_NEEDED <= NEEDED.get(name, set())


def test_an_interrupted_import_shows_no_traceback() -> None:
    """CD-13"""
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *given):\n"
        "        if name == 'kanmon.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "from kanmon.__main__ import run\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.exit(run())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_credentials_are_checked_before_the_work_is_loaded() -> None:
    """Validation and terminal take half of a start. A step without credentials ends before."""
    code = "from kanmon.cli.parser import parse; parse(['deploy']); import kanmon.cli.context"
    assert not loaded(code) & {"pydantic", "rich"}
