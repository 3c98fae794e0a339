"""One comment of a pull request stays up to date (CD-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded.github.state import Comment
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.comments import keep_comment
from tests.fakes.repository import client_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

MARKER = "<!-- kanmon:test -->"


@pytest.fixture
def github(github: LocalGithub) -> LocalGithub:
    """The repository with the pull request 7."""
    github.commit("a" * 40, "Begin", "hanako")
    github.commit("d" * 40, "Work", "hanako", branch=None, parents=["a" * 40])
    github.open_pull(7, "Add goals", "hanako", "d" * 40)
    return github


def _bodies(github: LocalGithub) -> list[str]:
    return [comment.body for comment in github.repository.comments.values()]


def _keep(github: LocalGithub, body: str, permission: str = "write") -> None:
    keep_comment(client_of(github, pull_requests=permission), 7, MARKER, body)


def test_the_first_call_adds_the_comment(github: LocalGithub) -> None:
    _keep(github, "3 passed")
    assert _bodies(github) == [f"{MARKER}\n3 passed"]


def test_a_later_call_changes_the_same_comment(github: LocalGithub) -> None:
    _keep(github, "3 passed")
    _keep(github, "4 passed")
    assert _bodies(github) == [f"{MARKER}\n4 passed"]


def test_a_persons_comment_with_the_marker_stays(github: LocalGithub) -> None:
    """SEC-5: anybody can write the marker. The result would stand under another name then."""
    github.repository.comments[99] = Comment(99, 7, "stranger", f"{MARKER}\nmine")
    _keep(github, "3 passed")
    assert _bodies(github) == [f"{MARKER}\nmine", f"{MARKER}\n3 passed"]


def test_a_missing_permission_is_named(github: LocalGithub) -> None:
    """A run for a fork's pull request has no more."""
    with pytest.raises(KanmonError) as caught:
        _keep(github, "3 passed", "read")
    assert caught.value.code is Code.GITHUB_DENIED
    assert "pull-requests: write" in caught.value.fix
