"""What a release holds: the commits and pull requests since the release that was live before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import explained, is_missing

if TYPE_CHECKING:
    from github.Commit import Commit as GithubCommit

    from kanmon.github.client import Client

MOST = 50
"""Commits that are told one by one: each costs a request for its pull requests."""


@dataclass(frozen=True)
class Commit:
    """A commit that came by no pull request."""

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
    """Newest last."""

    pulls: tuple[PullRequest, ...] = ()
    commits: tuple[Commit, ...] = ()
    more: int = 0
    """Older commits that are not told one by one."""
    url: str = ""
    """The page that compares both."""


def changes_between(client: Client, base: str | None, head: str) -> Changes:
    """The changes from one commit to another; of the first release, its commit alone."""
    with explained(
        f"reading the commits up to {head[:12]}", permission="contents: read, pull-requests: read"
    ):
        try:
            if base is None:
                return _told([client.repository.get_commit(head)], "")
            comparison = client.repository.compare(base, head)
            commits = list(comparison.commits)
        except GithubException as error:
            if is_missing(error):
                return Changes()  # the history was rewritten, or the app was built elsewhere
            raise
        return _told(commits, comparison.html_url)


def _told(commits: list[GithubCommit], url: str) -> Changes:
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
