"""The texts of the messages about a release, from the ledger's record of its operation (CD-12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.language import phrase
from kanmon.model import OperationKind, Result
from kanmon.notify.message import Message, MessageKind
from kanmon.text import duration

if TYPE_CHECKING:
    from kanmon.ledger.records import Operation

_ENDS = {
    Result.STABLE: MessageKind.SUCCEEDED,
    Result.UNCHANGED: MessageKind.SUCCEEDED,
    Result.ROLLED_BACK: MessageKind.ROLLED_BACK,
    Result.HELD: MessageKind.HELD,
}
"""Every other end is a failure."""


@dataclass(frozen=True)
class Task:
    """A requested deploy or rollback."""

    kind: OperationKind
    release: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Writer:
    """Writes the messages of one run."""

    app: str
    environment: str
    actor: str
    page: str
    """The page of the run."""
    app_url: str

    def waiting(self, task: Task) -> Message:
        """The message before the approval: somebody has to review."""
        if task.kind is OperationKind.DEPLOY:
            headline = phrase("{release} waits for approval", release=task.release)
        else:
            headline = phrase("the rollback to {release} waits for approval", release=task.release)
        facts = (*task.facts, (phrase("by"), self.actor))
        return self._message(
            MessageKind.WAITING,
            task.release,
            headline,
            facts,
            first=phrase("Review and approve"),
        )

    def started(self, task: Task) -> Message:
        """The message at the start, after the approval."""
        if task.kind is OperationKind.DEPLOY:
            headline = phrase("{release} is being deployed", release=task.release)
        else:
            headline = phrase("rolling back to {release}", release=task.release)
        return self._message(MessageKind.STARTED, task.release, headline, ((phrase("by"), self.actor),))

    def ended(self, operation: Operation) -> Message:
        """The message at the end of an operation, with the cause of a failure."""
        cause = f"{operation.failure.code}: {operation.failure.message}" if operation.failure else ""
        kind = _ENDS.get(operation.result or Result.FAILED, MessageKind.FAILED)
        return self._message(kind, operation.release, end_sentence(operation), _facts(operation), cause=cause)

    def refused(self, cause: str) -> Message:
        """The message of a run without an operation: it failed before its start."""
        headline = phrase("a run failed before it changed anything")
        return self._message(MessageKind.FAILED, "", headline, ((phrase("by"), self.actor),), cause=cause)

    def _message(
        self,
        kind: MessageKind,
        release: str,
        headline: str,
        facts: tuple[tuple[str, str], ...],
        *,
        cause: str = "",
        first: str = "",
    ) -> Message:
        links = ((first or phrase("Run"), self.page), (phrase("App"), self.app_url))
        return Message(
            kind=kind,
            app=self.app,
            environment=self.environment,
            release=release,
            headline=f"{self.app} {self.environment}: {headline}",
            facts=facts,
            paragraphs=(cause,) if cause else (),
            links=tuple((words, address) for words, address in links if address),
        )


def end_sentence(operation: Operation) -> str:
    """How an operation ended, such as `r42 is live`."""
    release, base = operation.release, operation.base or phrase("nothing")
    if operation.kind is OperationKind.ROLLBACK:
        if operation.result is Result.ROLLED_BACK:
            return phrase("users are back on {release}, {base} was rolled back", release=release, base=base)
        return phrase("no rollback to {release}", release=release)
    match operation.result:
        case Result.STABLE | Result.UNCHANGED:
            return phrase("{release} is live", release=release)
        case Result.ROLLED_BACK:
            return phrase("{release} was rolled back, users are on {base}", release=release, base=base)
        case Result.ABORTED:
            return phrase("{release} was aborted before any user was on it", release=release)
        case Result.HELD:
            return phrase("{release} is held, a person has to decide", release=release)
        case Result.FAILED | None:
            return phrase("{release} did not finish", release=release)


def _facts(operation: Operation) -> tuple[tuple[str, str], ...]:
    facts = [(phrase("by"), operation.actor)]
    if operation.approval:
        facts.append((phrase("approved by"), operation.approval.by))
    if operation.seconds is not None:
        facts.append((phrase("took"), duration(operation.seconds)))
    if operation.rollback_seconds is not None:
        facts.append((phrase("users were back after"), duration(operation.rollback_seconds)))
    if operation.reason:
        facts.append((phrase("reason"), operation.reason))
    return tuple(facts)
