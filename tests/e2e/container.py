"""A step with a Docker action, carried out as by a runner, at the local GitHub.

https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
"""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from embedded.process import REPOSITORY
from tests.e2e.project import Running

if TYPE_CHECKING:
    from tests.e2e.engine import Engine
    from tests.e2e.job import Job


@dataclass
class ContainerStep:
    """One use of the action `name`; `image` was built from its Dockerfile."""

    engine: Engine
    image: str
    name: str
    job: Job
    inputs: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """Further variables of the job's environment."""
    containers: list[str] = field(default_factory=list)

    def main(self) -> Running:
        """Start the step."""
        return self._start([], {})

    def post(self) -> Running:
        """Start its post step: it always comes, at the end of the job."""
        state = {f"STATE_{name}": value for name, value in self.job.state.items()}
        return self._start(["--entrypoint", self._action["runs"]["post-entrypoint"]], state)

    def kill(self) -> None:
        """Kill the last container, as when the machine goes down under it."""
        self.engine.docker("kill", "--signal", "KILL", self.containers[-1])

    @property
    def _action(self) -> dict[str, Any]:
        path = REPOSITORY / "actions" / self.name / "action.yml"
        action: dict[str, Any] = YAML(typ="safe").load(path)
        return action

    def _start(self, options: list[str], state: dict[str, str]) -> Running:
        self.containers.append(f"{self.name}-{uuid.uuid4().hex[:6]}")
        variables = {**self._environment(), **state}
        folder = self.job.folder
        mounts = {folder: "/github/workspace", folder.parent: "/github/file_commands"}
        command = [
            *("docker", "run", "--name", self.containers[-1], "--workdir", "/github/workspace", "--rm"),
            *(part for name in variables for part in ("-e", name)),
            *options,
            *("--network", "host"),
            *(part for source, target in mounts.items() for part in ("-v", f"{source}:{target}")),
            self.image,
            *self._action["runs"]["args"],
        ]
        process = subprocess.Popen(
            command,
            env={**variables, **self.engine.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Running(process)

    def _environment(self) -> dict[str, str]:
        """The variables of the container, its paths in place of the runner's."""
        variables = self.job.environment
        token = variables.pop("GITHUB_TOKEN")
        given = {name: value["default"] for name, value in self._action["inputs"].items()} | self.inputs
        given = {name: value.replace("${{ github.token }}", token) for name, value in given.items()}
        assert self._action["runs"]["env"] == {"GITHUB_TOKEN": "${{ inputs.token }}"}
        variables |= {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in given.items()}
        variables |= {"GITHUB_TOKEN": given["token"], "HOME": "/github/home", "CI": "true", **self.variables}
        del variables["PATH"]  # it is the image's
        return {name: self._inside(value) for name, value in variables.items()}

    def _inside(self, value: str) -> str:
        folder = self.job.folder
        value = value.replace(str(folder) + "-", "/github/file_commands/" + folder.name + "-")
        return value.replace(str(folder), "/github/workspace")
