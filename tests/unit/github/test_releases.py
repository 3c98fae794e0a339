"""GitHub Releases: created with their tag, and renamed by a rollback (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.client import Client
from kanmon.github.releases import GithubReleases, ReleasePage
from tests.fakes.repository import client_of, run_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

COMMIT, TAG = "c" * 40, "test-r1"


@pytest.fixture
def releases(github: LocalGithub) -> GithubReleases:
    github.commit(COMMIT, "Add goals", "hanako")
    github.commit("d" * 40, "Draw the chart", "hanako")
    return GithubReleases(client_of(github, contents="write").repository)


def _page(title: str = "test r1", tag: str = TAG) -> ReleasePage:
    return ReleasePage(tag, COMMIT, title, latest=True)


def _notes() -> str:
    return "- Add goals"


def test_a_release_is_created_with_its_tag(github: LocalGithub, releases: GithubReleases) -> None:
    assert releases.publish(_page(), _notes)
    [made] = github.repository.releases.values()
    assert made.name == "test r1"
    assert made.body == "- Add goals"
    assert github.repository.tags == {TAG: COMMIT}


def test_a_release_is_created_once(github: LocalGithub, releases: GithubReleases) -> None:
    releases.publish(_page(), _notes)
    assert not releases.publish(_page(), _notes)
    assert len(github.repository.releases) == 1


def test_a_release_is_made_from_a_tag_of_an_earlier_run(
    github: LocalGithub, releases: GithubReleases
) -> None:
    """The run died in between. Other workflow files since then don't matter: the tag is there."""
    github.repository.tags[TAG] = COMMIT
    github.commit("e" * 40, "Change a workflow", "hanako", workflows="new")
    assert releases.publish(_page(), _notes)


def test_a_rename_keeps_the_notes(github: LocalGithub, releases: GithubReleases) -> None:
    releases.publish(_page(), _notes)
    releases.rename(_page("test r1 (rolled back)"))
    [made] = github.repository.releases.values()
    assert made.name == "test r1 (rolled back)"
    assert made.body == "- Add goals"


def test_a_title_is_compared(releases: GithubReleases) -> None:
    assert not releases.differs(_page("another"))
    releases.publish(_page(), _notes)
    assert releases.differs(_page("another"))
    assert not releases.differs(_page())


def test_a_missing_release_is_not_renamed(github: LocalGithub, releases: GithubReleases) -> None:
    """A run died before it wrote to GitHub."""
    releases.rename(_page("test r1 (rolled back)"))
    assert github.repository.releases == {}


def test_a_missing_permission_is_named(github: LocalGithub) -> None:
    """The same answer as for other workflow files: only those files make the difference."""
    github.commit(COMMIT, "Add goals", "hanako")
    with pytest.raises(KanmonError) as caught:
        GithubReleases(client_of(github, contents="read").repository).publish(_page(), _notes)
    assert caught.value.code is Code.GITHUB_DENIED
    assert "contents: write" in caught.value.fix


def test_other_workflow_files_refuse_the_tag(github: LocalGithub, releases: GithubReleases) -> None:
    """GitHub wants `workflows: write`, and no job can have it. A person can push the tag."""
    github.commit("e" * 40, "Change a workflow", "hanako", workflows="new")
    with pytest.raises(KanmonError, match="the workflow files changed since") as caught:
        releases.publish(_page(), _notes)
    assert caught.value.code is Code.TAG_REFUSED
    assert caught.value.fix == f"Push the tag yourself: `git push origin {COMMIT}:refs/tags/{TAG}`."


def test_a_release_refused_at_its_tag_is_explained(github: LocalGithub, releases: GithubReleases) -> None:
    """The tag was deleted in between."""

    def notes() -> str:
        github.repository.tags.clear()
        github.repository.immutable_tags.add(TAG)
        return ""

    with pytest.raises(KanmonError, match="Published releases must have a valid tag") as caught:
        releases.publish(_page(), notes)
    assert caught.value.code is Code.TAG_REFUSED


def test_a_release_made_by_a_person_is_foreign(github: LocalGithub, releases: GithubReleases) -> None:
    """Made beforehand, it would stand for Kanmon's own, with the notes of its author (TRU-4)."""
    client = Client(run_of(github), github.token({"contents": "write"}, "mallory"))
    GithubReleases(client.repository).publish(_page(), _notes)
    with pytest.raises(KanmonError, match="Somebody else made the tag") as caught:
        releases.publish(_page(), _notes)
    assert caught.value.fix == f"Delete it: `gh release delete {TAG} --cleanup-tag`."
    releases.rename(_page("test r1 (rolled back)"))
    assert not releases.differs(_page("another"))
    assert [made.name for made in github.repository.releases.values()] == ["test r1"]


def test_a_tag_at_another_commit_is_foreign(github: LocalGithub, releases: GithubReleases) -> None:
    """GitHub would attach the Release to it (TRU-4)."""
    github.repository.tags[TAG] = "d" * 40
    with pytest.raises(KanmonError) as caught:
        releases.publish(_page(), _notes)
    assert caught.value.fix == f"Delete it: `git push --delete origin {TAG}`."
    assert github.repository.releases == {}
