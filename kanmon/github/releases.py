"""GitHub Releases of a repository, each made from its tag.

https://docs.github.com/en/rest/releases/releases
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.client import github_errors, not_found, reason
from kanmon.github.commits import NO_COMMIT
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Callable

    from github.GitRelease import GitRelease
    from github.Repository import Repository

_PERMISSION = "contents: write"
_WORKFLOWS = ".github/workflows"
_DENIED, _INVALID = 403, 422


@dataclass(frozen=True)
class ReleasePage:
    """A GitHub Release as it should be."""

    tag: str
    commit: str
    title: str
    latest: bool
    """GitHub marks one release of a repository as the latest."""


@dataclass(frozen=True)
class GithubReleases:
    """The GitHub Releases of a repository. The token needs `contents: write`."""

    repository: Repository

    def publish(self, page: ReleasePage, notes: Callable[[], str]) -> bool:
        """Create a missing GitHub Release, and its tag before. Returns whether it was missing.

        The Release names no commit: GitHub would want `workflows: write` if the workflow files changed since,
        and no job's token can have it. The same holds for a new tag, but a person can push that.
        Raises TAG_REFUSED if this tag can't be made, or if a person made it or its Release: GitHub would
        attach a new Release to any existing tag. Raises GitHub's errors as KanmonError.
        """
        with github_errors(phrase("writing the GitHub Release {tag}", tag=page.tag), permission=_PERMISSION):
            if known := self._find(page.tag):
                if known.author.type != "Bot":
                    raise _foreign(page, f"gh release delete {page.tag} --cleanup-tag")
                return False
            self._tag(page)
            try:
                self.repository.create_git_release(
                    page.tag, page.title, notes(), make_latest=_make_latest(latest=page.latest)
                )
            except GithubException as error:
                if error.status == _INVALID and not self._find(page.tag):
                    raise _forbidden(page, error) from error
                if error.status != _INVALID:
                    raise
        return True

    def differs(self, page: ReleasePage) -> bool:
        """Whether there is a GitHub Release, made by an app, with another title."""
        with github_errors(phrase("reading the GitHub Release {tag}", tag=page.tag), permission=_PERMISSION):
            known = self._find(page.tag)
            return bool(known and known.author.type == "Bot" and known.name != page.title)

    def rename(self, page: ReleasePage) -> None:
        """Change the title of a GitHub Release, if an app made one."""
        with github_errors(phrase("writing the GitHub Release {tag}", tag=page.tag), permission=_PERMISSION):
            known = self._find(page.tag)
            if known and known.author.type == "Bot":
                known.update_release(
                    page.title, known.body or "", make_latest=_make_latest(latest=page.latest)
                )

    def _find(self, tag: str) -> GitRelease | None:
        """The published GitHub Release. One without its tag is a draft, and is not found."""
        try:
            return self.repository.get_release(tag)
        except GithubException as error:
            if not_found(error):
                return None
            raise

    def _tag(self, page: ReleasePage) -> None:
        tagged = self._commit_of(page.tag)
        if tagged is None:
            try:
                self.repository.create_git_ref(f"refs/tags/{page.tag}", page.commit)
            except GithubException as error:
                tagged = self._commit_of(page.tag)  # another run, or a lost answer before a repetition
                if tagged is None:
                    self._explain(page, error)
                    raise
        if tagged not in {None, page.commit}:
            raise _foreign(page, f"git push --delete origin {page.tag}")

    def _commit_of(self, tag: str) -> str | None:
        try:
            # `sha` alone is the asked name: PyGithub reads it from the URL.
            return str(self.repository.get_commit(f"tags/{tag}").raw_data["sha"])
        except GithubException as error:
            if error.status in NO_COMMIT:
                return None
            raise

    def _explain(self, page: ReleasePage, error: GithubException) -> None:
        """Raise TAG_REFUSED if no permission of a job could help."""
        if error.status == _INVALID:
            raise _forbidden(page, error) from error
        if error.status == _DENIED and self._files(page.commit) != self._files(None):
            message = phrase(
                "GitHub refused the tag: the workflow files changed since. No job may tag this commit."
            )
            fix = phrase(
                "Push the tag yourself: `git push origin {commit}:refs/tags/{tag}`.",
                commit=page.commit,
                tag=page.tag,
            )
            raise KanmonError(Code.TAG_REFUSED, message, where=page.tag, fix=fix) from error

    def _files(self, ref: str | None) -> dict[str, str]:
        """The workflow files of a commit, or of the default branch: names and digests."""
        try:
            found = self.repository.get_contents(_WORKFLOWS, **({"ref": ref} if ref else {}))
        except GithubException as error:
            if not_found(error):
                return {}
            raise
        return {file.name: file.sha for file in (found if isinstance(found, list) else [found])}


def _foreign(page: ReleasePage, command: str) -> KanmonError:
    message = phrase("Somebody else made the tag, or its GitHub Release.")
    fix = phrase("Delete it: `{command}`.", command=command)
    return KanmonError(Code.TAG_REFUSED, message, where=page.tag, fix=fix)


def _forbidden(page: ReleasePage, error: GithubException) -> KanmonError:
    """GitHub keeps the tag of a deleted immutable release for ever, and refuses it with the same words."""
    message = phrase("GitHub refused the tag: {reason}.", reason=reason(error))
    fix = phrase("Allow the tag {tag}: in GitHub, open Settings → Rules → Rulesets.", tag=page.tag)
    return KanmonError(Code.TAG_REFUSED, message, where=page.tag, fix=fix)


def _make_latest(*, latest: bool) -> str:
    return "true" if latest else "false"
