"""Makes GitHub say what the ledger says, however often it is asked to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from github import GithubException

from kanmon.github.client import explained, is_missing
from kanmon.ledger import Result, State
from kanmon.record.changes import changes_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.GitRelease import GitRelease

    from kanmon.github.client import Client
    from kanmon.ledger import Attempt, Ledger, Release
    from kanmon.record.changes import Changes
    from kanmon.record.deployments import Deployments

_FURTHEST = 20
"""Attempts that are looked at: so many runs may have died before they could tell GitHub."""

_NO_COMMIT = {404, 422}
"""https://docs.github.com/en/rest/commits/commits#get-a-commit"""


@dataclass(frozen=True)
class Notes:
    """What a GitHub Release says of a release."""

    release: Release
    attempt: Attempt
    """The one that made it stable."""
    changes: Changes


@dataclass(frozen=True)
class Recorder:
    """The record of one environment in its repository.

    The token needs `deployments: write`, `contents: write` and `pull-requests: read`.
    """

    client: Client
    ledger: Ledger
    deployments: Deployments
    write: Callable[[Notes], str]
    """Writes a release's notes, in Markdown."""

    def record(self) -> list[str]:
        """Tell GitHub what it doesn't know yet; what was told, a line for each attempt.

        The GitHub Releases come before an attempt's last status, so that one whose status is right has all.
        Raises GITHUB_DENIED, GITHUB_FAILED, GITHUB_UNREACHABLE.
        """
        return [self._tell(attempt) for attempt in reversed(list(self._untold()))]

    def _untold(self) -> Iterator[Attempt]:
        """The newest attempts up to one that GitHub knows, the newest first."""
        last = self.ledger.head().attempts
        for number in range(last, max(0, last - _FURTHEST), -1):
            attempt = self.ledger.attempt(number)
            if attempt is None:
                continue
            if self.deployments.told(attempt):
                return
            yield attempt

    def _tell(self, attempt: Attempt) -> str:
        release = self.ledger.release(attempt.release)
        if release is None:
            return f"attempt {attempt.number}: {attempt.release} never came to be"
        if not self._knows(release.commit):
            return f"attempt {attempt.number}: the repository has no commit {release.commit[:12]}"
        if attempt.result is Result.STABLE:
            self._publish(release, attempt)
        elif attempt.result is Result.ROLLED_BACK and attempt.kind == "rollback":
            self._mark(attempt.base)
            self._mark(attempt.release)
        self.deployments.tell(attempt, release.commit)
        said = attempt.result.value if attempt.result else attempt.state.value
        return f"attempt {attempt.number}, {attempt.kind} of {attempt.release}: {said}"

    def _knows(self, commit: str) -> bool:
        with explained(f"looking for the commit {commit[:12]}", permission="contents: read"):
            try:
                self.client.get(f"/commits/{commit}")
            except GithubException as error:
                if error.status in _NO_COMMIT:
                    return False
                raise
        return True

    def _publish(self, release: Release, attempt: Attempt) -> None:
        tag, title = self._tag(release.id), self._title(release)
        with explained(f"writing the GitHub Release {tag}", permission="contents: write"):
            if self._find(tag) is None:
                notes = self.write(Notes(release, attempt, self._changes(release, attempt)))
                self.client.repository.create_git_release(
                    tag, title, notes, target_commitish=release.commit, make_latest=self._latest(release)
                )

    def _mark(self, release_id: str | None) -> None:
        """Have the title of a GitHub Release say whether it was taken back."""
        release = self.ledger.release(release_id) if release_id else None
        if release is None:
            return
        tag = self._tag(release.id)
        with explained(f"writing the GitHub Release {tag}", permission="contents: write"):
            if known := self._find(tag):
                known.update_release(
                    self._title(release), known.body or "", make_latest=self._latest(release)
                )

    def _tag(self, release_id: str) -> str:
        return f"{self.deployments.environment}-{release_id}"

    def _title(self, release: Release) -> str:
        title = f"{self.deployments.environment} {release.id}"
        return f"{title} (taken back)" if release.state is State.ROLLED_BACK else title

    def _latest(self, release: Release) -> str:
        return "true" if self.ledger.head().live == release.id else "false"

    def _find(self, tag: str) -> GitRelease | None:
        try:
            return self.client.repository.get_release(tag)
        except GithubException as error:
            if is_missing(error):
                return None
            raise

    def _changes(self, release: Release, attempt: Attempt) -> Changes:
        base = self.ledger.release(attempt.base) if attempt.base and attempt.base != release.id else None
        return changes_between(self.client, base.commit if base else None, release.commit)
