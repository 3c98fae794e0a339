"""`kanmon gate`: verifies GitHub's environment protection and the approval (CD-3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.approvals import refuse_unconfirmed
from kanmon.cli.command import Command, flag, text
from kanmon.cli.repository import github_client, github_gate
from kanmon.errors import ExitStatus, KanmonError
from kanmon.github.runs import cancel, queued_runs
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class GateOptions:
    """The job's side of the gate: before it, or inside the gated job."""

    approved: bool = flag(deferred("check the approval of this run; use it in the job with the environment"))
    cancel_waiting: str = text(
        deferred("cancel the waiting runs of this workflow file, so a rollback can start at once"), "WORKFLOW"
    )
    confirm: str = text(deferred("for a rollback: type the name of the environment"), "ENVIRONMENT")


def run(options: GateOptions, context: Context) -> ExitStatus:
    """Verify the environment's rules; inside the gated job, the approval as well."""
    config, console = context.config, context.console
    if options.confirm:
        refuse_unconfirmed(config, options.confirm)
    gate = github_gate(config)
    if options.approved:
        console.print(
            deferred("[green]{by} approved[/] this run for {environment}."),
            by=gate.approved_by(),
            environment=config.environment,
        )
        return ExitStatus.OK
    rules = gate.verify_rules()
    if rules.reviewers:
        console.print(
            deferred("[green]{environment} holds releases back[/] until one of {reviewers} approves."),
            environment=config.environment,
            reviewers=", ".join(rules.reviewers),
        )
    else:
        console.print(
            deferred(
                "[yellow]{environment} has no reviewers[/], and the config needs none: each release of its "
                "branches begins at once."
            ),
            environment=config.environment,
        )
    if options.cancel_waiting:
        _cancel_waiting_runs(options.cancel_waiting, context)
    return ExitStatus.OK


def _cancel_waiting_runs(workflow: str, context: Context) -> None:
    """Cancel the waiting runs of a workflow. A failure is a warning: the rollback then waits behind them."""
    client = github_client()
    try:
        waiting = queued_runs(client, workflow)
    except KanmonError as error:
        context.warn([error])
        return
    for run in waiting:
        try:
            cancelled = cancel(client, run.id)
        except KanmonError as error:
            fix = phrase("Cancel this run yourself: the rollback waits behind it.")
            context.warn([KanmonError(error.code, error.message, where=run.url, fix=fix)])
            continue
        if cancelled:
            context.console.print(
                deferred("cancelled a waiting run: {title} ({url})"), title=run.title, url=run.url
            )


COMMAND = Command(
    "gate",
    deferred("Verify the protection of GitHub's environment, and the approval of a run."),
    run,
    GateOptions,
    token="to read the rules and the approvals: actions: read, contents: read",  # noqa: S106
    examples={
        "kanmon gate": deferred("are there required reviewers, and can nobody go around them?"),
        "kanmon gate --approved": deferred("in the job with the environment: who approved this run?"),
    },
)
