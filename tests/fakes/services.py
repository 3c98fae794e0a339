"""The smaller ports: checks, alarms, functions, snapshots, approval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from kanmon.apptest.results import Case, CaseOutcome, Results
from kanmon.apptest.run import CommandResult, Verdict
from kanmon.aws.alarms import FiringAlarm
from kanmon.aws.functions import AccountConcurrency
from kanmon.checks.execution import CheckResult
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Approval
from tests.fakes.clock import BEGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanmon.approval.prompt import Approvable
    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.config.verify import Verify


@dataclass
class FakeChecks:
    """A check passes if the expected release answers and is not faulty there."""

    answering: Callable[[Check, Target], str | None]
    faulty: set[tuple[str, str]]
    """See :class:`tests.fakes.cloud.Cloud`."""
    absent: set[str]
    """See :class:`tests.fakes.cloud.Cloud`."""
    ran: list[tuple[str, str]]
    throttled: set[tuple[str, str]]
    """See :class:`tests.fakes.cloud.Cloud`."""

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
        if target.arrival and target.name in self.absent:
            return CheckResult(check, target, False, 1, 0.01, "", "status is 403", arrived=False)
        invoked = (release, target.name) not in self.throttled
        return CheckResult(check, target, not failure, 1, 0.01, release, failure, invoked=invoked)


@dataclass
class FakePreviewTests:
    """The team's own tests. They fail for some releases, and can't run on some machines."""

    failing: set[str] = field(default_factory=set)
    """Releases."""
    engine: bool = True
    prepared: list[str] = field(default_factory=list)
    """Commits."""
    ran: list[tuple[str, str, str]] = field(default_factory=list)
    """The commit, the release and the preview's token."""
    meanwhile: Callable[[], object] = lambda: None

    def prepare(self, verify: Verify, commit: str) -> None:
        del verify
        if not self.engine:
            raise KanmonError(Code.CONTAINER_FAILED, "There is no command `docker` here.")
        self.prepared.append(commit)

    def run(
        self, verify: Verify, commit: str, target: Target, url: str, watch: Callable[[], object]
    ) -> Verdict:
        assert url == "https://edge.test"
        self.ran.append((commit, target.release, target.preview))
        self.meanwhile()
        watch()
        bad = target.release in self.failing
        outcome = CaseOutcome.FAILED if bad else CaseOutcome.PASSED
        case = Case("buys a book", "shop", "", None, 0.1, outcome, "", "")
        failures = (KanmonError(Code.TESTS_FAILED, "1 of 1 tests failed; the first is buys a book."),)
        commands = tuple(CommandResult(command, int(bad), 1.0) for command in verify.commands)
        return Verdict(Results((case,)), None, None, commands, failures if bad else ())


@dataclass
class FakeAlarms:
    """Alarms that fire for a test, or as long as users are on a noisy release."""

    ringing: dict[str, str]
    """Names with their reasons; there are no others."""
    noise: Callable[[], dict[str, str]]

    def firing(self, names: Sequence[str]) -> list[FiringAlarm]:
        present = self.ringing | self.noise()
        return [FiringAlarm(name, present[name]) for name in names if name in present]


@dataclass
class FakeFunctions:
    """Functions with their code. Those that were invoked as hooks can fail."""

    failing: set[str] = field(default_factory=set)
    answer: str = "migrated"
    ran: list[tuple[str, str, str]] = field(default_factory=list)
    code: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of the code of each function, as the stacks' last changes left it."""
    account: AccountConcurrency = field(default_factory=lambda: AccountConcurrency(1000, 1000))

    def concurrency(self) -> AccountConcurrency:
        return self.account

    def with_other_code(self, packages: Mapping[str, str]) -> list[str]:
        return [name for name, sha256 in packages.items() if self.code.get(name) != sha256]

    def invoke(self, name: str, event: Mapping[str, object], *, logs: str) -> str:
        del logs
        facts = cast("Mapping[str, str]", event["kanmon"])
        hook = facts["hook"]
        self.ran.append((hook, str(facts["slot"]), facts["release"]))
        if hook in self.failing:
            raise KanmonError(Code.HOOK_FAILED, "It answered: relation exists already", where=name)
        return self.answer


@dataclass
class FakeSnapshots:
    """Snapshots, begun and awaited."""

    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failing: bool = False

    def begin(self, cluster: str, name: str) -> None:
        del cluster
        if name not in self.begun:
            self.begun.append(name)

    def wait(self, name: str) -> None:
        if self.failing or name not in self.begun:
            raise KanmonError(Code.SNAPSHOT_FAILED, "The snapshot is failed.", where=name)
        self.done.append(name)

    def delete_old(self, cluster: str, prefix: str, keep: int) -> list[str]:
        del cluster, prefix
        old = self.begun[:-keep]
        del self.begun[:-keep]
        return old


@dataclass
class FakeApproval:
    """Somebody who approves a plan, or another one, or none."""

    approves: bool = True
    digest: str = ""
    asked: int = 0

    def approve(self, what: Approvable) -> Approval:
        self.asked += 1
        if not self.approves:
            raise KanmonError(Code.NOT_APPROVED, f"aki did not approve {what.release}.")
        digest = self.digest or what.digest
        return Approval(by="aki", how="test", digest=digest, at=BEGIN)
