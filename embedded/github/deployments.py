"""Deployments and their statuses. https://docs.github.com/en/rest/deployments"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .commits import resolve
from .repositories import node_id, user_view
from .routing import Answer, Call, RefusedError, Route, listed, newest, stamp
from .state import BOT, Deployment, DeploymentStatus

if TYPE_CHECKING:
    from .state import Repository, State

_FILTERS = ("sha", "ref", "task", "environment")


def deployment_view(call: Call, deployment: Deployment) -> dict[str, Any]:
    """A deployment."""
    api = f"{call.api}/deployments/{deployment.id}"
    last = deployment.statuses[-1].created if deployment.statuses else deployment.created
    return {
        "id": deployment.id,
        "node_id": node_id("Deployment", deployment.id),
        "url": api,
        "statuses_url": f"{api}/statuses",
        "repository_url": call.api,
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "environment": deployment.environment,
        "original_environment": deployment.environment,
        "description": deployment.description,
        "creator": user_view(call, deployment.by),
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "created_at": stamp(deployment.created),
        "updated_at": stamp(last),
    }


def status_view(call: Call, deployment: Deployment, status: DeploymentStatus) -> dict[str, Any]:
    """A deployment's status."""
    api = f"{call.api}/deployments/{deployment.id}"
    return {
        "id": status.id,
        "node_id": node_id("DeploymentStatus", status.id),
        "url": f"{api}/statuses/{status.id}",
        "deployment_url": api,
        "repository_url": call.api,
        "state": status.state,
        "creator": user_view(call, status.by),
        "description": status.description,
        "environment": deployment.environment,
        "environment_url": status.environment_url,
        "log_url": status.log_url,
        "target_url": status.log_url,
        "created_at": stamp(status.created),
        "updated_at": stamp(status.created),
    }


def add_status(
    state: State,
    repository: Repository,
    deployment: Deployment,
    status: DeploymentStatus,
    *,
    auto_inactive: bool = True,
) -> None:
    """Append a status. A success ends the older successes of the same, lasting environment.

    GitHub's page names only environments other than production; GitHub does it there too.
    https://docs.github.com/en/rest/deployments/statuses#inactive-deployments
    """
    deployment.statuses.append(status)
    if status.state != "success" or not auto_inactive:
        return
    for older in repository.deployments.values():
        same = older.environment.lower() == deployment.environment.lower()
        if same and older.id < deployment.id and older.state == "success" and not older.transient:
            older.statuses.append(DeploymentStatus(state.new_id(), "inactive", BOT))


def create_deployment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/deployments#create-a-deployment

    `auto_merge` has nothing to merge and commit statuses are not played, so neither refuses a deployment.
    """
    wanted = call.body
    commit = resolve(call.repository, wanted["ref"])
    if commit is None:
        raise RefusedError(422, f"No ref found for: {wanted['ref']}")
    environment = wanted.get("environment", "production")
    call.state.environment(call.repository, environment)
    deployment = Deployment(
        id=call.state.new_id(),
        sha=commit.sha,
        ref=wanted["ref"],
        environment=environment,
        by=call.actor,
        task=wanted.get("task", "deploy"),
        payload=wanted.get("payload", {}),
        description=wanted.get("description"),
        transient=wanted.get("transient_environment", False),
        production=wanted.get("production_environment", environment == "production"),
    )
    call.repository.deployments[deployment.id] = deployment
    return Answer(deployment_view(call, deployment), 201)


def list_deployments(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/deployments#list-deployments"""
    wanted = {name: call.query[name] for name in _FILTERS if name in call.query}
    matching = [
        deployment
        for deployment in newest(call.repository.deployments)
        if all(getattr(deployment, name) == value for name, value in wanted.items())
    ]
    return listed(call, matching, lambda deployment: deployment_view(call, deployment))


def get_deployment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/deployments#get-a-deployment"""
    return Answer(deployment_view(call, call.find(call.repository.deployments, "deployment_id")))


def create_status(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status"""
    deployment, wanted = call.find(call.repository.deployments, "deployment_id"), call.body
    deployment.environment = wanted.get("environment", deployment.environment)
    status = DeploymentStatus(
        id=call.state.new_id(),
        state=wanted["state"],
        by=call.actor,
        description=wanted.get("description", ""),
        environment_url=wanted.get("environment_url", ""),
        log_url=wanted.get("log_url") or wanted.get("target_url", ""),
    )
    automatic = wanted.get("auto_inactive", True)
    add_status(call.state, call.repository, deployment, status, auto_inactive=automatic)
    return Answer(status_view(call, deployment, status), 201)


def list_statuses(call: Call) -> Answer:
    """The newest first. https://docs.github.com/en/rest/deployments/statuses#list-deployment-statuses"""
    deployment = call.find(call.repository.deployments, "deployment_id")
    return listed(call, deployment.statuses[::-1], lambda status: status_view(call, deployment, status))


_ONE = "/deployments/{deployment_id}"
ROUTES = (
    Route("GET", "/deployments", "deployments: read", list_deployments, " ".join(_FILTERS)),
    Route("POST", "/deployments", "deployments: write", create_deployment),
    Route("GET", _ONE, "deployments: read", get_deployment),
    Route("GET", f"{_ONE}/statuses", "deployments: read", list_statuses),
    Route("POST", f"{_ONE}/statuses", "deployments: write", create_status),
)
