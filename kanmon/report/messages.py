"""What people are told of a release, from its plan or from what the ledger says of it (CD-12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.ledger import Result
from kanmon.notify import Kind, Message

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.ledger import Attempt, Release
    from kanmon.release.plan import Plan

_ENDS = {
    Result.STABLE: Kind.SUCCEEDED,
    Result.UNCHANGED: Kind.SUCCEEDED,
    Result.ROLLED_BACK: Kind.ROLLED_BACK,
    Result.ABORTED: Kind.FAILED,
    Result.FAILED: Kind.FAILED,
    Result.HELD: Kind.HELD,
}


@dataclass(frozen=True)
class Errand:
    """What somebody set out to do: a deploy or a rollback."""

    kind: str
    release: str
    facts: tuple[tuple[str, str], ...]

    @classmethod
    def deploy(cls, plan: Plan) -> Errand:
        """The deploy of a plan, with its numbers."""
        changes = [change for stack in plan.stacks for change in stack.changes]
        later = sum(stack.deferred for stack in plan.stacks)
        count = {mark: sum(change.mark == mark for change in changes) for mark in "+~±-"}
        told = f"{count['+']} added, {count['~']} changed, {count['±']} replaced, {count['-']} deleted"
        facts = [("resources", f"{told}, {later} stacks still to be created" if later else told)]
        if permissions := sum(change.touches_permissions for change in changes):
            facts.append(("permissions", f"{permissions} changes"))
        facts += [("pages", f"{len(plan.web.changed)} differ"), ("commit", plan.commit[:12])]
        return cls("deploy", plan.release, tuple(facts))

    @classmethod
    def rollback(cls, target: Release, live: str | None, reason: str) -> Errand:
        """A rollback by hand."""
        facts = [("from", live or "nothing"), ("to", f"{target.id}, commit {target.commit[:12]}")]
        return cls("rollback", target.id, tuple([*facts, ("reason", reason)] if reason else facts))


@dataclass(frozen=True)
class Messenger:
    """Writes the messages of one run."""

    config: Config
    actor: str
    page: str
    """The run's."""
    app_url: str

    def waiting(self, errand: Errand) -> Message:
        """Somebody's approval is asked for."""
        what = errand.release if errand.kind == "deploy" else f"the rollback to {errand.release}"
        facts = (*errand.facts, ("by", self.actor))
        return self._message(
            Kind.WAITING, errand.release, f"{what} waits for approval", facts, first="Review and approve"
        )

    def started(self, errand: Errand) -> Message:
        """It was approved and begins."""
        deploy = errand.kind == "deploy"
        what = f"{errand.release} is being deployed" if deploy else f"rolling back to {errand.release}"
        return self._message(Kind.STARTED, errand.release, what, (("by", self.actor),))

    def ended(self, attempt: Attempt) -> Message:
        """How an attempt ended, and why if it did not go well."""
        result = attempt.result or Result.FAILED
        cause = f"{attempt.failure.code}: {attempt.failure.message}" if attempt.failure else ""
        kind = Kind.FAILED if attempt.result is None else _ENDS[result]
        return self._message(kind, attempt.release, _headline(attempt), _facts(attempt), cause=cause)

    def refused(self, cause: str) -> Message:
        """The run failed before it began an attempt."""
        headline = "a run failed before it changed anything"
        return self._message(Kind.FAILED, "", headline, (("by", self.actor),), cause=cause)

    def _message(
        self,
        kind: Kind,
        release: str,
        headline: str,
        facts: tuple[tuple[str, str], ...],
        *,
        cause: str = "",
        first: str = "Run",
    ) -> Message:
        links = ((first, self.page), ("App", self.app_url))
        return Message(
            kind=kind,
            app=self.config.app,
            environment=self.config.environment,
            release=release,
            headline=f"{self.config.app} {self.config.environment}: {headline}",
            facts=facts,
            cause=cause,
            links=tuple((words, address) for words, address in links if address),
        )


def _headline(attempt: Attempt) -> str:
    release, base = attempt.release, attempt.base or "nothing"
    if attempt.kind == "rollback":
        went = attempt.result is Result.ROLLED_BACK
        return f"users are back on {release}, {base} was taken back" if went else f"no rollback to {release}"
    match attempt.result:
        case Result.STABLE | Result.UNCHANGED:
            return f"{release} is live"
        case Result.ROLLED_BACK:
            return f"{release} was rolled back, users are on {base}"
        case Result.ABORTED:
            return f"{release} was given up before any user saw it"
        case Result.HELD:
            return f"{release} is held, a person has to decide"
        case Result.FAILED | None:
            return f"{release} did not come to its end"


def _facts(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    facts = [("by", attempt.actor)]
    if attempt.approval:
        facts.append(("approved by", attempt.approval.by))
    if attempt.ended:
        facts.append(("took", f"{(attempt.ended - attempt.began).total_seconds():.0f} s"))
    if attempt.rollback_seconds is not None:
        facts.append(("users were back after", f"{attempt.rollback_seconds:.2f} s"))
    if attempt.reason:
        facts.append(("reason", attempt.reason))
    return tuple(facts)
