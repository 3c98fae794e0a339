"""A repository's environments: their protection rules, and the reviews of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from github import GithubException

from kanmon.github.client import github_errors, not_found
from kanmon.github.runs import Job, jobs

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
    """Logins and team names. One of them must approve."""
    prevents_self_review: bool
    protected_branches: bool
    """Only branches with branch protection may deploy."""
    patterns: tuple[str, ...] | None
    """Names of branches, and after `tags/` of tags, allowed to deploy. None without such a list."""
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
    """One reviewer's decision about a run.

    https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
    It has no time and no run attempt.
    """

    by: str
    approved: bool


@dataclass(frozen=True)
class GithubRules:
    """A repository's rules for the jobs of its environments.

    The token needs `actions: read`, and `contents: read` for branches.
    """

    client: Client

    def environment(self, name: str) -> Environment | None:
        """The environment, or None without one of this name. Raises GitHub's errors as KanmonError."""
        with github_errors(f"reading the environment {name}", permission=_READ):
            path = f"/environments/{quote(name, safe='')}"
            try:
                content = self.client.get(path)
            except GithubException as error:
                if not_found(error):
                    return None
                raise
            policy = content.get("deployment_branch_policy") or {}
            patterns = None
            if policy.get("custom_branch_policies"):
                listed = self.client.get(f"{path}/deployment-branch-policies", per_page=100)
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

    def branch_is_protected(self, name: str) -> bool:
        """Whether a branch has branch protection."""
        with github_errors(f"reading the branch {name}", permission="contents: read"):
            return bool(self.client.get(f"/branches/{quote(name, safe='')}")["protected"])

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        """The reviews of a run for an environment, from all its run attempts, in GitHub's order."""
        with github_errors(f"reading who approved the run {run}", permission=_READ):
            listed = self.client.get(f"/actions/runs/{run}/approvals")
        return [
            Review(by=item["user"]["login"], approved=item["state"] == "approved")
            for item in listed
            if environment_name.lower() in {one["name"].lower() for one in item["environments"]}
        ]

    def jobs(self, run: int, attempt: int) -> list[Job]:
        """The jobs of one run attempt."""
        return jobs(self.client, run, attempt)


def _reviewer(reviewer: dict[str, Any]) -> str:
    return str(reviewer.get("login") or reviewer.get("slug") or reviewer.get("name"))


def _pattern(item: dict[str, Any]) -> str:
    return f"tags/{item['name']}" if item.get("type") == "tag" else str(item["name"])


def _translate(pattern: str) -> re.Pattern[str]:
    """Translate a pattern. GitHub matches like Ruby's fnmatch: `*` stops at a slash, `**/` doesn't.

    https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    """
    tokens = re.split(r"(\*\*/|\*|\?|\[[^]]+\])", pattern)
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(known.get(token) or (token if token[:1] == "[" else re.escape(token)) for token in tokens)
    )
