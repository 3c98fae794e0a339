"""The gate: GitHub's environment must hold the job back until a reviewer approves the run (CD-3).

Kanmon reads the rules and the reviews from GitHub's API. An unknown fact counts against the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Approval

if TYPE_CHECKING:
    from kanmon.approval.prompt import Approvable
    from kanmon.clock import Clock
    from kanmon.github.environments import Environment, Review
    from kanmon.github.runs import Job
    from kanmon.github.workflow_run import WorkflowRun


class Rules(Protocol):
    """The gate's questions to GitHub. See :class:`kanmon.github.environments.GithubRules`."""

    def environment(self, name: str) -> Environment | None:
        """The environment with its rules. None when it is missing."""

    def branch_is_protected(self, name: str) -> bool:
        """Whether a branch has branch protection."""

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        """The reviews of a run, from all its run attempts."""

    def jobs(self, run: int, attempt: int) -> list[Job]:
        """The jobs of one run attempt."""


@dataclass(frozen=True)
class Gate:
    """The gate of one environment for one run."""

    rules: Rules
    run: WorkflowRun
    environment: str
    prevent_self_review: bool
    """Nobody may approve their own run. The environment's rules and the approval must both meet this."""
    needs_reviewers: bool = True
    """The environment must have required reviewers."""

    def verify_rules(self) -> Environment:
        """Make sure the environment holds back a job of this run.

        Call it first in a job without this environment: if a job names a missing environment, GitHub creates
        it, without any protection. Raises ENVIRONMENT_MISSING, REVIEWERS_MISSING, RULE_NOT_SUPPORTED,
        BRANCHES_OPEN, BRANCH_REFUSED, SELF_REVIEW_ALLOWED, and GitHub's refusals as KanmonError.
        https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
        """
        found = self.rules.environment(self.environment)
        name = self.environment
        where = phrase("{repository}, environment {name}", repository=self.run.repository, name=name)
        if found is None:
            message = phrase("This token sees no environment {name} in the repository.", name=name)
            raise KanmonError(Code.ENVIRONMENT_MISSING, message, where=where)
        where = found.url or where
        if self.needs_reviewers and not found.reviewers:
            message = phrase("The environment {name} has no required reviewers.", name=name)
            raise KanmonError(Code.REVIEWERS_MISSING, message, where=where)
        if found.other_rules:
            # The gated job has `deployment: false`, because Kanmon writes the deployment. GitHub fails such a
            # job at once if an app's rule waits for a deployment.
            rules = ", ".join(found.other_rules)
            message = phrase("{name} has another protection rule: {rules}.", name=name, rules=rules)
            raise KanmonError(Code.RULE_NOT_SUPPORTED, message, where=where)
        if found.open_to_all:
            message = phrase("Any branch or any tag may deploy to {name}.", name=name)
            raise KanmonError(Code.BRANCHES_OPEN, message, where=where)
        if not self._admits(found):
            message = phrase("{ref} may not deploy to {name}.", ref=self.run.ref, name=name)
            raise KanmonError(Code.BRANCH_REFUSED, message, where=where)
        if self.prevent_self_review and not found.prevents_self_review:
            message = phrase("{name} lets people approve their own runs.", name=name)
            raise KanmonError(Code.SELF_REVIEW_ALLOWED, message, where=where)
        return found

    def approvers(self) -> tuple[str, ...]:
        """Who approved this run attempt; nobody where no review is needed. Call it inside the gated job.

        GitHub shows no run attempt of a review. After reviews of several people in several run attempts, all
        of them are here: one of them approved this one. Raises RUN_NOT_APPROVED, APPROVAL_TOO_OLD,
        APPROVED_BY_ACTOR, and the errors of `verify_rules`.
        """
        if not self.verify_rules().reviewers:
            return ()
        approved = [review for review in self.rules.reviews(self.run.id, self.environment) if review.approved]
        if not approved:
            message = phrase("No reviewer of {name} approved this run.", name=self.environment)
            raise KanmonError(Code.RUN_NOT_APPROVED, message, where=self.run.url)
        used = self._approvals_used()
        if len(approved) <= used:
            message = phrase(
                "It is not certain that attempt {attempt} of this run was approved: the run has {approvals} "
                "approvals, and its earlier attempts may have used {used}.",
                attempt=self.run.attempt,
                approvals=len(approved),
                used=used,
            )
            raise KanmonError(Code.APPROVAL_TOO_OLD, message, where=self.run.url)
        if self.prevent_self_review:
            self._refuse_own(approved)
        return tuple(dict.fromkeys(review.by for review in approved))

    def approved_by(self) -> str:
        """The names of :meth:`approvers` for people. Raises its errors."""
        return phrase(" or ").join(self.approvers()) or phrase("nobody (no reviewers)")

    def _admits(self, found: Environment) -> bool:
        if found.protected_branches:
            return self.run.branch is not None and self.rules.branch_is_protected(self.run.branch)
        return found.admits(self.run.ref)

    def _refuse_own(self, approved: list[Review]) -> None:
        """A review doesn't name its run attempt. So an actor's own review in any run attempt is refused."""
        actors = {self.run.actor.lower(), self.run.triggering_actor.lower()}
        own = next((review.by for review in approved if review.by.lower() in actors), None)
        if own:
            message = phrase("{person} started this run and approved it.", person=own)
            raise KanmonError(Code.APPROVED_BY_ACTOR, message, where=self.run.url)

    def _approvals_used(self) -> int:
        """The most approvals that earlier run attempts can have used: one for each time of this job.

        GitHub doesn't show the run attempt of an approval. So a job counts without having run, too: somebody
        may have approved it before its run attempt was cancelled. If this job is not found among the present
        run attempt's jobs, every earlier run attempt counts.
        """
        earlier = range(1, self.run.attempt)
        if not earlier:
            return 0
        name = self._own_job()
        if name is None:
            return len(earlier)
        asked = {
            job.id
            for attempt in earlier
            for job in self.rules.jobs(self.run.id, attempt)
            if job.name == name and not job.skipped
        }
        return len(asked)

    def _own_job(self) -> str | None:
        """The present job's name: the only job in progress on this runner."""
        running = {
            job.name
            for job in self.rules.jobs(self.run.id, self.run.attempt)
            if job.runner == self.run.runner and job.status == "in_progress"
        }
        return running.pop() if len(running) == 1 else None


@dataclass(frozen=True)
class GateApproval:
    """Approves a plan if GitHub's reviewers approved this run."""

    gate: Gate
    clock: Clock

    def approve(self, what: Approvable) -> Approval:
        """Get the approval. Raises the errors of :meth:`Gate.approvers`."""
        name, run = self.gate.environment, self.gate.run.url
        how = phrase("environment {name}, {run}", name=name, run=run)
        return Approval(by=self.gate.approved_by(), how=how, digest=what.digest, at=self.clock.now())
