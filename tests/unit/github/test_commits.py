"""The content of a release: pull requests and the other commits since the one before (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.github.commits import MOST, Changes, changes_between, commit_exists
from tests.fakes.repository import client_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub
    from kanmon.github.client import Client

FIRST, SECOND = "a" * 40, "b" * 40


@pytest.fixture
def client(github: LocalGithub) -> Client:
    github.commit(FIRST, "Begin", "hanako")
    github.commit(SECOND, "Add goals\n\nMore.", "hanako")
    return client_of(github, contents="read", pull_requests="read")


def test_a_commit_exists_or_not(client: Client) -> None:
    assert commit_exists(client, FIRST)
    assert not commit_exists(client, "e" * 40)


def test_a_commit_has_its_first_line_and_its_author(client: Client) -> None:
    [commit] = changes_between(client, FIRST, SECOND).commits
    assert commit.sha == SECOND
    assert commit.title == "Add goals"
    assert commit.author == "hanako"


def test_the_first_release_has_its_own_commit_alone(client: Client) -> None:
    assert [commit.sha for commit in changes_between(client, None, FIRST).commits] == [FIRST]


def test_a_merged_pull_request_replaces_its_commits(github: LocalGithub, client: Client) -> None:
    github.commit("d" * 40, "Work", "kim", branch=None, parents=[SECOND])
    github.open_pull(7, "Draw the chart", "kim", "d" * 40)
    changes = changes_between(client, SECOND, github.merge_pull(7, "hanako"))
    assert [(pull.number, pull.title, pull.author) for pull in changes.pulls] == [
        (7, "Draw the chart", "kim")
    ]
    assert changes.commits == ()


def test_older_commits_are_counted_only(github: LocalGithub, client: Client) -> None:
    last = SECOND
    for number in range(MOST + 2):
        last = f"{number:040x}"
        github.commit(last, "More", "hanako")
    changes = changes_between(client, SECOND, last)
    assert len(changes.commits) == MOST
    assert changes.more == 2


def test_a_rewritten_history_has_no_changes(client: Client) -> None:
    assert changes_between(client, "e" * 40, SECOND) == Changes()
