"""`kanmon rollback`: returns users to an earlier stable release (CD-9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import RESULT_OUTPUTS, Command, flag, given_reason, positional, text
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase
from kanmon.model import Result
from kanmon.text import short_commit

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class RollbackOptions:
    """The release users return to, and the reason."""

    release: str = positional(
        deferred("the release to return to, such as r41 (default: the last stable one)")
    )
    reason: str = given_reason()
    confirm: str = text(deferred("type the name of the environment; a workflow needs it"), "ENVIRONMENT")
    dry_run: bool = flag(deferred("show the steps of the rollback, and change nothing"), terminal_only=True)
    yes: bool = flag(deferred("roll back without a question"), terminal_only=True)


def run(options: RollbackOptions, context: Context) -> ExitStatus:
    """Roll back. An open operation ends first."""
    from kanmon.cli.approvals import refuse_unconfirmed, rollback_approver
    from kanmon.cli.ending import operated, show_outcome, show_steps
    from kanmon.cli.repository import with_deployment
    from kanmon.release.dry_run import rollback_steps
    from kanmon.release.rollback import rollback, rollback_target
    from kanmon.release.walk import refuse_busy

    config, console = context.config, context.console
    refuse_unconfirmed(config, options.confirm)
    services = context.services
    if options.dry_run:
        target = rollback_target(services.ledger, options.release or None)
        show_steps(
            context,
            phrase("Rollback to {release} would", release=target.id),
            rollback_steps(services, config, target),
        )
        return ExitStatus.OK
    with with_deployment(context) as observer:
        target = rollback_target(services.ledger, options.release or None)
        head = services.ledger.head()
        refuse_busy(services.ledger.open_operation(head), head, services.clock.now())
        if head.operation is not None:
            context.print(
                phrase("Operation {number} is open. The rollback ends it first.", number=head.operation)
            )
        console.print(
            deferred("Rollback from [bold]{live}[/] to [bold]{target}[/] (commit {commit})"),
            live=head.live,
            target=target.id,
            commit=short_commit(target.commit),
        )
        approver = rollback_approver(context, yes=options.yes)
        reason = options.reason or phrase("rollback to {release}", release=target.id)
        outcome = operated(
            context, lambda: rollback(services, config, target, approver, observer, reason=reason)
        )
    status = show_outcome(context, outcome)
    # A held deploy that was undone did not reach its own aim. It has reached that of this command.
    return ExitStatus.OK if outcome.result is Result.ROLLED_BACK and not outcome.failure else status


COMMAND = Command(
    "rollback",
    deferred("Return users to an earlier stable release."),
    run,
    RollbackOptions,
    outputs=RESULT_OUTPUTS,
    token="to read the approval and show the deployment: actions: read, deployments: write",  # noqa: S106
    docker=True,
    about="Without a release it returns to the last stable one before the live one. It also decides a "
    "held release. It rebuilds nothing and takes about a second.",
    failed="the rollback did not reach its release. Users are on a complete release",
    examples={
        "kanmon rollback --dry-run": deferred("what would it do?"),
        "kanmon rollback": deferred("to the last stable release"),
        'kanmon rollback r41 --reason "login fails"': deferred("to this one"),
    },
)
