"""`kanmon record`: brings GitHub's deployments and releases up to date with the ledger (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.command import Command, NoOptions
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(_: NoOptions, context: Context) -> ExitStatus:
    """Write the missing operations to GitHub."""
    from kanmon.cli.repository import recorder

    lines = recorder(context.config, context.services).record()
    for line in lines or ["GitHub's record is complete already."]:
        context.print(line)
    return ExitStatus.OK


COMMAND = Command(
    "record",
    "Write finished deploys and rollbacks to GitHub's deployments and releases.",
    run,
    NoOptions,
    aws=True,
    token="to write deployments and releases: deployments: write, contents: write, "  # noqa: S106
    "pull-requests: read",
)
