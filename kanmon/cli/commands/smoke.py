"""`kanmon smoke`: runs the live release's smoke checks (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.command import Command, NoOptions
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(_: NoOptions, context: Context) -> ExitStatus:
    """Run the checks. A failed one fails the command."""
    from kanmon.release.checking import refuse_failed
    from kanmon.release.journal import check_record
    from kanmon.release.smoke import smoke
    from kanmon.report.terminal import Progress

    services = context.services
    results = smoke(services, context.config, Progress(context.console, services.clock.now()))
    if context.step:
        context.step.checks([check_record(result) for result in results])
    try:
        refuse_failed(results)
    except KanmonError as error:
        context.show_error(error)
        return ExitStatus.FAILED
    context.console.print(deferred("[green]All {number} checks passed.[/]"), number=len(results))
    return ExitStatus.OK


COMMAND = Command(
    "smoke",
    deferred("Run the live release's smoke checks."),
    run,
    NoOptions,
    aws=True,
    outputs={"passed": "the number of passed checks"},
    failed="a check failed",
    examples={
        "kanmon smoke": deferred("is the live release well?"),
    },
)
