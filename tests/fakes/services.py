"""The smaller ports: checks, hooks, database, approval."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon.checks import CheckResult, FiringAlarm, Target
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Approval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanmon.approval import Approvable
    from kanmon.config import Check, Hook
    from kanmon.ledger import Slot


@dataclass
class FakeChecks:
    """Asks what the traffic serves: a check passes when the release meant answers, and isn't faulty there."""

    answering: Callable[[Check, Target], str | None]
    faulty: set[tuple[str, str]]
    """Release and target's name: `("r4", "live")` is a release that fails only live."""
    ran: list[tuple[str, str]]

    def run(self, checks: Sequence[Check], target: Target) -> list[CheckResult]:
        self.ran.append((target.name, target.release))
        return [self._result(check, target) for check in checks]

    def _result(self, check: Check, target: Target) -> CheckResult:
        release = self.answering(check, target) or ""
        failure = ""
        if release != target.release:
            failure = f"answered by {release or 'nobody'} instead of {target.release}"
        elif (release, target.name) in self.faulty:
            failure = "status is 500 instead of 200"
        return CheckResult(check, target, not failure, 1, 0.01, release, failure)


@dataclass
class FakeAlarms:
    """Alarms that fire because a test says so, or because users are on a release that makes noise."""

    ringing: dict[str, str]
    """Names with their reasons; there are no others."""
    noise: Callable[[], dict[str, str]]

    def firing(self, names: Sequence[str]) -> list[FiringAlarm]:
        present = self.ringing | self.noise()
        return [FiringAlarm(name, present[name]) for name in names if name in present]


@dataclass
class FakeHooks:
    """Remembers what ran where; can fail."""

    failing: set[str] = field(default_factory=set)
    ran: list[tuple[str, str, str]] = field(default_factory=list)

    def run(self, hook: Hook, slot: Slot, release: str) -> str:
        self.ran.append((hook.name, slot.value, release))
        if hook.name in self.failing:
            raise KanmonError(Code.HOOK_FAILED, f"{hook.name}: relation exists already")
        return "migrated"


@dataclass
class FakeDatabase:
    """Snapshots, begun and awaited."""

    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failing: bool = False

    def begin_snapshot(self, cluster: str, name: str) -> None:
        del cluster
        if name not in self.begun:
            self.begun.append(name)

    def await_snapshot(self, name: str) -> None:
        if self.failing or name not in self.begun:
            raise KanmonError(Code.SNAPSHOT_FAILED, "The snapshot is failed.", where=name)
        self.done.append(name)


@dataclass
class FakeApproval:
    """Somebody who says yes, no, or yes to another plan."""

    says: bool = True
    digest: str = ""
    asked: int = 0

    def approve(self, what: Approvable) -> Approval:
        self.asked += 1
        if not self.says:
            raise KanmonError(Code.NOT_APPROVED, f"aki did not approve {what.release}.")
        digest = self.digest or what.digest
        return Approval(by="aki", how="test", digest=digest, at=datetime.now(UTC))
