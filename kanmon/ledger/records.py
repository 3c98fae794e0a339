"""The ledger's records, stored as JSON with times in UTC."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from kanmon.language import deferred, phrase
from kanmon.model import Approval, OperationKind, Pointer, Record, ReleaseState, Result, Slot, Step
from kanmon.naming import FOUNDATION

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2
"""The version of the stored formats. Kanmon reads this version and all before, and ignores unknown fields.

Raise it when an earlier Kanmon must not work with the record: it would drop the fields that it doesn't know.
Since version 2, a release names its config.
"""


class Stored(Record):
    """A record with an object of its own."""

    version: int = VERSION
    """The version of the format."""


class Fenced(Stored):
    """A record that only the holder of the lease writes; see :class:`kanmon.ledger.writer.LedgerWriter`."""

    token: int = 0
    """The fencing token of its last writer. Every new lease has a higher one."""


class Failure(Record):
    """An error, as it was printed, in the language of its run. People read it; nothing compares it."""

    code: str
    """Such as `KNM-501`."""
    message: str
    """What happened, where, and what to do."""


class CheckRecord(Record):
    """The last result of a smoke check for one target and release."""

    name: str
    """The check's name in the config."""
    target: str
    """Where it ran: `candidate`, `canary`, `live` …"""
    passed: bool
    """Its assertions held."""
    tries: int
    """Requests until it passed, or until it failed for good."""
    milliseconds: float
    """The time of the last try."""
    release: str = ""
    """The release in the answer, empty without one."""
    failure: str = ""
    """Why it failed; empty when it passed."""
    runs: int = 1
    """How often the operation ran the check there."""


class AlarmRecord(Record):
    """An alarm in the state ALARM during an operation."""

    name: str
    """The alarm's name."""
    reason: str
    """CloudWatch's own reason for the state."""
    before: bool = False
    """It fired before the operation began, so it did not count."""


class DecisionKind(StrEnum):
    """What a person wants for a running, a held or a dead operation."""

    PROMOTE = deferred("promote")
    """End the present bake: go on."""
    ABORT = deferred("abort")
    """End the operation: abort, or roll back."""
    RECOVER = deferred("recover")
    """End the operation of a run that died."""
    KEEP = deferred("keep")
    """A held release stays live, and becomes stable."""
    UNDO = deferred("undo")
    """A held release is rolled back."""


class Decision(Stored):
    """A person's decision. About a running operation it is left for the run that holds the lease."""

    operation: int
    """The operation's number."""
    kind: DecisionKind
    """What the person wants."""
    step: Step
    """The step of the operation at the time. To promote is meant for this step alone."""
    approval: Approval
    """The person, and how this was approved."""
    reason: str = ""
    """The person's reason."""


class KeptStack(Record):
    """A stack that a rollback or an abort left as the other release deployed it."""

    stack: str
    """The stack's name."""
    reason: str
    """What would be lost."""


class StepRecord(Record):
    """One step of an operation. It is written before the step acts."""

    step: Step
    """The step."""
    began: datetime
    """When it was written, just before it acts."""
    ended: datetime | None = None
    """None for a failed step, or for the present one. It is written with the next step."""
    note: str = ""
    """For people: what it does in this operation, in English."""
    percent: int | None = Field(None, exclude_if=lambda value: value is None)
    """The share of the API requests that the step `shift` gives to the candidate."""


