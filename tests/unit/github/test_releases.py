"""GitHub Releases: created with their tag, and renamed by a rollback (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.client import Client
from kanmon.github.releases import GithubReleases
from tests.fakes.repository import client_of, run_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

COMMIT, TAG = "c" * 40, "test-r1"


@pytest.fixture
def releases(github: LocalGithub) -> GithubReleases:
    github.commit(COMMIT, "Add goals", "hanako")
    github.commit("d" * 40, "Draw the chart", "hanako")
    return GithubReleases(client_of(github, contents="write").repository)


def _create(releases: GithubReleases, tag: str = TAG) -> None:
    releases.create(tag, "test r1", "- Add goals", commit=COMMIT, latest=True)


def test_a_release_is_created_with_its_tag(github: LocalGithub, releases: GithubReleases) -> None:
    _create(releases)
    [made] = github.repository.releases.values()
    assert made.name == "test r1"
    assert made.body == "- Add goals"
    assert github.repository.tags == {TAG: COMMIT}


def test_only_a_created_release_exists(releases: GithubReleases) -> None:
    _create(releases)
    assert releases.exists(TAG)
    assert not releases.exists("test-r2")


def test_a_rename_keeps_the_notes(github: LocalGithub, releases: GithubReleases) -> None:
    _create(releases)
    releases.rename(TAG, "test r1 (rolled back)", latest=False)
    [made] = github.repository.releases.values()
    assert made.name == "test r1 (rolled back)"
    assert made.body == "- Add goals"


def test_a_missing_release_is_not_renamed(github: LocalGithub, releases: GithubReleases) -> None:
    """A run died before it wrote to GitHub."""
    releases.rename(TAG, "test r1 (rolled back)", latest=False)
    assert github.repository.releases == {}


def test_a_second_release_with_the_tag_is_an_error(releases: GithubReleases) -> None:
    _create(releases)
    with pytest.raises(KanmonError, match=TAG) as caught:
        _create(releases)
    assert caught.value.code is Code.GITHUB_FAILED


def test_a_missing_permission_is_named(github: LocalGithub) -> None:
    github.commit(COMMIT, "Add goals", "hanako")
    with pytest.raises(KanmonError) as caught:
        _create(GithubReleases(client_of(github, contents="read").repository))
    assert caught.value.code is Code.GITHUB_DENIED
    assert "contents: write" in caught.value.fix


def test_a_release_made_by_a_person_is_foreign(github: LocalGithub, releases: GithubReleases) -> None:
    """Made beforehand, it would stand for Kanmon's own, with the notes of its author (TRU-4)."""
    client = Client(run_of(github), github.token({"contents": "write"}, "mallory"))
    _create(GithubReleases(client.repository))
    assert releases.is_foreign(TAG, COMMIT)
    releases.rename(TAG, "test r1 (rolled back)", latest=False)
    assert [made.name for made in github.repository.releases.values()] == ["test r1"]


def test_a_tag_at_another_commit_is_foreign(github: LocalGithub, releases: GithubReleases) -> None:
    """GitHub would attach the Release to it (TRU-4)."""
    github.repository.tags[TAG] = "d" * 40
    assert releases.is_foreign(TAG, COMMIT)


def test_a_tag_at_the_commit_is_not_foreign(github: LocalGithub, releases: GithubReleases) -> None:
    assert not releases.is_foreign(TAG, COMMIT)
    github.repository.tags[TAG] = COMMIT
    assert not releases.is_foreign(TAG, COMMIT)
    _create(releases)
    assert not releases.is_foreign(TAG, COMMIT)
