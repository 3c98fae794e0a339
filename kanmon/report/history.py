"""The history of an environment in the terminal (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase
from kanmon.report.console import styled
from kanmon.report.terminal import LONGEST_CAUSE, RESULT_COLOURS
from kanmon.text import duration, one_line, short_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.ledger.records import Decision, Operation, Release
    from kanmon.report.console import Screen

_TITLES = deferred("# | when (UTC) | what | release | commit | from | by | approved by | result | took")
"""The columns of the history."""


def _decided(decision: Decision) -> str:
    kind, person = phrase(decision.kind), decision.approval.by
    if decision.reason:
        return phrase("{person}: {kind}, {reason}", person=person, kind=kind, reason=decision.reason)
    return f"{person}: {kind}"


def _why(operation: Operation) -> str:
    """The cause of an operation's end: a person's decision first."""
    decided = [_decided(one) for one in operation.decisions]
    failed = [operation.failure.message] if operation.failure else []
    return "; ".join(decided + failed) or operation.reason


def print_history(
    console: Screen, operations: list[Operation], releases: dict[str, Release], named: Sequence[str]
) -> None:
    """Show all operations, newest first: time, commit, actor, approval, result and cause of each (CD-11).

    The last line has the releases that a rollback may be given by name, the newest first.
    """
    rows = (_history_row(operation, releases.get(operation.release)) for operation in reversed(operations))
    titles = phrase(_TITLES).split(" | ")
    console.table(titles, rows, right={titles[0], titles[-1]})
    console.print(deferred("kept for a rollback: {kept}"), kept=", ".join(named) or phrase("none"))


def _history_row(operation: Operation, release: Release | None) -> tuple[tuple[object, ...], str]:
    cells = (
        operation.number,
        f"{operation.began:%Y-%m-%d %H:%M}",
        phrase(operation.kind),
        operation.release,
        short_commit(release.commit) if release else "",
        operation.base or "",
        operation.actor,
        operation.approval.by if operation.approval else "",
        styled(phrase(operation.ending), RESULT_COLOURS.get(operation.ending, "white")),
        "" if operation.seconds is None else duration(operation.seconds),
    )
    return cells, one_line(_why(operation), LONGEST_CAUSE)
