"""`kanmon recover`: finishes or undoes the operation of a run that died (CD-13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import RESULT_OUTPUTS, Command, flag
from kanmon.errors import ExitStatus
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class RecoverOptions:
    """A person's decision, and whether to wait."""

    keep: bool = flag(deferred("keep the release of a held environment: all users get it, and it is stable"))
    undo: bool = flag(deferred("return users to the release before: of a held or an unfinished release"))
    wait: bool = flag(deferred("wait for the other run to end, or for its lease to expire"))
    yes: bool = flag(deferred("recover without a question"), terminal_only=True)


def run(options: RecoverOptions, context: Context) -> ExitStatus:
    """Bring the last operation to its end. Another run's operation needs an approval of this run."""
    from kanmon.cli.approvals import recovery_approver
    from kanmon.cli.ending import recover_first, recovery_status, show_outcome
    from kanmon.cli.repository import with_deployment

    keep = options.keep if options.keep or options.undo else None
    approver = recovery_approver(context, yes=options.yes)
    with with_deployment(context) as observer:
        outcome = recover_first(context, observer, approver, keep=keep, wait=options.wait)
    if outcome is None:
        context.console.print(deferred("The last operation has ended; there is nothing to recover."))
        return ExitStatus.OK
    show_outcome(context, outcome)
    return recovery_status(outcome)


COMMAND = Command(
    "recover",
    deferred("Finish or undo the operation of a run that died."),
    run,
    RecoverOptions,
    aws=True,
    outputs=RESULT_OUTPUTS,
    exclusive=frozenset({"keep", "undo"}),
    token="to read the approval and show the deployment: actions: read, deployments: write",  # noqa: S106
    failed="the operation could not be ended. The message names the reason",
    examples={
        "kanmon recover": deferred("end the operation of a run that died; it asks first"),
        "kanmon recover --wait": deferred("wait for a run still at work, then recover"),
        "kanmon recover --keep": deferred("a held release: keep it"),
        "kanmon recover --undo": deferred("a held release: roll it back"),
    },
)
