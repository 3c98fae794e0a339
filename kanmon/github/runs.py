"""Workflow runs: the jobs of each run attempt, and the waiting runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import github_errors
from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.github.client import Client

_CONFLICT = 409
_BEFORE_ITS_GATE = ("waiting", "pending", "queued", "requested")


@dataclass(frozen=True)
class Job:
    """One job of one run attempt.

    https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt
    """

    id: int
    name: str
    status: str
    skipped: bool
    """Its `if` or its `needs` skipped it, so no reviewer was asked."""
    runner: str
    """The name of its runner. Empty while the job waits, and when it never ran."""


@dataclass(frozen=True)
class QueuedRun:
    """A waiting run: its job behind the gate has not begun."""

    id: int
    title: str
    url: str


def jobs(client: Client, run: int, attempt: int) -> list[Job]:
    """The jobs of one run attempt."""
    with github_errors(phrase("reading the jobs of the run {run}", run=run), permission="actions: read"):
        listed = list(client.items(f"/actions/runs/{run}/attempts/{attempt}/jobs", "jobs"))
    return [
        Job(
            id=item["id"],
            name=item["name"],
            status=item["status"],
            skipped=item["conclusion"] == "skipped",
            runner=item["runner_name"] or "",
        )
        for item in listed
    ]


def queued_runs(client: Client, workflow: str) -> list[QueuedRun]:
    """The runs of a workflow still waiting for reviewers or for their turn. `workflow` is a file's name."""
    found: dict[int, QueuedRun] = {}
    with github_errors(
        phrase("looking for waiting runs of {workflow}", workflow=workflow), permission="actions: read"
    ):
        for status in _BEFORE_ITS_GATE:
            for item in client.items(f"/actions/workflows/{workflow}/runs", "workflow_runs", status=status):
                title = item.get("display_title") or item.get("name") or ""
                found[item["id"]] = QueuedRun(id=item["id"], title=title, url=item["html_url"])
    return list(found.values())


def cancel(client: Client, run: int) -> bool:
    """Cancel a run. False when it had ended already."""
    with github_errors(phrase("cancelling the run {run}", run=run), permission="actions: write"):
        try:
            client.post(f"/actions/runs/{run}/cancel")
        except GithubException as error:
            if error.status == _CONFLICT:
                return False
            raise
    return True
