"""`kanmon abort`: ends a running deploy, and returns users to the old release (CD-8, CD-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, flag, given_reason
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context
    from kanmon.errors import ExitStatus


@dataclass(frozen=True)
class AbortOptions:
    """A person's decision."""

    reason: str = given_reason()
    yes: bool = flag(deferred("abort without a question"), terminal_only=True)


def run(options: AbortOptions, context: Context) -> ExitStatus:
    """Leave the decision for the run of the deploy."""
    from kanmon.cli.decision import leave
    from kanmon.ledger.records import DecisionKind

    return leave(context, DecisionKind.ABORT, options.reason, yes=options.yes)


COMMAND = Command(
    "abort",
    deferred("End a running deploy: abort the candidate, or roll the live release back."),
    run,
    AbortOptions,
    aws=True,
    action=False,
    about="It is for a deploy in another terminal.",
    examples={
        'kanmon abort --reason "prices are wrong"': deferred("end the running release"),
    },
)
