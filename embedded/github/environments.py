"""Environments and their protection rules. https://docs.github.com/en/rest/deployments/environments"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .repositories import node_id, user_view
from .routing import Answer, Call, RefusedError, Route, found, listed, stamp
from .workflows import now

if TYPE_CHECKING:
    from .workflows import Environment


def environment_link(call: Call, environment: Environment) -> dict[str, Any]:
    """An environment as approvals and pending deployments name it."""
    return {
        "id": environment.id,
        "node_id": node_id("Environment", environment.id),
        "name": environment.name,
        "url": f"{call.api}/environments/{quote(environment.name, safe='')}",
        "html_url": f"{call.page}/deployments/activity_log?environments_filter={quote(environment.name)}",
    }


def reviewers_view(call: Call, environment: Environment) -> list[dict[str, Any]]:
    """Its reviewers: always users here, never teams."""
    return [{"type": "User", "reviewer": user_view(call, login)} for login in environment.reviewers]


def environment_view(call: Call, environment: Environment) -> dict[str, Any]:
    """An environment with its rules; one without any has an empty list."""
    return {
        **environment_link(call, environment),
        "created_at": stamp(environment.created),
        "updated_at": stamp(environment.updated),
        "protection_rules": _rules(call, environment),
        "deployment_branch_policy": None
        if environment.branches is None
        else {
            "protected_branches": environment.branches == "protected",
            "custom_branch_policies": environment.branches != "protected",
        },
    }


def _rules(call: Call, environment: Environment) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if environment.wait_timer:
        rules.append({"type": "wait_timer", "wait_timer": environment.wait_timer})
    if environment.reviewers:
        rules.append(
            {
                "type": "required_reviewers",
                "prevent_self_review": environment.prevent_self_review,
                "reviewers": reviewers_view(call, environment),
            }
        )
    if environment.branches is not None:
        rules.append({"type": "branch_policy"})
    numbered = enumerate(rules, environment.id * 10)
    return [{"id": number, "node_id": node_id("Gate", number), **rule} for number, rule in numbered]


def _named(call: Call) -> Environment:
    return found(call.repository.environments.get(call.path["environment_name"].lower()))


def get_environment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/environments#get-an-environment"""
    return Answer(environment_view(call, _named(call)))


def put_environment(call: Call) -> Answer:
    """A value outside the body is removed, reviewers included.

    https://docs.github.com/en/rest/deployments/environments#create-or-update-an-environment
    """
    wanted = call.body or {}
    policy = wanted.get("deployment_branch_policy")
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise RefusedError(422, "Protected branches and custom branch policies can't be the same.")
    logins = {number: login for login, number in call.state.users.items()}
    named = wanted.get("reviewers") or []
    if any(item.get("type") != "User" or item.get("id") not in logins for item in named):
        raise RefusedError(422, "Validation Failed", "A reviewer is no user of this repository.")
    environment = call.state.environment(call.repository, call.path["environment_name"])
    environment.reviewers = [logins[item["id"]] for item in named]
    environment.prevent_self_review = bool(wanted.get("prevent_self_review"))
    environment.wait_timer = wanted.get("wait_timer", 0)
    environment.branches = _branches(policy, environment.branches)
    environment.updated = now()
    return Answer(environment_view(call, environment))


def _branches(policy: dict[str, bool] | None, before: list[str] | str | None) -> list[str] | str | None:
    if not policy:
        return None
    if policy["protected_branches"]:
        return "protected"
    return before if isinstance(before, list) else []


def list_branch_policies(call: Call) -> Answer:
    """https://docs.github.com/en/rest/deployments/branch-policies#list-deployment-branch-policies"""
    environment = _named(call)
    names = environment.branches if isinstance(environment.branches, list) else []
    policies = [
        {
            "id": number,
            "node_id": node_id("Policy", number),
            "name": name.removeprefix("tags/"),
            "type": "tag" if name.startswith("tags/") else "branch",
        }
        for number, name in enumerate(names, environment.id * 100)
    ]
    return listed(call, policies, lambda policy: policy, "branch_policies")


def list_protection_rules(call: Call) -> Answer:
    """Those of apps only.

    https://docs.github.com/en/rest/deployments/protection-rules#get-all-deployment-protection-rules-for-an-environment
    """
    environment = _named(call)
    rules = [
        {
            "id": number,
            "node_id": node_id("Gate", number),
            "enabled": True,
            "app": {
                "id": number,
                "node_id": node_id("App", number),
                "slug": app,
                "integration_url": f"{call.base}/apps/{app}",
            },
        }
        for number, app in enumerate(environment.apps, environment.id * 10)
    ]
    return Answer({"total_count": len(rules), "custom_deployment_protection_rules": rules})


_PATH = "/environments/{environment_name}"
ROUTES = (
    Route("GET", _PATH, "actions: read", get_environment),
    Route("PUT", _PATH, "administration: write", put_environment),
    Route("GET", f"{_PATH}/deployment-branch-policies", "actions: read", list_branch_policies),
    Route("GET", f"{_PATH}/deployment_protection_rules", "actions: read", list_protection_rules),
)
