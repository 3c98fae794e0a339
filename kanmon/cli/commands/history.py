"""`kanmon history`: shows every operation, with release, actor and result (CD-11)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, flag
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class HistoryOptions:
    """The format of the output."""

    json: bool = flag("print JSON for a script", terminal_only=True)


def run(options: HistoryOptions, context: Context) -> ExitStatus:
    """Show every operation, the newest first; as JSON the oldest first."""
    from kanmon.report.terminal import print_history

    ledger = context.services.ledger
    operations = ledger.operations()
    if options.json:
        content = [operation.model_dump(mode="json") for operation in operations]
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        print_history(context.console, operations, {release.id: release for release in ledger.releases()})
    return ExitStatus.OK


COMMAND = Command(
    "history",
    "Show what was released, by whom, and how it ended.",
    run,
    HistoryOptions,
    aws=True,
    action=False,
)
