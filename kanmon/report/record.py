"""Brings GitHub's Deployments and Releases up to date with the ledger. You can repeat it (CD-11)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kanmon.codes import OF_GITHUB, Code
from kanmon.errors import KanmonError
from kanmon.github.commits import changes_between, commit_exists
from kanmon.github.deployments import DeploymentRequest, Deployments, DeploymentStatus
from kanmon.github.releases import GithubReleases, ReleasePage
from kanmon.language import phrase, sentences
from kanmon.model import OperationKind, ReleaseState, Result
from kanmon.notify.words import end_sentence
from kanmon.release.step_words import shown_step
from kanmon.report.notes import Notes, release_notes
from kanmon.text import short_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanmon.github.client import Client
    from kanmon.github.commits import Changes
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Operation, Release

_FURTHEST = 10
"""The most operations to look at, three requests each. So many runs may have died or failed before they could
write to GitHub."""


@dataclass
class Recorded:
    """The result of bringing GitHub up to date. One failure keeps no other piece from GitHub."""

    lines: list[str] = field(default_factory=list)
    """A line for each written operation."""
    refused: list[KanmonError] = field(default_factory=list)
    """Why releases have no GitHub Release. Another run can't help."""
    missing: dict[str, KanmonError] = field(default_factory=dict)
    """The pieces for the next run, each with its error."""
    gone: set[str] = field(default_factory=set)
    """Commits that the repository lost."""
    _stopped: KanmonError | None = None

    def write(self, piece: str, write: Callable[[], bool]) -> bool:
        """Write a piece, and return whether it was written now. After a lost connection none is tried."""
        try:
            if self._stopped:
                raise self._stopped
            return write()
        except KanmonError as error:
            if error.code is Code.TAG_REFUSED:
                self.refused.append(error)
            elif error.code in OF_GITHUB:
                self.missing[piece] = error
            else:
                raise
            if error.code is Code.GITHUB_UNREACHABLE:
                self._stopped = error
            return False

    @property
    def warnings(self) -> list[KanmonError]:
        """Each reason once, with all that it concerns."""
        refused: dict[str, list[KanmonError]] = {}
        for error in self.refused:
            refused.setdefault(error.message, []).append(error)
        missing: dict[tuple[Code, str], list[str]] = {}
        for piece, error in self.missing.items():
            missing.setdefault((error.code, error.fix), []).append(piece)
        return [*map(_together, refused.values()), *map(self._incomplete, missing.values())]

    def _incomplete(self, pieces: list[str]) -> KanmonError:
        first = self.missing[pieces[0]]
        message = phrase(
            "GitHub lacks {pieces}. {cause}",
            pieces=", ".join(pieces),
            cause=f"{first.code.id}: {first.message}",
        )
        return KanmonError(
            Code.RECORD_INCOMPLETE, message, fix=sentences(first.fix, phrase(Code.RECORD_INCOMPLETE.fix))
        )


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

    def record(self) -> Recorded:
        """Write to GitHub all that it lacks of the newest operations, the oldest first."""
        record, operations = Recorded(), list(self._newest())
        for at, operation in enumerate(operations):
            release = self.ledger.release(operation.release)
            if release is None:
                record.lines.append(
                    phrase(
                        "operation {number}: {release} was never recorded",
                        number=operation.number,
                        release=operation.release,
                    )
                )
            else:
                self._write(record, operation, release, operations[at + 1 :])
        return record

    def show(self, number: int) -> None:
        """Give the deployment of a running operation its present status.

        Raises GITHUB_DENIED, GITHUB_FAILED, GITHUB_UNREACHABLE.
        """
        operation = self.ledger.operation(number)
        if operation is None or operation.result:
            # The last status is for `record`: with it, it also writes the titles after a rollback.
            return
        release = self.ledger.release(operation.release)
        if release:
            self._show(operation, release, deployment_status(operation))

    @property
    def _deployments(self) -> Deployments:
        return Deployments(self.client.repository, self.environment, self.url)

    @property
    def _releases(self) -> GithubReleases:
        return GithubReleases(self.client.repository)

    def _newest(self) -> Iterator[Operation]:
        last = self.ledger.head().operations
        for number in range(max(1, last - _FURTHEST + 1), last + 1):
            operation = self.ledger.operation(number)
            if operation:
                yield operation

    def _write(
        self, record: Recorded, operation: Operation, release: Release, later: list[Operation]
    ) -> None:
        number, status = operation.number, deployment_status(operation)

        def deployment() -> bool:
            if self._deployments.shows(_request(operation, release), status):
                return False
            if not commit_exists(self.client, release.commit):
                record.gone.add(release.commit)
                return False
            # After a later success, a late success would end that one on GitHub: users would seem to be here.
            late = status.state == "success" and any(map(self._shows_success, later))
            self._show(operation, release, replace(status, state="inactive") if late else status)
            return True

        piece = phrase("the deployment of operation {number}", number=number)
        fresh = record.write(piece, deployment)
        if release.commit in record.gone:
            record.lines.append(
                phrase(
                    "operation {number}: the repository has no commit {commit}",
                    number=number,
                    commit=short_commit(release.commit),
                )
            )
            return
        if operation.result is Result.STABLE:
            piece = phrase("the GitHub Release of {release}", release=release.id)
            fresh |= record.write(piece, lambda: self._publish(release, operation))
        elif operation.result is Result.ROLLED_BACK and operation.kind is OperationKind.ROLLBACK:
            piece = phrase("the titles after operation {number}", number=number)
            record.write(piece, lambda: self._rename(operation, fresh=fresh))
        if fresh:
            record.lines.append(
                phrase(
                    "operation {number}, {kind} of {release}: {ending}",
                    number=number,
                    kind=phrase(operation.kind),
                    release=operation.release,
                    ending=phrase(operation.ending),
                )
            )

    def _shows_success(self, operation: Operation) -> bool:
        status, release = deployment_status(operation), self.ledger.release(operation.release)
        return (
            status.state == "success"
            and release is not None
            and self._deployments.shows(_request(operation, release), status)
        )

    def _show(self, operation: Operation, release: Release, status: DeploymentStatus) -> None:
        self._deployments.show(_request(operation, release), status, operation.run)

    def _publish(self, release: Release, operation: Operation) -> bool:
        """Create the GitHub Release of a stable release. Return whether it was missing."""

        def notes() -> str:
            return release_notes(Notes(release, operation, self._changes(release, operation)))

        return self._releases.publish(self._page(release), notes)

    def _rename(self, operation: Operation, *, fresh: bool) -> bool:
        """Update the titles of both GitHub Releases of a rollback. The titles show it."""
        ids = filter(None, (operation.base, operation.release))
        pages = [self._page(release) for release in map(self.ledger.release, ids) if release]
        if not fresh and not any(map(self._releases.differs, pages)):
            return False
        for page in pages:
            self._releases.rename(page)
        return True

    def _page(self, release: Release) -> ReleasePage:
        # Another run compares it, perhaps in another language.
        title = f"{self.environment} {release.id}"
        if release.state is ReleaseState.ROLLED_BACK:
            title += " (rolled back)"
        tag = _release_tag(self.environment, release.id)
        return ReleasePage(tag, release.commit, title, latest=self.ledger.head().live == release.id)

    def _changes(self, release: Release, operation: Operation) -> Changes:
        base = self.ledger.release(operation.base) if operation.base not in {None, release.id} else None
        return changes_between(self.client, base.commit if base else None, release.commit)


