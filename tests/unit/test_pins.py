"""The workflows use Kanmon's actions at pinned commits. They must fit those commits, not the newest code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    *(ROOT / ".github/workflows").glob("*.yml"),
    *(ROOT / "workflows").glob("*.yml"),
    ROOT / "action.yml",
]
OWN = re.compile(r"kanmon-dev/kanmon/?(?P<path>[^@]*)@(?P<commit>[0-9a-f]{40})")
PARSE = """
import json, os, sys
from kanmon.cli.main import main
for name, inputs in json.load(sys.stdin):
    own = {f"INPUT_{key.upper()}": value for key, value in inputs.items()}
    os.environ |= own
    sys.stderr.write(f"{name} {inputs}\\n")
    main(["action", name])
    for key in own:
        del os.environ[key]
"""
"""Runs commands as actions. Each ends after its inputs were read: here is neither config nor workflow."""


@dataclass(frozen=True)
class Use:
    """A step or job of a workflow. It uses a part of Kanmon at a commit."""

    file: str
    path: str
    commit: str
    given: dict[str, Any]
    id: str

    def __str__(self) -> str:
        return f"{self.file} {self.path or 'action.yml'}"

    @property
    def command(self) -> str:
        """The command of the action. Empty for a reusable workflow."""
        return self.path.split("/")[1] if self.path.startswith("actions/") else ""

    @property
    def literals(self) -> dict[str, str]:
        """The inputs with a fixed value, as the runner passes them."""
        texts = {key: json.dumps(value).strip('"') for key, value in self.given.items()}
        return {key: value for key, value in texts.items() if "${{" not in value}


def _load(text: str) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return content


def _uses() -> Iterator[Use]:
    for path in FILES:
        content = _load(path.read_text("utf-8"))
        jobs = list(content.get("jobs", {}).values())
        steps = [step for job in [*jobs, content.get("runs", {})] for step in job.get("steps", [])]
        for one in [*jobs, *steps]:
            if found := OWN.fullmatch(one.get("uses", "")):
                file = path.relative_to(ROOT).as_posix()
                yield Use(file, found["path"], found["commit"], one.get("with", {}), one.get("id", ""))


USES = list(_uses())


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


@cache
def _history() -> str:
    """The extent of the history: full, shallow, or none outside of a clone."""
    if not (ROOT / ".git").exists():
        return "none"
    return "shallow" if _git("rev-parse", "--is-shallow-repository").strip() == b"true" else "full"


@cache
def _known(commit: str) -> bool:
    asked = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    return not subprocess.run(asked, cwd=ROOT, check=False, capture_output=True).returncode


def _need(commit: str) -> None:
    """Skip the test if the clone is shallow and has no such commit."""
    if _history() == "none" or (_history() == "shallow" and not _known(commit)):
        pytest.skip(f"the history here is {_history()}, without {commit[:12]}; use a full clone")
    assert _known(commit), f"the history has no commit {commit}"


@cache
def _pinned(use_path: str, commit: str) -> dict[str, Any]:
    """The action or reusable workflow, as the commit has it."""
    path = use_path if use_path.endswith(".yml") else f"{use_path}/action.yml".lstrip("/")
    return _load(_git("show", f"{commit}:{path}").decode())


def _inputs(use: Use) -> dict[str, dict[str, Any]]:
    _need(use.commit)
    content = _pinned(use.path, use.commit)
    inputs: dict[str, dict[str, Any]] = (
        content["inputs"] if use.command or not use.path else content["on"]["workflow_call"]["inputs"]
    )
    return inputs


def test_the_workflows_use_pinned_actions() -> None:
    """SEC-5: nothing else of Kanmon is used. Otherwise the tests below would miss it."""
    texts = "".join(path.read_text("utf-8") for path in FILES)
    assert len(USES) == len(re.findall(r"uses: *kanmon-dev/kanmon", texts))
    assert USES


@pytest.mark.parametrize("use", USES, ids=str)
def test_the_pinned_commit_knows_each_input(use: Use) -> None:
    """SEC-5"""
    assert use.given.keys() <= _inputs(use).keys()


@pytest.mark.parametrize("use", USES, ids=str)
def test_each_required_input_of_the_pinned_commit_is_given(use: Use) -> None:
    required = {name for name, value in _inputs(use).items() if value.get("required")}
    assert required <= use.given.keys()


@pytest.mark.parametrize("use", [use for use in USES if not use.command], ids=str)
def test_a_reusable_workflow_gets_values_of_its_types(use: Use) -> None:
    kinds = {"string": str, "boolean": bool, "number": int}
    wrong = {
        name
        for name, value in use.given.items()
        if not isinstance(value, kinds[_inputs(use)[name]["type"]]) and "${{" not in str(value)
    }
    assert wrong == set()


@pytest.mark.parametrize("use", [use for use in USES if use.id], ids=str)
def test_the_pinned_commit_gives_each_output_in_use(use: Use) -> None:
    _need(use.commit)
    text = (ROOT / use.file).read_text("utf-8")
    used = set(re.findall(rf"\bsteps\.{use.id}\.outputs\.([\w-]+)", text))
    assert used <= _pinned(use.path, use.commit)["outputs"].keys()


def _calls() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """The commands of each pinned commit, with the fixed values of their inputs."""
    calls = defaultdict(list)
    for use in USES:
        if use.command:
            calls[use.commit].append((use.command, use.literals))
    return calls


@pytest.mark.parametrize(("commit", "calls"), _calls().items(), ids=lambda value: str(value)[:7])
def test_the_pinned_commands_take_each_value(
    commit: str, calls: list[tuple[str, dict[str, str]]], tmp_path: Path
) -> None:
    """CD-13: `wait` was a duration once, and recovery after a killed deploy refused `true`."""
    _need(commit)
    subprocess.run(
        ["tar", "-x", "-C", tmp_path], input=_git("archive", commit, "kanmon"), check=True, timeout=60
    )
    ended = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=json.dumps(calls),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    output = ended.stdout + ended.stderr
    assert len(re.findall(r"KNM-101|KNM-601", output)) == len(calls)
    assert "KNM-901" not in output
