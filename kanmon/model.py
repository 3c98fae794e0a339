"""The nouns of a release, shared by all packages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kanmon.language import deferred
from kanmon.naming import RELEASE_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Slot(StrEnum):
    """One of the two complete copies of the app's compute; `NONE` before the first release."""

    BLUE = "blue"
    """The first one."""
    GREEN = "green"
    """The second one."""
    NONE = "none"
    """No slot yet."""

    @property
    def other(self) -> Slot:
        """The idle slot when this one is live; blue when no slot is live."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


SLOTS = (Slot.BLUE, Slot.GREEN)


@dataclass(frozen=True)
class Resource:
    """One resource in AWS: CloudFormation's name of its type, and its physical id."""

    type: str
    id: str

    def __str__(self) -> str:
        """The resource for people."""
        return f"{self.type} {self.id}"


class Step(StrEnum):
    """A step of an operation. :mod:`kanmon.release.transitions` has the rules of each."""

    LOCK = "lock"
    PROVISION = "provision"
    VERIFY = "verify"
    SHIFT = "shift"
    PROMOTE = "promote"
    COMPLETE = "complete"
    ABORT = "abort"
    ROLL_BACK = "roll back"
    HOLD = "hold"


class ReleaseState(StrEnum):
    """The state of a release. The ledger's head has the live release."""

    PLANNED = "planned"
    """No deploy has begun it."""
    CANDIDATE = "candidate"
    """Its deploy has begun, and has not ended."""
    STABLE = "stable"
    """It passed everything."""
    ABORTED = "aborted"
    """Its deploy ended before users were on it."""
    ROLLED_BACK = "rolled back"
    """Users were on it, and are back on another release."""


class OperationKind(StrEnum):
    """The kind of an operation."""

    DEPLOY = deferred("deploy")
    """Brings a new release."""
    ROLLBACK = deferred("rollback")
    """Returns to an earlier release, by hand."""


class Result(StrEnum):
    """The result of an operation."""

    STABLE = deferred("stable")
    """Users are on the new release."""
    UNCHANGED = deferred("unchanged")
    """The release was live already."""
    ABORTED = deferred("aborted")
    """Users stayed on the old release."""
    ROLLED_BACK = deferred("rolled back")
    """Users are back on the old release."""
    HELD = deferred("held")
    """A person has to decide. The operation stays open."""
    FAILED = deferred("failed")
    """It could not end itself. The operation stays open: run `kanmon recover`."""

    def is_success(self, kind: OperationKind) -> bool:
        """Whether an operation of this kind has reached its aim."""
        aims = {Result.STABLE, Result.UNCHANGED}
        return self in aims or (kind is OperationKind.ROLLBACK and self is Result.ROLLED_BACK)


class Record(BaseModel):
    """Stored data: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pointer(Record):
    """The API pointer: a deployment (a snapshot of the routes) and the slot behind it."""

    deployment: str = ""
    """The deployment's id in API Gateway. Empty: there is none."""
    slot: Slot = Slot.NONE
    """The slot behind it."""


class Approval(Record):
    """The approval of a plan or a rollback: the person, the way, the approved digest."""

    by: str
    """The person."""
    how: str
    """`terminal`, `--yes`, or GitHub's environment with the address of the run; in the run's language."""
    digest: str
    """The SHA-256 of what was approved."""
    at: datetime
    """When Kanmon saw the approval."""


class WebFile(Record):
    """One file of the web app."""

    sha256: str
    size: int
    immutable: bool
    """Its name has a hash of its content: it is kept for all releases and cached for ever."""
    type: str = Field("", exclude_if=lambda value: not value)
    """Its media type, read from its content; empty when its name alone gives it."""
    encoding: str = Field("", exclude_if=lambda value: not value)
    """The encoding that its bytes have from the build, such as `gzip`."""
    source: str = Field("", exclude_if=lambda value: not value)
    """The file of the bundle with its content, when that has another name."""


def once_fixed(files: Mapping[str, WebFile], live: Mapping[str, WebFile]) -> dict[str, WebFile]:
    """The hashed assets that have a fixed name in the live release, and other content there.

    Users of that release need its content until the move. Nobody keeps a copy of it.
    """
    return {
        name: file
        for name, file in files.items()
        if file.immutable and name in live and not live[name].immutable and live[name].sha256 != file.sha256
    }


@dataclass(frozen=True)
class Answer:
    """An HTTP answer to a smoke check."""

    status: int
    headers: Mapping[str, str]
    """The names are in lower case."""
    body: bytes
    seconds: float
    cut: bool = False
    """The body has more bytes, not read."""
    cookies: Mapping[str, str] = field(default_factory=dict)
    """The cookies that it sets."""

    @property
    def release(self) -> str:
        """The release in the answer's headers; empty when there is none."""
        return next((self.headers[name] for name in RELEASE_HEADERS if name in self.headers), "")
