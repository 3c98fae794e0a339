"""A decision about a running deploy, from another terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cli.approvals import decision_approver
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase
from kanmon.release.decide import decide

if TYPE_CHECKING:
    from kanmon.cli.context import Context
    from kanmon.ledger.records import DecisionKind


def leave(context: Context, kind: DecisionKind, reason: str, *, yes: bool) -> ExitStatus:
    """Ask for the approval, and leave the decision for the run of the deploy."""
    approver = decision_approver(context, kind, yes=yes)
    decision = decide(context.services, kind, approver, reason=reason)
    context.console.print(
        deferred(
            "[bold]{kind}[/]: Operation {number} obeys: in a bake within seconds, else after its present "
            "step. Look at `kanmon status`."
        ),
        kind=phrase(kind),
        number=decision.operation,
    )
    return ExitStatus.OK
