"""The end of a command with changes: its output and its exit status."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanmon.aws.markers import Marker, Markers
from kanmon.codes import Code
from kanmon.errors import LEFT_NOTHING, ExitStatus, KanmonError
from kanmon.language import deferred, phrase
from kanmon.model import OperationKind, Result
from kanmon.release.recover import recover
from kanmon.report.terminal import print_error, print_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kanmon.cli.context import Context
    from kanmon.release.events import Observer
    from kanmon.release.plan import Plan
    from kanmon.release.ports import ApprovalPort
    from kanmon.release.walk import Outcome

_AFTER_INTERRUPTION = {
    Result.ABORTED: deferred("Kanmon undid what it had begun; no user was on it. Run the command again."),
    Result.ROLLED_BACK: deferred("Users are back on the release before. Look at `kanmon status`."),
}
"""What is left to do after an interrupted operation that has ended."""
_MARKERS = {Result.STABLE: Marker.RELEASE, Result.ROLLED_BACK: Marker.ROLLBACK}


def recover_first(
    context: Context,
    observer: Observer,
    approver: ApprovalPort,
    *,
    keep: bool | None = None,
    wait: bool = False,
) -> Outcome | None:
    """Recover an earlier operation, if it did not end.

    Until the ledger was read, nobody knows whether one is open. So a failure here leaves it to a later
    `kanmon recover`, unless another run or a person has it.
    """
    context.unfinished = True
    try:
        outcome = recover(context.services, observer, approver, keep=keep, wait=wait)
    except KanmonError as error:
        context.unfinished = error.code not in {Code.LOCKED, Code.HELD}
        raise
    context.unfinished = outcome is not None and outcome.open
    return outcome


def operated(context: Context, work: Callable[[], Outcome]) -> Outcome:
    """The outcome of a deploy or a rollback.

    Only its outcome or a refusal is a proof that no operation is left: Ctrl-C may come after its end.
    """
    context.unfinished = True
    try:
        outcome = work()
    except KanmonError:
        context.unfinished = False
        raise
    context.unfinished = outcome.open
    return outcome


def show_outcome(context: Context, outcome: Outcome, plan: Plan | None = None) -> ExitStatus:
    """Show how an operation ended, and put its marker on the dashboard. Return the exit status for it.

    `plan` is the one that a deploy carried out.
    """
    if outcome.failure:
        failure = _with_way_out(outcome, outcome.failure)
        outcome = replace(outcome, failure=failure.for_environment(context.hinted))
    if context.step:
        context.step.outcome(outcome, plan)
    elif outcome.failure:
        print_error(context.console, outcome.failure)
    show_ending(context, outcome)
    return exit_status(outcome)


def _with_way_out(outcome: Outcome, failure: KanmonError) -> KanmonError:
    """The failure with what to do after an interruption. An operation without an end has its own way out."""
    if failure.code is not Code.INTERRUPTED or outcome.result in {Result.FAILED, Result.HELD}:
        return failure
    fix = phrase(_AFTER_INTERRUPTION.get(outcome.result, LEFT_NOTHING))
    return KanmonError(failure.code, failure.message, where=failure.where, fix=fix)


def show_steps(context: Context, subject: str, steps: Iterable[str]) -> None:
    """Show the steps of a dry run."""
    context.console.print("[bold]{subject}[/]", subject=subject)
    for number, step in enumerate(steps, 1):
        context.console.print("  {number}. {step}", number=number, step=step)


def show_ending(context: Context, outcome: Outcome) -> None:
    """Print an outcome in one line, and put its marker on the dashboard."""
    print_outcome(context.console, outcome, context.hinted)
    put_marker(context, outcome)


def put_marker(context: Context, outcome: Outcome) -> None:
    """Put an outcome's marker. A failure is only a warning, because the release is not affected."""
    marker = _MARKERS.get(outcome.result)
    if marker is None:
        return
    config = context.config
    try:
        Markers(context.account.aws.cloudwatch, config.app, config.environment).put(marker)
    except KanmonError as error:
        context.warn([KanmonError(Code.MARKER_FAILED, error.message, where=error.where, fix=error.fix)])


def exit_status(outcome: Outcome) -> ExitStatus:
    """The exit status for an outcome."""
    if outcome.failure and outcome.failure.code is Code.INTERRUPTED:
        return ExitStatus.INTERRUPTED
    if outcome.result is Result.HELD:
        return ExitStatus.HELD
    kind = outcome.operation.kind if outcome.operation else OperationKind.DEPLOY
    reached = outcome.result.is_success(kind) and not outcome.failure
    return ExitStatus.OK if reached else ExitStatus.FAILED


def recovery_status(outcome: Outcome) -> ExitStatus:
    """The exit status for the outcome of a recovery: to undo a deploy is a success here."""
    status = exit_status(outcome)
    of_deploy = outcome.operation is not None and outcome.operation.kind is OperationKind.DEPLOY
    undone = of_deploy and outcome.result in {Result.ABORTED, Result.ROLLED_BACK}
    return ExitStatus.OK if undone and status is ExitStatus.FAILED else status
