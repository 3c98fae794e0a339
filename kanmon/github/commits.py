"""The content of a release: the commits and pull requests since the release live before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import github_errors, not_found
from kanmon.language import phrase

if TYPE_CHECKING:
    from github.Commit import Commit as GithubCommit

    from kanmon.github.client import Client

NO_COMMIT = {404, 422}
"""GitHub's answers for a missing commit: https://docs.github.com/en/rest/commits/commits#get-a-commit"""

MOST = 50
"""The most commits in the list. Each of them costs a request for its pull requests."""


@dataclass(frozen=True)
class Commit:
    """A commit without a pull request."""

    sha: str
    title: str
    author: str
    url: str


@dataclass(frozen=True)
class PullRequest:
    """A merged pull request."""

    number: int
    title: str
    author: str
    url: str


@dataclass(frozen=True)
class Changes:
    """The changes of a release, the newest last."""

    pulls: tuple[PullRequest, ...] = ()
    commits: tuple[Commit, ...] = ()
    more: int = 0
    """How many older commits are not in the list."""
    url: str = ""
    """The page with the comparison of both commits."""


def commit_exists(client: Client, commit: str) -> bool:
    """Whether the repository has a commit. It may be gone if somebody rewrote the history."""
    with github_errors(
        phrase("looking for the commit {commit}", commit=commit[:12]), permission="contents: read"
    ):
        try:
            client.get(f"/commits/{commit}")
        except GithubException as error:
            if error.status in NO_COMMIT:
                return False
            raise
    return True


def changes_between(client: Client, base: str | None, head: str) -> Changes:
    """The changes from `base` to `head`. The first release has no base: then only its own commit."""
    with github_errors(
        phrase("reading the commits up to {head}", head=head[:12]),
        permission="contents: read, pull-requests: read",
    ):
        try:
            if base is None:
                return _changes([client.repository.get_commit(head)], "")
            comparison = client.repository.compare(base, head)
            commits = list(comparison.commits)
        except GithubException as error:
            if not_found(error):
                return Changes()  # the history was rewritten, or the app was built elsewhere
            raise
        return _changes(commits, comparison.html_url)


def _changes(commits: list[GithubCommit], url: str) -> Changes:
    pulls: dict[int, PullRequest] = {}
    alone = []
    for commit in commits[-MOST:]:
        merged = [pull for pull in commit.get_pulls() if pull.merged_at]
        for pull in merged:
            author = pull.user.login if pull.user else ""
            pulls.setdefault(pull.number, PullRequest(pull.number, pull.title, author, pull.html_url))
        if not merged:
            alone.append(_commit(commit))
    return Changes(tuple(pulls.values()), tuple(alone), max(0, len(commits) - MOST), url)


def _commit(commit: GithubCommit) -> Commit:
    title = commit.commit.message.partition("\n")[0]
    author = commit.author.login if commit.author else commit.commit.author.name
    return Commit(commit.sha, title, author or "", commit.html_url)
