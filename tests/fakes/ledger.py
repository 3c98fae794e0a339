"""Records of the ledger, and a way to write them past the lease, where another run left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.ledger.ledger import HEAD, as_json
from kanmon.ledger.records import Head, Operation
from kanmon.model import OperationKind, Slot
from tests.fakes.clock import BEGIN

if TYPE_CHECKING:
    from kanmon.ledger.ledger import Ledger


def write_head(ledger: Ledger, **changes: object) -> None:
    """Change fields of the head, as a run with another lease would."""
    head, tag = ledger.found(HEAD, Head) or (Head(), None)
    ledger.store.put(HEAD, as_json(head.model_copy(update=changes)), expected=tag)


def operation(number: int, reason: str = "") -> Operation:
    """A deploy of r1 by kim, as it begins."""
    return Operation(
        number=number,
        kind=OperationKind.DEPLOY,
        release="r1",
        slot=Slot.BLUE,
        actor="kim",
        reason=reason,
        began=BEGIN,
    )


def is_held(ledger: Ledger) -> bool:
    """Whether a person has to decide."""
    operation = ledger.open_operation(ledger.head())
    return operation is not None and operation.held
