"""The gate: GitHub's environment must hold the job back, and somebody must have let this run through (CD-3).

Both are read over the API and everything that can't be known counts against the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from kanmon.errors import Code, KanmonError
from kanmon.github.environments import branch_is_protected, environment, reviews
from kanmon.github.runs import jobs
from kanmon.ledger import Approval

if TYPE_CHECKING:
    from kanmon.approval.terminal import Approvable
    from kanmon.github import WorkflowRun
    from kanmon.github.client import Client
    from kanmon.github.environments import Environment, Review
    from kanmon.github.runs import Job


class Facts(Protocol):
    """What the gate has to know of GitHub."""

    def environment(self, name: str) -> Environment | None:
        """The environment with its rules; None when there is none."""

    def branch_is_protected(self, name: str) -> bool:
        """Whether a branch has branch protection."""

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        """What reviewers said of a run, all attempts together."""

    def jobs(self, run: int, attempt: int) -> list[Job]:
        """The jobs of one attempt."""


@dataclass(frozen=True)
class GithubFacts:
    """The facts as the API tells them; the token needs `actions: read`, and `contents: read` for branches."""

    client: Client

    def environment(self, name: str) -> Environment | None:
        """See :func:`kanmon.github.environments.environment`."""
        return environment(self.client, name)

    def branch_is_protected(self, name: str) -> bool:
        """See :func:`kanmon.github.environments.branch_is_protected`."""
        return branch_is_protected(self.client, name)

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        """See :func:`kanmon.github.environments.reviews`."""
        return reviews(self.client, run, environment_name)

    def jobs(self, run: int, attempt: int) -> list[Job]:
        """See :func:`kanmon.github.runs.jobs`."""
        return jobs(self.client, run, attempt)


@dataclass(frozen=True)
class Gate:
    """The gate of one environment for one run."""

    facts: Facts
    run: WorkflowRun
    environment: str
    prevent_self_review: bool
    """Nobody may approve what they started: asked of the environment's rules and of the approval."""

    def verify_rules(self) -> Environment:
        """Make sure that the environment would hold a job of this run back.

        To be called first in a job that doesn't name the environment: naming a missing one creates it, with
        no protection at all. Raises ENVIRONMENT_MISSING, REVIEWERS_MISSING, BRANCHES_OPEN, BRANCH_REFUSED,
        SELF_REVIEW_ALLOWED, and what GitHub's refusals become.
        https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
        """
        found = self.facts.environment(self.environment)
        where = f"{self.run.repository}, environment {self.environment}"
        if found is None:
            told = f"The repository has no environment {self.environment} that this token can see."
            raise KanmonError(Code.ENVIRONMENT_MISSING, told, where=where)
        where = found.url or where
        if not found.reviewers:
            told = f"The environment {self.environment} has no required reviewers."
            raise KanmonError(Code.REVIEWERS_MISSING, told, where=where)
        if found.open_to_all_branches:
            told = f"Any branch may deploy to {self.environment}."
            raise KanmonError(Code.BRANCHES_OPEN, told, where=where)
        if not self._admits(found):
            raise KanmonError(
                Code.BRANCH_REFUSED, f"{self.run.ref} may not deploy to {self.environment}.", where=where
            )
        if self.prevent_self_review and not found.prevents_self_review:
            told = f"{self.environment} lets people approve what they started."
            raise KanmonError(Code.SELF_REVIEW_ALLOWED, told, where=where)
        return found

    def approval(self) -> Review:
        """Who let this attempt of the run through; to be called inside the gated job.

        Raises RUN_NOT_APPROVED, APPROVAL_TOO_OLD, APPROVED_BY_ACTOR, and what `verify_rules` raises.
        """
        self.verify_rules()
        approved = [review for review in self.facts.reviews(self.run.id, self.environment) if review.approved]
        if not approved:
            told = f"No reviewer of {self.environment} approved this run."
            raise KanmonError(Code.RUN_NOT_APPROVED, told, where=self.run.url)
        used = self._approvals_used()
        if len(approved) <= used:
            told = (
                f"The run has {len(approved)} approvals, of which its earlier attempts used {used}; "
                f"attempt {self.run.attempt} has none."
            )
            raise KanmonError(Code.APPROVAL_TOO_OLD, told, where=self.run.url)
        if self.prevent_self_review:
            self._refuse_own(approved)
        return approved[0]

    def _admits(self, found: Environment) -> bool:
        if found.protected_branches:
            return self.run.branch is not None and self.facts.branch_is_protected(self.run.branch)
        return found.admits(self.run.ref)

    def _refuse_own(self, approved: list[Review]) -> None:
        """Reviews don't say of which attempt they are, so none of them may be an actor's own."""
        actors = {self.run.actor.lower(), self.run.triggering_actor.lower()}
        own = next((review.by for review in approved if review.by.lower() in actors), None)
        if own:
            raise KanmonError(
                Code.APPROVED_BY_ACTOR, f"{own} started this run and approved it.", where=self.run.url
            )

    def _approvals_used(self) -> int:
        """How many approvals the earlier attempts took: one for each that this same job ran in.

        GitHub doesn't say to which attempt an approval belongs. Where this job can't be found among the
        attempt's jobs, every earlier attempt counts.
        """
        earlier = range(1, self.run.attempt)
        if not earlier:
            return 0
        name = self._own_job()
        if name is None:
            return len(earlier)
        ran = {
            job.id
            for attempt in earlier
            for job in self.facts.jobs(self.run.id, attempt)
            if job.name == name and job.runner
        }
        return len(ran)

    def _own_job(self) -> str | None:
        """The present job's name: it is the one that this runner works on."""
        running = {
            job.name
            for job in self.facts.jobs(self.run.id, self.run.attempt)
            if job.runner == self.run.runner and job.status == "in_progress"
        }
        return running.pop() if len(running) == 1 else None


@dataclass(frozen=True)
class GateApproval:
    """Lets a plan through when GitHub's reviewers let this run through."""

    gate: Gate

    def approve(self, what: Approvable) -> Approval:
        """Get the approval. Raises what :meth:`Gate.approval` raises."""
        review = self.gate.approval()
        how = f"environment {self.gate.environment}, {self.gate.run.url}"
        return Approval(by=review.by, how=how, digest=what.digest, at=datetime.now(UTC))
