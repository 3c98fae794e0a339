"""Workflow runs: their jobs attempt by attempt, and those that still wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import explained

if TYPE_CHECKING:
    from kanmon.github.client import Client

_CONFLICT = 409
_BEFORE_ITS_GATE = ("waiting", "pending", "queued", "requested")


@dataclass(frozen=True)
class Job:
    """One job of one attempt.

    https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt
    """

    id: int
    name: str
    status: str
    runner: str
    """The runner that took it; empty while it waits and when it was skipped."""


@dataclass(frozen=True)
class QueuedRun:
    """A run whose gated job has not begun."""

    id: int
    title: str
    url: str


def jobs(client: Client, run: int, attempt: int) -> list[Job]:
    """The jobs of one attempt of a run."""
    with explained(f"reading the jobs of the run {run}", permission="actions: read"):
        listed = client.get(f"/actions/runs/{run}/attempts/{attempt}/jobs", per_page=100)["jobs"]
    return [
        Job(id=item["id"], name=item["name"], status=item["status"], runner=item["runner_name"] or "")
        for item in listed
    ]


def queued_runs(client: Client, workflow: str) -> list[QueuedRun]:
    """The runs of a workflow, by its file's name, that wait for reviewers or for their turn."""
    found: dict[int, QueuedRun] = {}
    with explained(f"looking for waiting runs of {workflow}", permission="actions: read"):
        for status in _BEFORE_ITS_GATE:
            listed = client.get(f"/actions/workflows/{workflow}/runs", status=status, per_page=100)
            for item in listed["workflow_runs"]:
                title = item.get("display_title") or item.get("name") or ""
                found[item["id"]] = QueuedRun(id=item["id"], title=title, url=item["html_url"])
    return list(found.values())


def cancel(client: Client, run: int) -> bool:
    """Cancel a run; False when it had ended."""
    with explained(f"cancelling the run {run}", permission="actions: write"):
        try:
            client.post(f"/actions/runs/{run}/cancel")
        except GithubException as error:
            if error.status == _CONFLICT:
                return False
            raise
    return True
