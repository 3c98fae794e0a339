"""`kanmon record`: brings GitHub's deployments and releases up to date with the ledger (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.command import Command, NoOptions
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(_: NoOptions, context: Context) -> ExitStatus:
    """Write the missing operations to GitHub. FAILED if the next run has to add something.

    A refused tag is no failure: the deployment is the record, and no other run could do more.
    """
    from kanmon.cli.repository import recorder

    record = recorder(context.config, context.services).record()
    warnings = record.warnings
    for line in record.lines or ([] if warnings else [phrase("GitHub's record is complete already.")]):
        context.print(line)
    context.warn(warnings)
    return ExitStatus.FAILED if record.missing else ExitStatus.OK


COMMAND = Command(
    "record",
    deferred("Write finished deploys and rollbacks to GitHub's deployments and releases."),
    run,
    NoOptions,
    aws=True,
    token="to write deployments and releases: deployments: write, contents: write, "  # noqa: S106
    "pull-requests: read",
    about="It looks at the last ten operations, and writes all that GitHub lacks of them: "
    "[commands](../commands.md#what-record-writes) has the details.",
    failed="GitHub refused a piece. The next run adds it",
    examples={
        "kanmon record": deferred("bring GitHub up to date"),
    },
)
