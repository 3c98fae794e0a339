"""The workflow run of this process, from the runner's environment variables."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class WorkflowRun:
    """One run attempt of a workflow run.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """

    repository: str
    """`owner/name`."""
    id: int
    attempt: int
    """The number of the run attempt: 1 at first, and one more for every re-run."""
    actor: str
    """The person behind the first run attempt."""
    triggering_actor: str
    """The person behind this run attempt."""
    commit: str
    ref: str
    """Such as `refs/heads/main`."""
    event: str
    server: str
    api: str
    runner: str
    """The runner's name; a runner works on one job at a time."""
    event_file: str

    @property
    def url(self) -> str:
        """The page of this run attempt."""
        return f"{self.server}/{self.repository}/actions/runs/{self.id}/attempts/{self.attempt}"

    @property
    def branch(self) -> str | None:
        """The branch's name; None on a tag."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None

    @property
    def pull_request(self) -> int | None:
        """The pull request's number. None when no pull request started the run."""
        number = self._payload().get("pull_request", {}).get("number")
        return number if isinstance(number, int) else None

    def _payload(self) -> dict[str, Any]:
        try:
            payload = json.loads(Path(self.event_file).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return payload if isinstance(payload, dict) else {}


def current_run(environment: Mapping[str, str] = os.environ) -> WorkflowRun | None:
    """The run of this process. None outside of a workflow."""
    if environment.get("GITHUB_ACTIONS") != "true" or not environment.get("GITHUB_RUN_ID"):
        return None
    actor = environment.get("GITHUB_ACTOR", "")
    return WorkflowRun(
        repository=environment.get("GITHUB_REPOSITORY", ""),
        id=int(environment["GITHUB_RUN_ID"]),
        attempt=int(environment.get("GITHUB_RUN_ATTEMPT", "1")),
        actor=actor,
        triggering_actor=environment.get("GITHUB_TRIGGERING_ACTOR", actor),
        commit=environment.get("GITHUB_SHA", ""),
        ref=environment.get("GITHUB_REF", ""),
        event=environment.get("GITHUB_EVENT_NAME", ""),
        server=environment.get("GITHUB_SERVER_URL", "https://github.com"),
        api=environment.get("GITHUB_API_URL", "https://api.github.com"),
        runner=environment.get("RUNNER_NAME", ""),
        event_file=environment.get("GITHUB_EVENT_PATH", ""),
    )


def actor(environment: Mapping[str, str] = os.environ) -> str:
    """The person behind this process: the workflow's actor, or the user of the machine."""
    return environment.get("GITHUB_ACTOR") or getpass.getuser()
