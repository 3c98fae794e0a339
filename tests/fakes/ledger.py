"""Writes records past the lease, to begin a test where another run left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.ledger.ledger import HEAD, as_json
from kanmon.ledger.records import Head

if TYPE_CHECKING:
    from kanmon.ledger.ledger import Ledger


def write_head(ledger: Ledger, **changes: object) -> None:
    """Change fields of the head, as a run with another lease would."""
    head, tag = ledger.found(HEAD, Head) or (Head(), None)
    ledger.store.put(HEAD, as_json(head.model_copy(update=changes)), expected=tag)
