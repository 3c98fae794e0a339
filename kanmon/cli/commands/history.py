"""`kanmon history`: shows every operation, with release, actor and result (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.command import Command, FormatOptions
from kanmon.errors import ExitStatus
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(options: FormatOptions, context: Context) -> ExitStatus:
    """Show every operation, the newest first; as JSON the oldest first."""
    from kanmon.release.rollback import present_targets
    from kanmon.report.history import print_history

    ledger = context.services.ledger
    operations = ledger.operations()
    if options.json:
        # The token of an open preview is no fact for a log: whoever reads it can see the candidate.
        context.print_json(
            [operation.model_dump(mode="json", exclude={"previews"}) for operation in operations]
        )
    else:
        releases = {release.id: release for release in ledger.releases()}
        print_history(context.console, operations, releases, present_targets(ledger).named)
    return ExitStatus.OK


COMMAND = Command(
    "history",
    deferred("Show all operations: release, actor, approval and result."),
    run,
    FormatOptions,
    aws=True,
    action=False,
    examples={
        "kanmon history": deferred("who released what, and how did it end?"),
        "kanmon history --json | jq '.[-1].result'": deferred("the last result, for a script"),
    },
)
