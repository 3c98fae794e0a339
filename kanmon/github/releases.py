"""GitHub Releases of a repository.

https://docs.github.com/en/rest/releases/releases
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import github_errors, not_found
from kanmon.github.commits import NO_COMMIT

if TYPE_CHECKING:
    from github.GitRelease import GitRelease
    from github.Repository import Repository

_PERMISSION = "contents: write"


@dataclass(frozen=True)
class GithubReleases:
    """The GitHub Releases of a repository. The token needs `contents: write`."""

    repository: Repository

    def exists(self, tag: str) -> bool:
        """Whether there is a GitHub Release with this tag."""
        with github_errors(f"reading the GitHub Release {tag}", permission=_PERMISSION):
            return self._find(tag) is not None

    def is_foreign(self, tag: str, commit: str) -> bool:
        """Whether a person made the GitHub Release with this tag, or its tag is at another commit.

        GitHub would attach a new Release to an existing tag, wherever that is.
        """
        with github_errors(f"reading the tag {tag}", permission=_PERMISSION):
            if known := self._find(tag):
                return bool(known.author.type != "Bot")
            try:
                # `sha` alone is the asked name: PyGithub reads it from the URL.
                return bool(self.repository.get_commit(f"tags/{tag}").raw_data["sha"] != commit)
            except GithubException as error:
                if error.status in NO_COMMIT:
                    return False
                raise

    def create(self, tag: str, title: str, notes: str, *, commit: str, latest: bool) -> None:
        """Create a GitHub Release, and its tag at a commit."""
        with github_errors(f"writing the GitHub Release {tag}", permission=_PERMISSION):
            self.repository.create_git_release(
                tag, title, notes, target_commitish=commit, make_latest=_make_latest(latest=latest)
            )

    def rename(self, tag: str, title: str, *, latest: bool) -> None:
        """Change the title of a GitHub Release, if an app made one."""
        with github_errors(f"writing the GitHub Release {tag}", permission=_PERMISSION):
            known = self._find(tag)
            if known and known.author.type == "Bot":
                known.update_release(title, known.body or "", make_latest=_make_latest(latest=latest))

    def _find(self, tag: str) -> GitRelease | None:
        try:
            return self.repository.get_release(tag)
        except GithubException as error:
            if not_found(error):
                return None
            raise


def _make_latest(*, latest: bool) -> str:
    return "true" if latest else "false"