class Operation(Fenced):
    """One deploy or rollback of the environment, from its intent to its result (CD-11)."""

    number: int
    """Counted up from 1 in each environment."""
    kind: OperationKind
    """Deploy or rollback."""
    release: str
    """The release to deploy, or to return to."""
    base: str | None = None
    """The live release at its begin. Null: there was none."""
    slot: Slot
    """The slot of `release`."""
    actor: str
    """The person, or the user of the workflow's run."""
    run: str = ""
    """The URL of its workflow run."""
    reason: str = ""
    """The person's reason."""
    digest: str = ""
    """The digest of the approved plan or rollback."""
    approval: Approval | None = None
    """Who approved it. Null: an earlier Kanmon did not record it."""
    began: datetime
    """When its record was written."""
    ended: datetime | None = None
    """Null: it is open."""
    previews: tuple[str, ...] = ()
    """The tokens of its open previews."""
    origin: Pointer = Pointer()
    """The API pointer at its begin: an abort and a rollback return to it."""
    steps: tuple[StepRecord, ...] = ()
    """The journal, oldest first."""
    checks: tuple[CheckRecord, ...] = ()
    """The last result of each check, for each target."""
    alarms: tuple[AlarmRecord, ...] = ()
    """The rollback alarms that fired."""
    decisions: tuple[Decision, ...] = ()
    """The decisions that it obeyed."""
    result: Result | None = None
    """Null: it has no result yet."""
    failure: Failure | None = None
    """The error that ended it. Null: none."""
    rollback_seconds: float | None = None
    """How long it took to move users back. Null: it moved none back."""
    traffic_calls: int = 0
    """Calls to AWS that moved users back, or so far."""
    changes: tuple[str, ...] = ()
    """The kinds of stack outside of the slot that the deploy changes. They are written before the changes."""
    kept: tuple[KeptStack, ...] = ()
    """The stacks that could not be restored without a loss."""

    @property
    def held(self) -> bool:
        """A person has to decide. The operation is still open."""
        return self.result is Result.HELD

    @property
    def seconds(self) -> float | None:
        """How long it took; None before its end."""
        return (self.ended - self.began).total_seconds() if self.ended else None

    @property
    def step(self) -> Step:
        """The present step, or the last one."""
        return self.steps[-1].step if self.steps else Step.LOCK

    @property
    def ending(self) -> str:
        """The result, or the present step before the end."""
        return self.result.value if self.result else self.step.value


