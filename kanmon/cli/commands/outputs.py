"""`kanmon outputs`: shows the addresses, ids, ARNs and log groups of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.command import Command, FormatOptions
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(options: FormatOptions, context: Context) -> ExitStatus:
    """Show all outputs of the environment's stacks by plain names."""
    from kanmon.cli.wiring import app_url
    from kanmon.release.outputs import flat, read_outputs

    config, services = context.config, context.services
    found = read_outputs(services, config, app_url(config, services))
    if options.json:
        context.print_json(found)
    elif found:
        rows = (((name, value), "") for name, value in flat(found).items())
        context.console.table((phrase("output"), phrase("value")), rows, right=())
    else:
        context.print(phrase("{prefix} has no stacks yet.", prefix=config.prefix))
    return ExitStatus.OK


COMMAND = Command(
    "outputs",
    deferred("Show the addresses, ids, ARNs, queues and log groups of the environment."),
    run,
    FormatOptions,
    aws=True,
    action=False,
    about="They are the address, the dashboard, the user pool, the database's host, the ARNs of "
    "secrets, and all outputs of the stacks.",
    examples={
        "kanmon outputs": deferred("show them"),
        "kanmon outputs --json | jq -r .user_pool.id": deferred("an id for a script"),
    },
)