def deployment_status(operation: Operation) -> DeploymentStatus:
    """The status for an operation's deployment."""
    if operation.result is None:
        note = shown_step(operation, operation.steps[-1]) if operation.steps else ""
        return DeploymentStatus("in_progress", note or operation.step.value)
    if operation.result.is_success(operation.kind):
        return DeploymentStatus("success", end_sentence(operation))
    state = "error" if operation.result is Result.HELD else "failure"
    why = f": {operation.failure.code} {operation.failure.message}" if operation.failure else ""
    return DeploymentStatus(state, end_sentence(operation) + why)


def _together(alike: list[KanmonError]) -> KanmonError:
    """One error for all tags with the same reason."""
    tags = ", ".join(error.where or "" for error in alike)
    fixes = sentences(*dict.fromkeys(error.fix for error in alike))
    return KanmonError(alike[0].code, alike[0].message, where=tags, fix=fixes)


def _request(operation: Operation, release: Release) -> DeploymentRequest:
    return DeploymentRequest(
        _deployment_task(operation.kind, operation.number),
        release.commit,
        phrase(
            "{kind} of {release} by {actor}",
            kind=phrase(operation.kind),
            release=operation.release,
            actor=operation.actor,
        ),
        {"operation": operation.number, "release": operation.release},
    )


def _deployment_task(kind: str, operation: int) -> str:
    """The task of an operation's GitHub Deployment, like GitHub's own example `deploy:migrations`."""
    return f"{kind}:{operation}"


def _release_tag(environment: str, release: str) -> str:
    """The tag of a release's GitHub Release."""
    return f"{environment}-{release}"
