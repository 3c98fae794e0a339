"""A repository's environments: the rules that hold a job back, and who let it through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from github import GithubException

from kanmon.github.client import explained, is_missing

if TYPE_CHECKING:
    from kanmon.github.client import Client

_READ = "actions: read"


@dataclass(frozen=True)
class Environment:
    """An environment with its protection rules.

    https://docs.github.com/en/rest/deployments/environments#get-an-environment
    """

    name: str
    reviewers: tuple[str, ...]
    """Logins and team names, of whom one must approve."""
    prevents_self_review: bool
    protected_branches: bool
    """Only branches with branch protection may deploy."""
    patterns: tuple[str, ...] | None
    """Names of branches and, after `tags/`, of tags that may deploy; None when no such list is kept."""
    url: str

    @property
    def open_to_all_branches(self) -> bool:
        """Whether any branch may deploy."""
        return not self.protected_branches and self.patterns is None

    def admits(self, ref: str) -> bool:
        """Whether the list of branches and tags has this ref, such as `refs/heads/main`."""
        name = ref.removeprefix("refs/").removeprefix("heads/")
        return any(_translate(pattern).fullmatch(name) for pattern in self.patterns or ())


@dataclass(frozen=True)
class Review:
    """One reviewer's word on a run.

    https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
    It carries neither a time nor the attempt.
    """

    by: str
    approved: bool
    comment: str


def environment(client: Client, name: str) -> Environment | None:
    """The environment; None when the repository has none of this name. Raises GITHUB_DENIED and the like."""
    with explained(f"reading the environment {name}", permission=_READ):
        path = f"/environments/{quote(name, safe='')}"
        try:
            content = client.get(path)
        except GithubException as error:
            if is_missing(error):
                return None
            raise
        policy = content.get("deployment_branch_policy") or {}
        patterns = None
        if policy.get("custom_branch_policies"):
            listed = client.get(f"{path}/deployment-branch-policies", per_page=100)
            patterns = tuple(_pattern(item) for item in listed["branch_policies"])
    rules = {rule["type"]: rule for rule in content.get("protection_rules") or ()}
    review = rules.get("required_reviewers", {})
    return Environment(
        name=content["name"],
        reviewers=tuple(_reviewer(item["reviewer"]) for item in review.get("reviewers", ())),
        prevents_self_review=bool(review.get("prevent_self_review")),
        protected_branches=bool(policy.get("protected_branches")),
        patterns=patterns,
        url=content.get("html_url", ""),
    )


def branch_is_protected(client: Client, name: str) -> bool:
    """Whether a branch has branch protection."""
    with explained(f"reading the branch {name}", permission="contents: read"):
        return bool(client.get(f"/branches/{quote(name, safe='')}")["protected"])


def reviews(client: Client, run: int, environment_name: str) -> list[Review]:
    """What reviewers said of a run for an environment, in GitHub's order, all attempts together."""
    with explained(f"reading who approved the run {run}", permission=_READ):
        listed = client.get(f"/actions/runs/{run}/approvals")
    return [
        Review(by=item["user"]["login"], approved=item["state"] == "approved", comment=item["comment"] or "")
        for item in listed
        if environment_name.lower() in {part["name"].lower() for part in item["environments"]}
    ]


def _reviewer(reviewer: dict[str, Any]) -> str:
    return str(reviewer.get("login") or reviewer.get("slug") or reviewer.get("name"))


def _pattern(item: dict[str, Any]) -> str:
    return f"tags/{item['name']}" if item.get("type") == "tag" else str(item["name"])


def _translate(pattern: str) -> re.Pattern[str]:
    """GitHub matches as Ruby's fnmatch does: `*` stops at a slash, `**/` doesn't.

    https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    """
    parts = re.split(r"(\*\*/|\*|\?|\[[^]]+\])", pattern)
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(known.get(part) or (part if part[:1] == "[" else re.escape(part)) for part in parts)
    )
