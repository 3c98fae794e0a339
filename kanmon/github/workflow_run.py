"""The workflow run of this process, from the runner's environment variables."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.regular_file import RefusedFileError, read_regular
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 80
_LARGEST_EVENT = 32 * 1024 * 1024
"""GitHub sends at most 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""


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
        request = self._payload().get("pull_request")
        number = request.get("number") if isinstance(request, dict) else None
        return number if isinstance(number, int) else None

    def _payload(self) -> dict[str, Any]:
        try:
            payload = json.loads(read_regular(Path(self.event_file), _LARGEST_EVENT))
        except (OSError, RefusedFileError, ValueError, RecursionError):
            return {}
        return payload if isinstance(payload, dict) else {}


def current_run(environment: Mapping[str, str] = os.environ) -> WorkflowRun | None:
    """The run of this process. None outside of a workflow. Raises ENVIRONMENT_BROKEN for a wrong number."""
    if not in_workflow(environment) or not environment.get("GITHUB_RUN_ID"):
        return None
    actor = environment.get("GITHUB_ACTOR", "")
    return WorkflowRun(
        repository=environment.get("GITHUB_REPOSITORY", ""),
        id=_number(environment, "GITHUB_RUN_ID"),
        attempt=_number(environment, "GITHUB_RUN_ATTEMPT"),
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


def in_workflow(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a workflow started this process."""
    return environment.get("GITHUB_ACTIONS") == "true"


def _number(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name) or "1"
    try:
        return int(value)
    except ValueError:
        problem = phrase(
            "{name} is {value}, and this is not a number.", name=name, value=cut(repr(value), _SHOWN)
        )
        raise KanmonError(Code.ENVIRONMENT_BROKEN, problem, where=name) from None


def actor(environment: Mapping[str, str] = os.environ) -> str:
    """The person behind this process: the workflow's actor, or the user of the machine."""
    if workflow_actor := environment.get("GITHUB_ACTOR"):
        return workflow_actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return f"uid {os.getuid()}"
