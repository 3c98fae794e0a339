"""GitHub Deployments of one environment, and their statuses.

https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.github.client import github_errors
from kanmon.language import phrase
from kanmon.text import one_line

if TYPE_CHECKING:
    from github.Deployment import Deployment
    from github.Repository import Repository

_LONGEST = 140
"""The longest description, in characters."""
_PERMISSION = "deployments: write"


@dataclass(frozen=True)
class DeploymentStatus:
    """A deployment's status, with GitHub's own names of states."""

    state: str
    description: str

    def shown_by(self, state: str) -> bool:
        """Whether GitHub shows it already. A success becomes `inactive` after a later success."""
        return state == self.state or (self.state == "success" and state == "inactive")


@dataclass(frozen=True)
class DeploymentRequest:
    """A deployment of a commit, to be created. You find it again by its task, commit and payload."""

    task: str
    commit: str
    description: str
    payload: dict[str, str | int]


@dataclass(frozen=True)
class Deployments:
    """The deployments of one environment. The token needs `deployments: write`."""

    repository: Repository
    environment: str
    url: str
    """The address of the environment."""

    def shows(self, request: DeploymentRequest, status: DeploymentStatus) -> bool:
        """Whether the deployment of this request has this status."""
        with github_errors(
            phrase("reading the deployment {task}", task=request.task), permission=_PERMISSION
        ):
            deployment = self._find(request)
            return deployment is not None and status.shown_by(_state(deployment))

    def show(self, request: DeploymentRequest, status: DeploymentStatus, run: str) -> None:
        """Give the deployment this status. The first call creates it. `run` is the page of its run."""
        with github_errors(
            phrase("writing the deployment {task}", task=request.task), permission=_PERMISSION
        ):
            deployment = self._find(request) or self._create(request)
            deployment.create_status(
                status.state,
                target_url=run,
                description=one_line(status.description, _LONGEST),
                environment_url=self.url,
            )

    def _find(self, request: DeploymentRequest) -> Deployment | None:
        """The newest deployment as an app made it for this request.

        A person can make one with the same task beforehand. Taken for Kanmon's, it would hide an operation.
        """
        found = self.repository.get_deployments(
            sha=request.commit, task=request.task, environment=self.environment
        )
        own = (one for one in found if one.creator.type == "Bot" and self._is(one, request))
        return next(own, None)

    def _is(self, one: Deployment, request: DeploymentRequest) -> bool:
        # A repository's former name leads to the new one, and PyGithub loses the filters on the way.
        wanted = (request.commit, request.task, self.environment.lower(), request.payload)
        return (one.sha, one.task, one.environment.lower(), one.payload) == wanted

    def _create(self, request: DeploymentRequest) -> Deployment:
        return self.repository.create_deployment(
            request.commit,
            task=request.task,
            auto_merge=False,
            required_contexts=[],  # the gate decided already
            payload=request.payload,
            environment=self.environment,
            description=one_line(request.description, _LONGEST),
        )


def _state(deployment: Deployment) -> str:
    newest = next(iter(deployment.get_statuses()), None)
    return newest.state if newest else ""
