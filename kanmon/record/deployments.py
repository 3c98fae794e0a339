"""One GitHub Deployment for each attempt, whose statuses say what the ledger says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.github.client import explained
from kanmon.ledger import Result

if TYPE_CHECKING:
    from github.Deployment import Deployment
    from github.Repository import Repository

    from kanmon.ledger import Attempt

_LONGEST = 140
"""Characters of a description."""
_PERMISSION = "deployments: write"


@dataclass(frozen=True)
class Status:
    """A deployment's status, in GitHub's words.

    https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status
    """

    state: str
    description: str

    def told_by(self, state: str) -> bool:
        """GitHub says so already; it turns a success into `inactive` when a later one succeeds."""
        return state == self.state or (self.state == "success" and state == "inactive")


def status_of(attempt: Attempt) -> Status:
    """What is to be said of an attempt."""
    why = f": {attempt.failure.code} {attempt.failure.message}" if attempt.failure else ""
    match attempt.result:
        case None:
            note = attempt.transitions[-1].note if attempt.transitions else ""
            return Status("in_progress", _cut(note or attempt.state.value))
        case Result.STABLE | Result.UNCHANGED:
            return Status("success", f"{attempt.release} is stable")
        case Result.ROLLED_BACK if attempt.kind == "rollback":
            return Status("success", f"{attempt.base} was taken back; users are on {attempt.release}")
        case Result.ROLLED_BACK:
            return Status("failure", _cut(f"{attempt.release} was rolled back{why}"))
        case Result.HELD:
            return Status("error", _cut(f"held, a person has to decide{why}"))
        case Result.ABORTED:
            return Status("failure", _cut(f"given up before any user saw it{why}"))
        case Result.FAILED:
            return Status("failure", _cut(f"failed{why}"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


@dataclass(frozen=True)
class Deployments:
    """The deployments of one environment. The token needs `deployments: write`."""

    repository: Repository
    environment: str
    url: str
    """Where the environment is to be seen."""

    def told(self, attempt: Attempt) -> bool:
        """GitHub says of this attempt what the ledger says."""
        with explained(f"reading the deployment of the attempt {attempt.number}", permission=_PERMISSION):
            deployment = self._find(attempt)
            return deployment is not None and status_of(attempt).told_by(_state(deployment))

    def tell(self, attempt: Attempt, commit: str) -> None:
        """Say how an attempt to release `commit` stands; the deployment is created the first time."""
        status = status_of(attempt)
        with explained(f"writing the deployment of the attempt {attempt.number}", permission=_PERMISSION):
            deployment = self._find(attempt) or self._create(attempt, commit)
            deployment.create_status(
                status.state,
                target_url=attempt.run,
                description=status.description,
                environment_url=self.url,
            )

    def _find(self, attempt: Attempt) -> Deployment | None:
        found = self.repository.get_deployments(environment=self.environment, task=_task(attempt))
        return next(iter(found), None)

    def _create(self, attempt: Attempt, commit: str) -> Deployment:
        return self.repository.create_deployment(
            commit,
            task=_task(attempt),
            auto_merge=False,
            required_contexts=[],  # the gate decided already
            payload={"attempt": attempt.number, "release": attempt.release},
            environment=self.environment,
            description=_cut(f"{attempt.kind} of {attempt.release} by {attempt.actor}"),
        )


def _task(attempt: Attempt) -> str:
    """By this a deployment is found again; GitHub's own example of a task is `deploy:migrations`."""
    return f"{attempt.kind}:{attempt.number}"


def _state(deployment: Deployment) -> str:
    newest = next(iter(deployment.get_statuses()), None)
    return newest.state if newest else ""
