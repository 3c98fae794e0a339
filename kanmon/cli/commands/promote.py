"""`kanmon promote`: makes the candidate of a running deploy live for all users (CD-8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, flag, given_reason
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context
    from kanmon.errors import ExitStatus


@dataclass(frozen=True)
class PromoteOptions:
    """A person's decision."""

    reason: str = given_reason()
    yes: bool = flag(deferred("promote without a question"), terminal_only=True)


def run(options: PromoteOptions, context: Context) -> ExitStatus:
    """Leave the decision for the run of the deploy."""
    from kanmon.cli.decision import leave
    from kanmon.ledger.records import DecisionKind

    return leave(context, DecisionKind.PROMOTE, options.reason, yes=options.yes)


COMMAND = Command(
    "promote",
    deferred(
        "End the present bake of a running deploy: skip the rest of the canary, or complete the release."
    ),
    run,
    PromoteOptions,
    aws=True,
    action=False,
    about="It is for a deploy in another terminal. During a canary the release goes live; after that it"
    " is stable at once.",
    examples={
        'kanmon promote --reason "metrics are fine"': deferred("go on without waiting"),
    },
)
