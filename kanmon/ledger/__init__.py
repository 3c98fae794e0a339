"""The room of the ledger: the durable record of releases and their states, and the lease."""

from kanmon.ledger.ledger import Ledger
from kanmon.ledger.records import (
    AlarmRecord,
    Approval,
    Attempt,
    CheckRecord,
    Failure,
    Freeze,
    Head,
    Lease,
    Pointer,
    Release,
    Result,
    Slot,
    State,
    Transition,
)
from kanmon.ledger.store import Conflict, S3Store, Store

__all__ = [
    "AlarmRecord",
    "Approval",
    "Attempt",
    "CheckRecord",
    "Conflict",
    "Failure",
    "Freeze",
    "Head",
    "Lease",
    "Ledger",
    "Pointer",
    "Release",
    "Result",
    "S3Store",
    "Slot",
    "State",
    "Store",
    "Transition",
]
