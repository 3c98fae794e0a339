"""The service: starts a run, lays its files out, cancels it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded.process import REPOSITORY
from kanmon.github.client import WRITE_PAUSE

from .execution import Execution
from .layout import SUITE, Layout, calls, workflow_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded.github.server import LocalGithub

    from .execution import Line

_HERE = Path(__file__).parent
_STANDINS = _HERE / "standins"
_PINNED = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/[^@\s]*)?@(\S+)")
_PLAYED_BY_ACT = "actions/checkout"


@dataclass(frozen=True)
class Machine:
    """The runner's machine."""

    folder: Path
    """Workspaces, artifacts and logs of all runs."""
    environment: Mapping[str, str]
    """Every process finds it in its environment, such as AWS's address."""
    runtime: Path = REPOSITORY / "build" / "act"
    """Installed requirements stay here for later machines."""
    programs: tuple[Path, ...] = ()
    """Folders of programs; they come before this process's own."""


@dataclass
class Actions:
    """GitHub Actions for one repository: its working copy in `folder`, its record in the local GitHub."""

    github: LocalGithub
    folder: Path
    machine: Machine
    variables: Mapping[str, str] = field(default_factory=dict)
    private: bool = False
    secrets: tuple[str, ...] = ()
    """The values of the repository's secrets. A runner masks them in each job."""
    listener: Callable[[Line], None] | None = None
    """It is called with every line of every run as it comes."""
    executions: dict[int, Execution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.github.state.on_cancel = self._cancel

    def push(self, actor: str, branch: str = "main", workflow: str = "deploy-production.yml") -> Execution:
        """The working copy's head is pushed to a branch."""
        message = self._git("log", "-1", "--format=%B")
        payload = {"ref": f"refs/heads/{branch}", "head_commit": {"id": self.head, "message": message}}
        return self._start(workflow, "push", actor, branch, payload)

    def dispatch(self, workflow: str, actor: str, branch: str = "main", **inputs: str) -> Execution:
        """A workflow is started by hand; a hyphen in an input's name is written as an underscore."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self._start(workflow, "workflow_dispatch", actor, branch, {"inputs": given})

    def pull_request(self, number: int, workflow: str = "pull-request.yml") -> Execution:
        """The working copy's head is the head of this pull request at the local GitHub."""
        pull = self.github.repository.pulls[number]
        payload = {
            "number": number,
            "pull_request": {"number": number, "title": pull.title, "head": {"ref": pull.head_branch}},
        }
        return self._start(workflow, "pull_request", pull.author, pull.head_branch, payload)

    @property
    def head(self) -> str:
        """The working copy's commit."""
        return self._git("rev-parse", "HEAD")

    def stop(self) -> None:
        """End the runs still under way."""
        for execution in self.executions.values():
            execution.kill()

    def _start(
        self, workflow: str, event: str, actor: str, branch: str, payload: Mapping[str, Any]
    ) -> Execution:
        if self.head not in self.github.repository.commits:
            self.github.commit(self.head, self._git("log", "-1", "--format=%B"), actor, branch=branch)
        run = self.github.begin_run(workflow, event, actor, self.head, branch)
        folder = self.machine.folder / str(run)
        number = payload.get("number")
        ref = f"refs/pull/{number}/merge" if number else f"refs/heads/{branch}"
        file = self._lay_out(workflow, folder, run, ref)
        repository = {"full_name": self.github.repository.name, "private": self.private}
        (folder / "event.json").write_text(json.dumps({**payload, "repository": repository}), "utf-8")
        facts = {
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_TRIGGERING_ACTOR": actor,
            "GITHUB_REF": ref,
        }
        name = self.github.repository.name
        facts["GITHUB_WORKFLOW_REF"] = f"{name}/.github/workflows/{workflow}@{facts['GITHUB_REF']}"
        command = [
            *[str(Path(sys.executable).with_name("act")), event, "--json", "--actor", actor],
            *["-W", str(file), "-P", "ubuntu-24.04=-self-hosted"],
            *["--eventpath", str(folder / "event.json")],
            *["--action-cache-path", str(self.machine.runtime), "--no-cache-server", "--rm"],
            *self._replaced(folder),
            *(f"--var={name}={value}" for name, value in self.variables.items()),
            *(f"--env={name}={value}" for name, value in {**self._environment(), **facts}.items()),
        ]
        execution = Execution.start(
            self.github, run, command, self.folder, self._machine_environment(), self.listener
        )
        self.executions[run] = execution
        return execution

    def _lay_out(self, workflow: str, folder: Path, run: int, ref: str) -> Path:
        """Write the called workflows of the suite and the file itself; returns the file's path."""

        def layout(file: str) -> Layout:
            return Layout(self.github.token, lambda job: self.github.identity(run, job, ref, file))

        suite = folder / "suite"
        shutil.copytree(
            REPOSITORY / "actions", suite / "actions", ignore=shutil.ignore_patterns("__pycache__")
        )
        for part in ("infra", "kanmon"):
            # `act` copies the suite for each step, and a link as it is: compiled modules stay compiled.
            (suite / part).symlink_to(REPOSITORY / part)
        for part in ("action.yml", "requirements.txt"):
            shutil.copy(REPOSITORY / part, suite)
        text = (self.folder / ".github" / "workflows" / workflow).read_text("utf-8")
        called = suite / ".github" / "workflows"
        called.mkdir(parents=True)
        for used, permissions in calls(text).items():
            name = used.partition("@")[0].rpartition("/")[2]
            source = (REPOSITORY / ".github" / "workflows" / name).read_text("utf-8")
            (called / name).write_text(layout(workflow_ref(used)).lay_out(source, permissions), "utf-8")
        file = folder / workflow
        own = f"{self.github.repository.name}/.github/workflows/{workflow}@{ref}"
        file.write_text(layout(own).lay_out(text), "utf-8")
        return file

    def _replaced(self, folder: Path) -> list[str]:
        """Every used action, as it was pinned, and its stand-in's folder."""
        texts = [path.read_text("utf-8") for path in folder.rglob("*.yml")]
        pinned = {found for text in texts for found in _PINNED.findall(text)}
        options = []
        for repository, pin in sorted(pinned):
            if repository != _PLAYED_BY_ACT:
                place = folder / "suite" if repository == SUITE else _STANDINS / repository.rpartition("/")[2]
                options.append(f"--local-repository={repository}@{pin}={place}")
        return options

    def _environment(self) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": self.github.url,
            "GITHUB_REPOSITORY": self.github.repository.name,
            "SHA_REF": self.head,
            WRITE_PAUSE: "0",
            "KANMON_REQUIREMENTS": str(self.machine.runtime / "kanmon"),
            "LOCAL_ACTIONS_CONTROL": f"{self.github.url}/_control",
            "LOCAL_ACTIONS_REPORT": str(_HERE / "report.py"),
            "LOCAL_ACTIONS_PYTHON": sys.executable,
            "LOCAL_ACTIONS_SECRETS": json.dumps(self.secrets),
            "LOCAL_ACTIONS_ARTIFACTS": str(self.machine.folder / "artifacts"),
            **self.machine.environment,
        }

    def _machine_environment(self) -> dict[str, str]:
        """The runner's own environment: of this process's it has only where programs are."""
        home = self.machine.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        programs = [_STANDINS / "bin", *self.machine.programs, os.environ["PATH"]]
        return {
            "PATH": os.pathsep.join(map(str, programs)),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "npm_config_cache": str(Path("~/.npm").expanduser()),
        }

    def _cancel(self, run: int) -> None:
        if run in self.executions:
            self.executions[run].cancel()

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()
