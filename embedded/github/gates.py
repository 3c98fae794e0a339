"""Holds a job and lets it go: environments, reviews, cancellation.

Every function runs while its caller holds `State.changed`, and notifies it.
https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .deployments import add_status
from .routing import RefusedError
from .state import BOT, Deployment, DeploymentStatus
from .workflows import Approval, Environment, Job, Run, RunAttempt, now

if TYPE_CHECKING:
    from .state import Repository, State

_ENDS = {"success": "success", "failure": "failure", "cancelled": "inactive", "skipped": "inactive"}


@dataclass(frozen=True)
class Gates:
    """The gates of a repository."""

    state: State
    repository: Repository

    def begin(
        self,
        run: Run,
        name: str,
        environment: str | None,
        runner: str = "",
        *,
        deployment: bool = True,
        group: str = "",
    ) -> Job:
        """A job of the latest run attempt wants to run: it begins, or waits. Asking again changes nothing.

        After its success, a job of the same name is another one: of another call of its workflow.
        """
        run_attempt = run.latest
        job = run_attempt.job(name)
        if job is not None and job.conclusion != "success":
            return job
        job = Job(self.state.new_id(), name, environment, group, runner=runner)
        if environment and deployment:
            self._deploy(run, job, self.state.environment(self.repository, environment))
        taken = self._holds(group) and not self.state.approval_first
        run_attempt.jobs.append(job)
        if run_attempt.cancelled or run_attempt.conclusion:
            self._finish(run, job, "cancelled")
        elif taken:
            job.status = "pending"
        else:
            self._come_forward(run, job)
        self._changed(run_attempt)
        return job

    def review(
        self, run: Run, environments: list[Environment], by: str, verdict: str, comment: str
    ) -> list[Deployment]:
        """A reviewer lets the waiting jobs of these environments go on, or ends them."""
        waiting = self.waiting(run)
        if not environments or any(environment.name not in waiting for environment in environments):
            raise RefusedError(
                422, "Validation Failed", "No pending deployment requests to approve or reject"
            )
        if not all(self.may_review(run, environment, by) for environment in environments):
            raise RefusedError(422, "Validation Failed", f"{by} may not review these deployments")
        jobs = [job for environment in environments for job in waiting[environment.name]]
        for environment in environments:
            run.approvals.append(Approval(environment.name, verdict, by, comment))
        for job in jobs:
            if verdict == "approved":
                job.approved = True
                self._start(run, job)
            else:
                job.rejected = True
                self._finish(run, job, "failure")
        self._changed(run.latest)
        return [self.repository.deployments[job.deployment] for job in jobs if job.deployment]

    def waiting(self, run: Run) -> dict[str, list[Job]]:
        """The waiting jobs of a run, by the environment's own name."""
        found: dict[str, list[Job]] = {}
        for job in run.latest.jobs:
            if job.status == "waiting" and job.environment:
                found.setdefault(self.repository.environments[job.environment.lower()].name, []).append(job)
        return found

    def may_review(self, run: Run, environment: Environment, login: str) -> bool:
        """Whether somebody may: a reviewer, but not of a run of their own if the rules prevent it."""
        started = {run.actor, run.latest.actor}
        return login in environment.reviewers and not (environment.prevent_self_review and login in started)

    def cancel(self, run: Run) -> None:
        """End the waiting jobs. The launcher ends the others, and the run."""
        run_attempt = run.latest
        if run_attempt.conclusion:
            raise RefusedError(409, "Cannot cancel a workflow run that is completed.")
        run_attempt.cancelled = True
        for job in run_attempt.jobs:
            if job.gate == "waiting":
                self._finish(run, job, "cancelled")
        if not any(job.status == "in_progress" for job in run_attempt.jobs):
            run_attempt.conclusion = "cancelled"
        self._changed(run_attempt)
        if self.state.on_cancel:
            threading.Thread(target=self.state.on_cancel, args=(run.id,), daemon=True).start()

    def end_job(self, run: Run, name: str, conclusion: str) -> None:
        """A job ended."""
        job = run.latest.job(name)
        assert job is not None, name
        if job.status != "completed":
            self._finish(run, job, conclusion)
        self._changed(run.latest)

    def end_run(self, run: Run, conclusion: str) -> None:
        """The run ended, and all of its jobs with it."""
        run_attempt = run.latest
        conclusion = "cancelled" if run_attempt.cancelled else conclusion
        for job in run_attempt.jobs:
            if job.status != "completed":
                self._finish(run, job, conclusion)
        run_attempt.conclusion = conclusion
        self._changed(run_attempt)

    def _holds(self, group: str, besides: Job | None = None) -> bool:
        """Whether a job has the group, another one than `besides`. `queue: max` drops nobody.

        https://docs.github.com/en/actions/concepts/workflows-and-actions/concurrency
        """
        free = {"pending", "completed"} | ({"waiting"} if self.state.approval_first else set())
        return bool(group) and any(
            job.group == group and job.status not in free and job is not besides
            for run in self.repository.runs.values()
            for job in run.latest.jobs
        )

    def _next_in(self, group: str) -> None:
        pending = [
            (job.id, run, job)
            for run in self.repository.runs.values()
            for job in run.latest.jobs
            if job.group == group and job.status == "pending"
        ]
        if pending and not self._holds(group):
            _, run, job = min(pending, key=lambda one: one[0])
            self._come_forward(run, job)

    def _come_forward(self, run: Run, job: Job) -> None:
        if job.environment is None or job.approved:
            self._start(run, job)
        else:
            self._at_environment(run, job, self.state.environment(self.repository, job.environment))

    def _at_environment(self, run: Run, job: Job, environment: Environment) -> None:
        if not self._admits(environment, run.branch) or (environment.apps and not job.deployment):
            # GitHub fails a job without a deployment at once when an app's rule waits for one.
            job.rejected = True
            self._finish(run, job, "failure")
        elif environment.reviewers:
            job.status = "waiting"
        else:
            self._start(run, job)

    def _admits(self, environment: Environment, branch: str) -> bool:
        if environment.branches == "protected":
            return branch in self.repository.protected_branches
        if environment.branches is None:
            return True
        patterns = (pattern for pattern in environment.branches if not pattern.startswith("tags/"))
        return any(fnmatchcase(branch, pattern) for pattern in patterns)

    def _deploy(self, run: Run, job: Job, environment: Environment) -> None:
        made = Deployment(
            id=self.state.new_id(), sha=run.sha, ref=run.branch, environment=environment.name, by=BOT
        )
        job.deployment = made.id
        self.repository.deployments[made.id] = made

    def _start(self, run: Run, job: Job) -> None:
        if self.state.approval_first and self._holds(job.group, besides=job):
            job.status = "pending"
            return
        job.status, job.started = "in_progress", now()
        job.runner = job.runner or f"local-{job.id}"
        self._show(run, job, "in_progress")

    def _finish(self, run: Run, job: Job, conclusion: str) -> None:
        job.status, job.conclusion, job.completed = "completed", conclusion, now()
        self._show(run, job, _ENDS.get(conclusion, "failure"))
        if job.group:
            self._next_in(job.group)

    def _show(self, run: Run, job: Job, state: str) -> None:
        if job.deployment:
            deployment = self.repository.deployments[job.deployment]
            status = DeploymentStatus(self.state.new_id(), state, BOT)
            add_status(self.state, self.repository, deployment, status)
        run.latest.updated = now()

    def _changed(self, run_attempt: RunAttempt) -> None:
        run_attempt.updated = now()
        self.state.changed.notify_all()
