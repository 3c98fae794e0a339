"""Brings GitHub's Deployments and Releases up to date with the ledger. You can repeat it (CD-11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.github.commits import changes_between, commit_exists
from kanmon.github.deployments import DeploymentRequest, Deployments, DeploymentStatus
from kanmon.github.releases import GithubReleases
from kanmon.model import OperationKind, ReleaseState, Result
from kanmon.naming import deployment_task, release_tag
from kanmon.notify.words import end_sentence
from kanmon.report.notes import Notes, release_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.github.client import Client
    from kanmon.github.commits import Changes
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Operation, Release

_FURTHEST = 20
"""The most operations to look at. So many runs may have died before they could write to GitHub."""


@dataclass(frozen=True)
class Recorder:
    """The record of one environment in its repository.

    The token needs `deployments: write`, `contents: write` and `pull-requests: read`.
    """

    client: Client
    ledger: Ledger
    environment: str
    url: str
    """The address of the environment."""

    def record(self) -> list[str]:
        """Write the missing operations to GitHub. Returns a line for each one.

        Raises GITHUB_DENIED, GITHUB_FAILED, GITHUB_UNREACHABLE.
        """
        return [self._write(operation) for operation in reversed(list(self._missing()))]

    def show(self, number: int) -> None:
        """Give the deployment of a running operation its present status. Raises the same."""
        operation = self.ledger.operation(number)
        if operation is None or operation.result:
            # The last status is for `record`, after the GitHub Release. A late look here would write it
            # first, and the Release would be missing for ever.
            return
        release = self.ledger.release(operation.release)
        if release:
            self._show(operation, release)

    @property
    def _deployments(self) -> Deployments:
        return Deployments(self.client.repository, self.environment, self.url)

    @property
    def _releases(self) -> GithubReleases:
        return GithubReleases(self.client.repository)

    def _missing(self) -> Iterator[Operation]:
        """The newest operations, the newest first. The first one already on GitHub ends the list."""
        last = self.ledger.head().operations
        for number in range(last, max(0, last - _FURTHEST), -1):
            operation = self.ledger.operation(number)
            if operation is None:
                continue
            release = self.ledger.release(operation.release)
            if release and self._deployments.shows(
                _request(operation, release), deployment_status(operation)
            ):
                return
            yield operation

    def _write(self, operation: Operation) -> str:
        release = self.ledger.release(operation.release)
        if release is None:
            return f"operation {operation.number}: {operation.release} was never recorded"
        if not commit_exists(self.client, release.commit):
            return f"operation {operation.number}: the repository has no commit {release.commit[:12]}"
        # Write the GitHub Releases before the last status. Nobody looks again at an operation with the right
        # status: if its Release failed after the status, the Release would be missing for ever.
        problem = ""
        if operation.result is Result.STABLE:
            problem = self._publish(release, operation)
        elif operation.result is Result.ROLLED_BACK and operation.kind is OperationKind.ROLLBACK:
            self._rename(operation.base)
            self._rename(operation.release)
        self._show(operation, release)
        text = f"operation {operation.number}, {operation.kind} of {operation.release}: {operation.ending}"
        return f"{text}; {problem}" if problem else text

    def _show(self, operation: Operation, release: Release) -> None:
        self._deployments.show(_request(operation, release), deployment_status(operation), operation.run)

    def _publish(self, release: Release, operation: Operation) -> str:
        """Create the GitHub Release of a stable release. Return the problem, if its tag is not Kanmon's."""
        tag = release_tag(self.environment, release.id)
        if self._releases.is_foreign(tag, release.commit):
            return f"no GitHub Release, because somebody else made the tag {tag} or its Release"
        if not self._releases.exists(tag):
            notes = release_notes(Notes(release, operation, self._changes(release, operation)))
            self._releases.create(
                tag, self._title(release), notes, commit=release.commit, latest=self._is_live(release)
            )
        return ""

    def _rename(self, release_id: str | None) -> None:
        """Update the title of a GitHub Release. The title shows a rollback."""
        release = self.ledger.release(release_id) if release_id else None
        if release:
            tag = release_tag(self.environment, release.id)
            self._releases.rename(tag, self._title(release), latest=self._is_live(release))

    def _title(self, release: Release) -> str:
        title = f"{self.environment} {release.id}"
        return f"{title} (rolled back)" if release.state is ReleaseState.ROLLED_BACK else title

    def _is_live(self, release: Release) -> bool:
        return self.ledger.head().live == release.id

    def _changes(self, release: Release, operation: Operation) -> Changes:
        base = self.ledger.release(operation.base) if operation.base not in {None, release.id} else None
        return changes_between(self.client, base.commit if base else None, release.commit)


def deployment_status(operation: Operation) -> DeploymentStatus:
    """The status for an operation's deployment."""
    if operation.result is None:
        note = operation.steps[-1].note if operation.steps else ""
        return DeploymentStatus("in_progress", note or operation.step.value)
    if operation.result.is_success(operation.kind):
        return DeploymentStatus("success", end_sentence(operation))
    state = "error" if operation.result is Result.HELD else "failure"
    why = f": {operation.failure.code} {operation.failure.message}" if operation.failure else ""
    return DeploymentStatus(state, end_sentence(operation) + why)


def _request(operation: Operation, release: Release) -> DeploymentRequest:
    return DeploymentRequest(
        deployment_task(operation.kind, operation.number),
        release.commit,
        f"{operation.kind} of {operation.release} by {operation.actor}",
        {"operation": operation.number, "release": operation.release},
    )
