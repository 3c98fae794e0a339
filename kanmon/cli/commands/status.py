"""`kanmon status`: shows the live release, and any lock, freeze or hold of the environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, flag
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from kanmon.cli.context import Context


@dataclass(frozen=True)
class StatusOptions:
    """The format of the output."""

    json: bool = flag("print JSON for a script", terminal_only=True)


def run(options: StatusOptions, context: Context) -> ExitStatus:
    """Show the ledger's head."""
    from kanmon.report.terminal import print_status

    ledger = context.services.ledger
    head = ledger.head()
    if options.json:
        sys.stdout.write(head.model_dump_json(indent=1) + "\n")
    else:
        live = ledger.release(head.live) if head.live else None
        print_status(context.console, head, live)
    return ExitStatus.OK


COMMAND = Command(
    "status", "Show who is live and what holds the environment.", run, StatusOptions, aws=True, action=False
)
