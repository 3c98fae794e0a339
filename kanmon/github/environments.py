"""A repository's environments: their protection rules, and the reviews of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from github import GithubException

from kanmon.github.client import github_errors, not_found
from kanmon.github.runs import Job, jobs
from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.github.client import Client

_READ = "actions: read"
_BUILT_IN = {"required_reviewers", "wait_timer", "branch_policy"}
_WILDCARDS = re.compile(r"\[[^]]+\]|[*?/]")


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
    """The refs allowed to deploy, below `refs/`: `heads/main`, `tags/v*`. None without such a list."""
    other_rules: tuple[str, ...]
    """Enabled rules of other types: GitHub's types, and the apps of custom deployment protection rules."""
    url: str

    @property
    def open_to_all(self) -> bool:
        """Whether any branch, or any tag, may deploy."""
        if self.patterns is None:
            return not self.protected_branches
        return any(map(_names_nothing, self.patterns))

    def admits(self, ref: str) -> bool:
        """Whether the list of branches and tags has this ref, such as `refs/heads/main`."""
        return any(_matches(pattern, ref.removeprefix("refs/")) for pattern in self.patterns or ())


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
        with github_errors(phrase("reading the environment {name}", name=name), permission=_READ):
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
                listed = self.client.items(f"{path}/deployment-branch-policies", "branch_policies")
                patterns = tuple(map(_pattern, listed))
            apps = self._apps(path)
        rules = {rule["type"]: rule for rule in content.get("protection_rules") or ()}
        review = rules.get("required_reviewers", {})
        return Environment(
            name=content["name"],
            reviewers=tuple(_reviewer(item["reviewer"]) for item in review.get("reviewers", ())),
            prevents_self_review=bool(review.get("prevent_self_review")),
            protected_branches=bool(policy.get("protected_branches")),
            patterns=patterns,
            other_rules=(*sorted(rules.keys() - _BUILT_IN), *apps),
            url=content.get("html_url", ""),
        )

    def _apps(self, path: str) -> tuple[str, ...]:
        """The apps of the enabled custom deployment protection rules. An environment doesn't list them.

        https://docs.github.com/en/rest/deployments/protection-rules
        """
        listed = self.client.get(f"{path}/deployment_protection_rules")
        rules = listed.get("custom_deployment_protection_rules") or ()
        return tuple(str(rule["app"]["slug"]) for rule in rules if rule["enabled"])

    def branch_is_protected(self, name: str) -> bool:
        """Whether a branch has branch protection."""
        with github_errors(phrase("reading the branch {name}", name=name), permission="contents: read"):
            return bool(self.client.get(f"/branches/{quote(name, safe='')}")["protected"])

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        """The reviews of a run for an environment, from all its run attempts, in GitHub's order."""
        with github_errors(phrase("reading who approved the run {run}", run=run), permission=_READ):
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
    return f"{'tags' if item.get('type') == 'tag' else 'heads'}/{item['name']}"


def _names_nothing(pattern: str) -> bool:
    """Whether a pattern has only wildcards, such as `heads/*/*`. Anybody can push a branch to match it."""
    return not _WILDCARDS.sub("", pattern.partition("/")[2])


def _matches(pattern: str, ref: str) -> bool:
    """Match a pattern like Ruby's fnmatch, as GitHub does: `*` stops at a slash, `**/` doesn't.

    An invalid character set matches nothing.
    https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    """
    tokens = re.split(r"(\*\*/|\*|\?|\[[^]]+\])", pattern)
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    escaped = (known.get(token) or (token if token[:1] == "[" else re.escape(token)) for token in tokens)
    try:
        return re.fullmatch("".join(escaped), ref) is not None
    except re.error:
        return False
