"""The ledger's records, stored as JSON with times in UTC."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from kanmon.model import Approval, OperationKind, Pointer, Record, Result, Slot, State

VERSION = 1
"""The version of the stored formats. Kanmon reads this version and all before, and ignores unknown fields.

Raise it when an earlier Kanmon must not work with the record: it would drop the fields that it doesn't know.
"""


class Stored(Record):
    """A record with an object of its own."""

    version: int = VERSION


class Fenced(Stored):
    """A record that only the holder of the lease writes; see :class:`kanmon.ledger.writer.LedgerWriter`."""

    token: int = 0
    """The fencing token of its last writer. Every new lease has a higher one."""


class Failure(Record):
    """An error, as it was printed."""

    code: str
    message: str


class CheckRecord(Record):
    """The last result of a smoke check for one target and release."""

    name: str
    target: str
    passed: bool
    tries: int
    milliseconds: float
    release: str = ""
    failure: str = ""
    runs: int = 1
    """How often the operation ran the check there."""


class AlarmRecord(Record):
    """An alarm in the state ALARM during an operation."""

    name: str
    reason: str
    before: bool = False
    """It fired before the operation began, so it did not count."""


class Transition(Record):
    """One step of an operation: its intent is written before the action, its outcome after."""

    state: State
    began: datetime
    ended: datetime | None = None
    note: str = ""


class Operation(Fenced):
    """One deploy or rollback of the environment, from its intent to its result (CD-11)."""

    number: int
    kind: OperationKind
    release: str
    base: str | None = None
    slot: Slot
    actor: str
    run: str = ""
    """The URL of its workflow run."""
    reason: str = ""
    digest: str = ""
    approval: Approval | None = None
    began: datetime
    ended: datetime | None = None
    preview: str = ""
    origin: Pointer = Pointer()
    transitions: tuple[Transition, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()
    result: Result | None = None
    failure: Failure | None = None
    rollback_seconds: float | None = None
    traffic_calls: int = 0

    @property
    def seconds(self) -> float | None:
        """How long it took; None before its end."""
        return (self.ended - self.began).total_seconds() if self.ended else None

    @property
    def state(self) -> State:
        """The state of the last step."""
        return self.transitions[-1].state if self.transitions else State.BUILT

    @property
    def ending(self) -> str:
        """The result, or the present state before the end."""
        return self.result.value if self.result else self.state.value


class PlannedRelease(Stored):
    """A release as the plan records it, once. The plan's role can write it, so no deploy trusts it later."""

    id: str
    commit: str
    bundle: str
    created: datetime


class Release(PlannedRelease, Fenced):
    """A release as the deploy records it, with everything needed to serve it again."""

    state: State = State.PLANNED
    base: str | None = None
    """The live release at the time of its deploy. A rollback from this release returns to it."""
    slot: Slot = Slot.NONE
    slot_template: str = ""
    slot_parameters: dict[str, str] = Field(default_factory=dict)
    """The stack's parameters before the release went live: with its triggers off."""
    pointer: Pointer = Pointer()
    stable_at: datetime | None = None
    """The first time it passed everything. Only then a rollback may return to it."""

    @property
    def number(self) -> int:
        """The number in its id. A later plan has a higher one."""
        return int(self.id[1:])


class Threads(Stored):
    """The thread of a release's messages in each chat channel, by the channel's name."""

    threads: dict[str, str]


class Lease(Record):
    """The lease of the environment: only its holder may change anything. Its token is the head's."""

    holder: str
    expires: datetime


class Freeze(Record):
    """Set by a rollback: the next deploy needs a reason to lift it."""

    reason: str
    since: datetime
    operation: int


class Head(Fenced):
    """The environment's present state: its live release, its slots, its lease."""

    live: str | None = None
    pointer: Pointer = Pointer()
    slots: dict[Slot, str] = Field(default_factory=dict)
    operations: int = 0
    operation: int | None = None
    held: bool = False
    lease: Lease | None = None
    freeze: Freeze | None = None
