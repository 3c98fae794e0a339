"""`kanmon gate`: verifies GitHub's environment protection and the approval (CD-3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.approvals import refuse_unconfirmed
from kanmon.cli.command import Command, flag, text
from kanmon.cli.repository import github_client, github_gate
from kanmon.errors import ExitStatus
from kanmon.github.runs import cancel_waiting_runs

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class GateOptions:
    """The job's side of the gate: before it, or inside the gated job."""

    approved: bool = flag("check the approval of this run; use it in the job with the environment")
    cancel_waiting: str = text(
        "cancel the waiting runs of this workflow file, so a rollback can start at once", "WORKFLOW"
    )
    confirm: str = text("for a rollback: type the name of the environment", "ENVIRONMENT")


def run(options: GateOptions, context: Context) -> ExitStatus:
    """Verify the environment's rules; inside the gated job, the approval as well."""
    config, console = context.config, context.console
    if options.confirm:
        refuse_unconfirmed(config, options.confirm)
    gate = github_gate(config)
    if options.approved:
        by = " or ".join(gate.approvers())
        console.print(
            "[green]{by} approved[/] this run for {environment}.", by=by, environment=config.environment
        )
        return ExitStatus.OK
    rules = gate.verify_rules()
    console.print(
        "[green]{environment} holds releases back[/] until one of {reviewers} approves.",
        environment=config.environment,
        reviewers=", ".join(rules.reviewers),
    )
    if options.cancel_waiting:
        for cancelled in cancel_waiting_runs(github_client(), options.cancel_waiting):
            console.print(
                "cancelled a waiting run: {title} ({url})", title=cancelled.title, url=cancelled.url
            )
    return ExitStatus.OK


COMMAND = Command(
    "gate",
    "Verify the protection of GitHub's environment, and the approval of a run.",
    run,
    GateOptions,
    token="to read the rules and the approvals: actions: read, contents: read",  # noqa: S106
)
