"""The local GitHub's records of Actions: environments, runs, run attempts, jobs, reviews."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


@dataclass
class Environment:
    """An environment with its protection.

    `branches` None admits all, "protected" those with protection. A pattern of tags begins with `tags/`.
    """

    id: int
    name: str
    reviewers: list[str] = field(default_factory=list)
    prevent_self_review: bool = False
    wait_timer: int = 0
    apps: list[str] = field(default_factory=list)
    """The apps of its custom deployment protection rules, by their slugs."""
    branches: list[str] | str | None = None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass
class Job:
    """One job of one run attempt."""

    id: int
    name: str
    environment: str | None = None
    group: str = ""
    """The concurrency group: one of its jobs runs, the others are pending. See `State.approval_first`."""
    approved: bool = False
    """A reviewer let it go on; it may still wait for its group."""
    status: str = "queued"
    conclusion: str | None = None
    rejected: bool = False
    runner: str = ""
    deployment: int | None = None
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    completed: datetime | None = None

    @property
    def gate(self) -> str:
        """How it stands with its environment: `waiting`, `approved`, `rejected` or `cancelled`."""
        if self.rejected:
            return "rejected"
        if self.status in {"pending", "waiting"}:
            return "waiting"
        return "cancelled" if self.conclusion == "cancelled" else "approved"


@dataclass
class RunAttempt:
    """One run attempt; its `actor` started it."""

    number: int
    actor: str
    conclusion: str | None = None
    cancelled: bool = False
    jobs: list[Job] = field(default_factory=list)
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)

    def job(self, name: str) -> Job | None:
        """The newest job of this name. Two calls of one reusable workflow have jobs of the same name here."""
        return next((job for job in reversed(self.jobs) if job.name == name), None)

    @property
    def status(self) -> str:
        """As GitHub shows it: a run waits when nothing of it runs and something waits."""
        if self.conclusion:
            return "completed"
        states = {job.status for job in self.jobs}
        for status in ("in_progress", "waiting", "pending"):
            if status in states:
                return status
        return "in_progress" if states else "queued"


@dataclass
class Approval:
    """A reviewer's approval or rejection. GitHub shows neither its time nor its run attempt."""

    environment: str
    state: str
    by: str
    comment: str


@dataclass
class Run:
    """A workflow run; its `actor` started it first."""

    id: int
    workflow_file: str
    event: str
    actor: str
    sha: str
    branch: str
    number: int
    run_attempts: list[RunAttempt] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    created: datetime = field(default_factory=now)

    @property
    def latest(self) -> RunAttempt:
        """The last run attempt."""
        return self.run_attempts[-1]
