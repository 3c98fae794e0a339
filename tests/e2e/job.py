"""A step of a workflow's job as its runner starts it, at the local GitHub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanmon.github.client import WRITE_PAUSE
from tests.e2e.project import Ended

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.github.server import LocalGithub

NAME = "acme/mandala"
SHA = "a" * 40


@dataclass
class Job:
    """One job under way; `permissions` are its token's, as a workflow file writes them."""

    github: LocalGithub
    folder: Path
    run: int
    permissions: dict[str, str]
    actor: str = "hanako"
    triggering_actor: str = "hanako"
    run_attempt: int = 1
    event: str = "push"
    ref: str = "refs/heads/main"
    runner: str = "runner-1"
    payload: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """https://docs.github.com/en/actions/reference/workflows-and-actions/variables."""
        files = {}
        for name in ("GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
            path = self.folder.parent / f"{self.folder.name}-{name}"
            path.touch()
            files[name] = str(path)
        (self.folder.parent / f"{self.folder.name}-GITHUB_EVENT_PATH").write_text(json.dumps(self.payload))
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_ATTEMPT": str(self.run_attempt),
            "GITHUB_ACTOR": self.actor,
            "GITHUB_TRIGGERING_ACTOR": self.triggering_actor,
            "GITHUB_SHA": SHA,
            "GITHUB_REF": self.ref,
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_SERVER_URL": self.github.url,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_WORKSPACE": str(self.folder),
            "RUNNER_NAME": self.runner,
            "GITHUB_TOKEN": self.github.token(self.permissions),
            WRITE_PAUSE: "0",
            **files,
            **self.secrets,
        }

    def kanmon(self, *arguments: str) -> Ended:
        """Run a command as a step of this job."""
        done = subprocess.run(
            [sys.executable, "-m", "kanmon", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of its steps."""
        return self._written("GITHUB_OUTPUT")

    @property
    def state(self) -> dict[str, str]:
        """The state of its step for the step's post step."""
        return self._written("GITHUB_STATE")

    @property
    def summary(self) -> str:
        """The job summary."""
        return (self.folder.parent / f"{self.folder.name}-GITHUB_STEP_SUMMARY").read_text("utf-8")

    def _written(self, name: str) -> dict[str, str]:
        written = (self.folder.parent / f"{self.folder.name}-{name}").read_text("utf-8")
        return dict(re.findall(r"^(\w+)<<(?:ghadelimiter_\S+)\n(.*)$", written, re.MULTILINE))
