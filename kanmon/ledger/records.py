"""The ledger's records, stored as JSON. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Slot(StrEnum):
    """One of the two complete copies of the app's compute, or none before the first release."""

    BLUE = "blue"
    GREEN = "green"
    NONE = "none"

    @property
    def other(self) -> Slot:
        """The slot that is idle when this one is live; blue when none is."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


class State(StrEnum):
    """Where a release is in its life."""

    BUILT = "built"
    PLANNED = "planned"
    APPROVED = "approved"
    LOCKED = "locked"
    PROVISIONED = "provisioned"
    VERIFIED = "verified"
    SHIFTING = "shifting"
    LIVE = "live"
    STABLE = "stable"
    ABORTED = "aborted"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    HELD = "held"

    @property
    def takes_traffic(self) -> bool:
        """Users may be on the release, or the head may say so, so that ending it means taking it back."""
        return self in {State.SHIFTING, State.LIVE, State.ROLLING_BACK, State.ROLLED_BACK, State.HELD}


class Result(StrEnum):
    """Every way in which an attempt can end."""

    STABLE = "stable"
    UNCHANGED = "unchanged"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    FAILED = "failed"


class Record(BaseModel):
    """A record: immutable, and refusing what it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pointer(Record):
    """What the API's live stage serves: a snapshot of the routes, and the slot behind them."""

    deployment: str = ""
    slot: Slot = Slot.NONE


class Approval(Record):
    """Who let a plan through, and how."""

    by: str
    how: str
    digest: str
    at: datetime


class Failure(Record):
    """Why something didn't end well, as it was printed."""

    code: str
    message: str


class CheckRecord(Record):
    """One smoke check's verdict."""

    name: str
    target: str
    passed: bool
    attempts: int
    milliseconds: float
    release: str = ""
    failure: str = ""


class AlarmRecord(Record):
    """An alarm that fired while an attempt was watched."""

    name: str
    reason: str
    before: bool = False
    """It fired before the attempt began, so that it did not count."""


class Transition(Record):
    """One step of an attempt: its intent is written before the action, its outcome after."""

    state: State
    began: datetime
    ended: datetime | None = None
    note: str = ""


class Attempt(Record):
    """One run against the environment: a deploy or a rollback, from intent to result (CD-11)."""

    number: int
    kind: str
    release: str
    base: str | None = None
    slot: Slot
    actor: str
    run: str = ""
    """The page of the workflow run that did it."""
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
    def state(self) -> State:
        """The state last announced."""
        return self.transitions[-1].state if self.transitions else State.BUILT


class Release(Record):
    """One version of the app and all that is needed to serve it again."""

    id: str
    commit: str
    bundle: str
    created: datetime
    state: State = State.PLANNED
    slot: Slot = Slot.NONE
    slot_template: str = ""
    slot_parameters: dict[str, str] = Field(default_factory=dict)
    """As it came up, before any user: with its background work off."""
    pointer: Pointer = Pointer()
    stable_at: datetime | None = None
    thread: str = ""
    """Where Slack keeps what was said of it."""


class Lease(Record):
    """The lock of the environment. `token` rises with every taking (a fencing number)."""

    holder: str
    token: int
    expires: datetime


class Freeze(Record):
    """Set by a rollback: the next deploy needs a reason to lift it."""

    reason: str
    since: datetime
    attempt: int


class Head(Record):
    """The environment's present: who is live, what is in the slots, who holds the lock."""

    live: str | None = None
    pointer: Pointer = Pointer()
    stable: tuple[str, ...] = ()
    """The releases that passed everything and were not taken back, oldest first."""
    slots: dict[Slot, str] = Field(default_factory=dict)
    attempts: int = 0
    attempt: int | None = None
    held: bool = False
    lease: Lease | None = None
    leases: int = 0
    freeze: Freeze | None = None
    written_by: str = ""
    """A mark of the write itself, by which a writer knows its own when the answer was lost."""
