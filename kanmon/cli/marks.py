"""Marks what became of a run, where users were moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Result
from kanmon.marks import Mark, Marks

if TYPE_CHECKING:
    from kanmon.cli.wiring import Account
    from kanmon.release.session import Outcome

_MARKS = {Result.STABLE: Mark.RELEASE, Result.ROLLED_BACK: Mark.ROLLBACK}


def mark(account: Account, outcome: Outcome) -> list[KanmonError]:
    """Mark how a run ended; a mark that can't be put is only to be warned of."""
    wanted = _MARKS.get(outcome.result)
    if wanted is None:
        return []
    config = account.config
    try:
        Marks(account.aws.cloudwatch, config.app, config.environment).put(wanted)
    except KanmonError as error:
        return [KanmonError(Code.MARK_FAILED, error.message, where=error.where)]
    return []
