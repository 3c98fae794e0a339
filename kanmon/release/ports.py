"""What the state machine needs of the world, as Protocols: the real services and the tests' fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kanmon.approval import Approvable
    from kanmon.bundle import Manifest
    from kanmon.checks import CheckResult, FiringAlarm, Target
    from kanmon.cloudformation import ChangeSet, DeployedStack
    from kanmon.cloudformation.stacks import StackEvent
    from kanmon.config import Check, Config, Hook
    from kanmon.ledger import Approval, Ledger, Pointer, Slot


class StacksPort(Protocol):
    """See :class:`kanmon.cloudformation.Stacks`."""

    def find(self, name: str) -> DeployedStack | None: ...
    def body(self, name: str) -> str: ...
    def propose(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        existing: DeployedStack | None,
    ) -> ChangeSet | None: ...
    def verify(self, change_set: ChangeSet) -> None: ...
    def execute(
        self,
        change_set: ChangeSet,
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None = None,
    ) -> DeployedStack: ...
    def protect(self, name: str, policy: str) -> None: ...


class BlobsPort(Protocol):
    """See :class:`kanmon.bundle.Blobs`."""

    def put(self, content: bytes) -> str: ...
    def get(self, sha256: str) -> bytes: ...
    def manifest(self, digest: str) -> Manifest: ...
    def url(self, sha256: str) -> str: ...
    def missing(self, sha256s: Iterable[str]) -> list[str]: ...


class ApiPort(Protocol):
    """See :class:`kanmon.traffic.ApiStages`."""

    def live(self) -> Pointer | None: ...
    def move(self, target: Pointer, *, allowed: frozenset[Pointer]) -> bool: ...
    def shift(self, candidate: Pointer, percent: int) -> None: ...
    def settle(self, manifest: Manifest) -> bool: ...
    def open_trial(self, token: str, pointer: Pointer) -> None: ...
    def close_trial(self, token: str) -> None: ...


class WebPort(Protocol):
    """See :class:`kanmon.traffic.WebPages`."""

    def live(self) -> str | None: ...
    def publish(self, release: str, manifest: Manifest) -> None: ...
    def move(self, release: str, manifest: Manifest, base: Manifest | None) -> int: ...
    def clear(self) -> bool: ...
    def settle(self, manifest: Manifest, base: Manifest | None) -> None: ...


class ChecksPort(Protocol):
    """See :class:`kanmon.checks.Checks`."""

    def run(self, checks: Sequence[Check], target: Target) -> list[CheckResult]: ...


class AlarmsPort(Protocol):
    """See :class:`kanmon.checks.Alarms`."""

    def firing(self, names: Sequence[str]) -> list[FiringAlarm]: ...


class HooksPort(Protocol):
    """See :class:`kanmon.hooks.Hooks`."""

    def run(self, hook: Hook, slot: Slot, release: str) -> str: ...


class DatabasePort(Protocol):
    """See :class:`kanmon.database.Database`."""

    def begin_snapshot(self, cluster: str, name: str) -> None: ...
    def await_snapshot(self, name: str) -> None: ...


class ApprovalPort(Protocol):
    """Whoever lets a plan or a rollback through, or raises NOT_APPROVED."""

    def approve(self, what: Approvable) -> Approval: ...


@dataclass(frozen=True)
class Entrance:
    """The app's traffic, once its API and its edge exist."""

    api: ApiPort
    web: WebPort
    checks: ChecksPort
    url: str


@dataclass(frozen=True)
class World:
    """Everything outside the state machine."""

    ledger: Ledger
    stacks: StacksPort
    blobs: BlobsPort
    hooks: HooksPort
    database: DatabasePort
    alarms: AlarmsPort
    entrance: Callable[[Config, Mapping[str, Mapping[str, str]]], Entrance]
    """Opens the entrance from the stacks' outputs, by stack part."""
    actor: str
    run: str
    """The page of the workflow run; empty outside of one."""
    pause: Callable[[float], None]
    """Waits some seconds; an interruption ends it with an exception."""
