"""Approval of a deploy or a rollback: by GitHub's reviewers in a workflow, at the terminal elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.approval.prompt import YES, TerminalApproval
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.workflow_run import actor, current_run
from kanmon.language import deferred, phrase
from kanmon.ledger.records import DecisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.approval.prompt import Approvable
    from kanmon.cli.context import Context
    from kanmon.config.schema import Config
    from kanmon.model import Approval
    from kanmon.release.ports import ApprovalPort
    from kanmon.report.console import Screen

DEPLOY_QUESTION = deferred("Release {release} as planned? [y/N] ")
DECISION_QUESTIONS = {
    DecisionKind.PROMOTE: deferred("Type {release} to promote it: "),
    DecisionKind.ABORT: deferred("Type {release} to abort it: "),
}
RECOVERY_QUESTION = deferred("An operation of {release} did not end. Type {release} to recover it: ")
ROLLBACK_QUESTION = deferred("Type {release} to roll back to it: ")


@dataclass(frozen=True)
class WorkflowApproval:
    """Approval by the reviewers of the run. GitHub is asked only if there is something to approve.

    So a run ends its own operation without GitHub, also without a token.
    """

    context: Context

    def approve(self, what: Approvable) -> Approval:
        """Get the approval. Raises GITHUB_MISSING and the gate's errors."""
        # PyGithub is slow to import, and a terminal doesn't need it.
        from kanmon.cli.repository import gate_approval

        return gate_approval(self.context.config, self.context.services.clock).approve(what)


def deploy_approver(context: Context, *, yes: bool) -> ApprovalPort:
    """The approver of a plan. At a terminal, `yes` approves it. In a workflow `yes` raises USAGE."""
    return _approver(context, DEPLOY_QUESTION, YES, yes=yes)


def rollback_approver(context: Context, *, yes: bool) -> ApprovalPort:
    """The approver of a rollback. At a terminal, the person types the release's id."""
    return _approver(context, ROLLBACK_QUESTION, ("{release}",), yes=yes)


def recovery_approver(context: Context, *, yes: bool) -> ApprovalPort:
    """The approver of the end of another run's operation."""
    return _approver(context, RECOVERY_QUESTION, ("{release}",), yes=yes)


def decision_approver(context: Context, kind: DecisionKind, *, yes: bool) -> ApprovalPort:
    """The approver of a decision about a running deploy."""
    return _approver(context, DECISION_QUESTIONS[kind], ("{release}",), yes=yes)


def refuse_unconfirmed(config: Config, confirm: str) -> None:
    """Raise NOT_APPROVED unless somebody typed the environment's name to start the workflow (CD-9)."""
    if (current_run() or confirm) and confirm != config.environment:
        raise KanmonError(
            Code.NOT_APPROVED,
            phrase("The confirmation is {confirm!r}, not the environment's name.", confirm=confirm),
            fix=phrase("Type {environment} as the confirmation.", environment=config.environment),
        )


def asker(console: Screen) -> Callable[[str], str] | None:
    """A function for questions at the terminal. None if there is no terminal."""
    return console.ask if sys.stdin.isatty() else None


def _approver(context: Context, question: str, answers: tuple[str, ...], *, yes: bool) -> ApprovalPort:
    clock, question = context.services.clock, phrase(question)
    if context.config.environments:
        # Without `--env`, the first environment counts: nobody should approve for another one.
        question = f"{context.config.environment}: {question}"
    if current_run() is None:
        return TerminalApproval(actor(), asker(context.console), yes, clock, question, answers)
    if yes:
        problem = phrase("--yes has no effect in a workflow.")
        raise KanmonError(
            Code.USAGE, problem, fix=phrase("Remove --yes: the environment's reviewers approve.")
        )
    return WorkflowApproval(context)