class StackRecord(Record):
    """A stack as a release deployed it."""

    template: str
    """The template's blob."""
    parameters: dict[str, str]
    """The values at its deploy."""
    sources: dict[str, str] = Field(default_factory=dict)
    """The parameters from another stack's output, such as `foundation.DatabaseHost`: it may change later."""
    tags: dict[str, str] = Field(default_factory=dict)
    """The stack's tags."""

    @property
    def needs(self) -> set[str]:
        """The kinds of the stacks with its sources."""
        return {source.partition(".")[0] for source in self.sources.values()}

    def present_parameters(self, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """The parameters with the values that their sources have now, by the stacks' kinds."""
        found = {key: source.partition(".") for key, source in self.sources.items()}
        now = {key: outputs.get(stack, {}).get(output) for key, (stack, _, output) in found.items()}
        return self.parameters | {key: value for key, value in now.items() if value is not None}


class PlannedRelease(Stored):
    """A release as the plan records it, once, to take its id.

    The plan's role can write it. So a deploy compares it with the approved plan, and never uses it.
    """

    id: str
    """Such as `r42`."""
    commit: str
    """The commit of the app."""
    bundle: str
    """The SHA-256 of the bundle's manifest."""
    config: str = ""
    """The blob of its config. Empty for a bundle of an earlier format, which has the config inside."""
    created: datetime
    """When it was planned."""


class Release(PlannedRelease, Fenced):
    """A release as the deploy records it, with everything needed to serve it again.

    Only the deploy role can write it: an automatic rollback to it needs no approval.
    """

    state: ReleaseState = ReleaseState.PLANNED
    """Its state."""
    base: str | None = None
    """The live release at the time of its deploy. A rollback from this release returns to it."""
    slot: Slot = Slot.NONE
    """The slot of its last deploy. `none`: no deploy gave it one."""
    stacks: dict[str, StackRecord] = Field(default_factory=dict)
    """All its stacks by their kinds, from its deploy: the slot's has its triggers off."""
    assets: tuple[str, ...] = Field((), exclude_if=lambda value: not value)
    """The blobs with the hashed assets that its deploy published: packs, or one asset."""
    assets_gone: bool = Field(False, exclude_if=lambda value: not value)
    """A later operation missed some of its hashed assets in the web bucket."""
    notifier: str = ""
    """The blob of its notifier's package; empty without a chat channel."""
    settings: dict[str, str] | None = None
    """`web.settings` with the values of stacks' outputs, from its deploy. None: the config's own texts."""
    pointer: Pointer = Pointer()
    """The API's deployment and slot that serve it."""
    verified_at: datetime | None = None
    """When a deploy compared S3's SHA-256 of all its files with their names, before it used one. A blob can't
    be written twice, so this holds for later uses."""
    database_schema: int | None = Field(None, exclude_if=lambda value: value is None)
    """The schema of the database that it was made for: the one after its hooks. None: nobody stated one."""
    stable_at: datetime | None = None
    """The first time it passed everything. Only then a rollback may return to it."""

    @property
    def number(self) -> int:
        """The number in its id. A later plan has a higher one."""
        return int(self.id[1:])

    @property
    def pool_triggers(self) -> Mapping[str, str]:
        """The parameters of its foundation: they have the triggers of the user pool, when it is live."""
        foundation = self.stacks.get(FOUNDATION)
        return foundation.parameters if foundation else {}

    @property
    def own_files(self) -> frozenset[str]:
        """The digests of its blobs, beside those of its bundle."""
        templates = (stack.template for stack in self.stacks.values())
        return frozenset({self.bundle, self.config, self.notifier, *self.assets, *templates} - {""})

    @property
    def digest(self) -> str:
        """The SHA-256 of all that a rollback to it uses: the whole record, with its bundle's digest.

        The fencing token is not in it: each operation near the release writes another one.
        """
        content = json.dumps(self.model_dump(mode="json", exclude={"token"}), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


class Threads(Stored):
    """The thread of a release's messages in each chat channel, by the channel's name."""

    threads: dict[str, str]
    """The thread's id in each channel."""


class Lease(Record):
    """The lease of the environment: only its holder may change anything. Its token is the head's."""

    holder: str
    """The process: who, and where."""
    expires: datetime
    """After this time, another run may take the lease."""


UNDONE = deferred("{release} was rolled back")
"""The reason of a freeze that no person gave."""


class Freeze(Record):
    """Set by a rollback: the next deploy needs a reason to lift it."""

    reason: str
    """Why. In English, if no person gave the reason."""
    since: datetime
    """Since when."""
    operation: int
    """The rollback's number."""
    undone: str = Field("", exclude_if=lambda value: not value)
    """The release of a deploy that was rolled back: this is the reason. Empty: a person gave one."""

    @property
    def cause(self) -> str:
        """Why, in the chosen language."""
        return phrase(UNDONE, release=self.undone) if self.undone else self.reason


class Destruction(Record):
    """The last `kanmon destroy` of the environment."""

    by: str
    """Who ran the command."""
    began: datetime
    """When it began."""
    data: bool
    """The data had to go, too."""
    ended: datetime | None = None
    """None: it did not end, and somebody has to repeat it."""


class DatabaseSchema(Record):
    """The schema of the database, as a hook answered it."""

    number: int
    """The number of the schema, such as that of the applied migrations."""
    compatible_with: int = 0
    """The lowest schema that a release may be made for, and runs on this one."""


class Head(Fenced):
    """The environment's present state: its live release, its slots, its lease."""

    live: str | None = None
    """The release that users are on. Null before the first one."""
    pointer: Pointer = Pointer()
    """The API pointer, as the last operation moved it."""
    slots: dict[Slot, str] = Field(default_factory=dict)
    """The release in each slot."""
    kept: tuple[str, ...] = ()
    """The stable releases that a rollback may return to, oldest first: all their files are there."""
    operations: int = 0
    """The number of the last operation."""
    operation: int | None = None
    """The number of the open operation. Null: none is open."""
    lease: Lease | None = None
    """Null: nobody has it."""
    freeze: Freeze | None = None
    """Null: the environment is not frozen."""
    destroyed: Destruction | None = None
    """Null: `kanmon destroy` was never run."""
    database_schema: DatabaseSchema | None = Field(None, exclude_if=lambda value: value is None)
    """Null: no hook answered one."""
