"""The state machine's ports, as Protocols: for the real services and for the tests' fakes.

Each port has a contract: the promise of a call, its errors, and the effect of a repeated call. Recovery
repeats calls after a lost answer. A repeated call reads again, unless its contract names another effect. Two
calls need care: a change set executes once, and a hook runs again at each `invoke`. A call may also raise an
error of AWS as KanmonError (:func:`kanmon.aws.calls.aws_errors`). Then the call may have been done, or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from kanmon.approval.prompt import Approvable
    from kanmon.apptest.run import Verdict
    from kanmon.aws.alarms import FiringAlarm
    from kanmon.aws.fence import Fence
    from kanmon.aws.functions import AccountConcurrency
    from kanmon.bundle.manifest import Manifest
    from kanmon.checks.execution import CheckResult
    from kanmon.checks.probe import Target
    from kanmon.clock import Clock
    from kanmon.config.api import Throttle
    from kanmon.config.checks import Check
    from kanmon.config.served import ServedConfig
    from kanmon.config.verify import Verify
    from kanmon.ledger.ledger import Ledger
    from kanmon.model import Approval, Pointer, WebFile
    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack
    from kanmon.stacks.stack_events import StackEvent
    from kanmon.traffic.pages import WebRelease


class StacksPort(Protocol):
    """CloudFormation: :class:`kanmon.stacks.cloudformation.Stacks`."""

    def find(self, name: str) -> DeployedStack | None:
        """The stack now; None when it does not exist or was never created. A repeated call reads again.

        A creation that failed and was undone is none.
        """

    def body(self, name: str) -> str:
        """The stack's last template, byte for byte. A repeated call reads again."""

    def create_change_set(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        existing: DeployedStack | None,
    ) -> ChangeSet | None:
        """Create a change set and read it; None when nothing would change. The stack does not change.

        `template` is an S3 URL, or a body of up to 51,200 bytes. A repeated call creates another change set.
        Raises STACK_BUSY, CHANGE_SET_FAILED.
        """

    def verify(self, change_set: ChangeSet) -> None:
        """Compare a change set with its first reading. Changes nothing, also when repeated.

        Raises PLAN_STALE when the change set is gone, executed, or has other changes.
        """

    def execute(
        self,
        change_set: ChangeSet,
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None = None,
    ) -> DeployedStack:
        """Execute a change set and watch the stack until it is at rest.

        A change set executes once: a repeated call raises an error of AWS. Raises STACK_FAILED after
        CloudFormation has restored the stack's former state. Raises INTERRUPTED when `stop` is set;
        CloudFormation goes on.
        """

    def creation_failed(self, name: str) -> bool:
        """True when a stack's creation failed and was undone, so only its name is left. It reads again."""

    def remove_failed(self, name: str) -> bool:
        """Delete what a failed and undone creation left; True if there was one.

        A repeated call finds nothing. A stack in any other state stays. Raises STACK_FAILED.
        """

    def protect(self, name: str, policy: str) -> None:
        """Give a stack this policy and termination protection. A repeated call changes nothing.

        A missing stack has nothing to protect.
        """


class BlobsPort(Protocol):
    """The artifact bucket's blobs: :class:`kanmon.bundle.blobs.Blobs`."""

    @property
    def bucket(self) -> str:
        """The bucket's name, without a request."""

    def key(self, sha256: str) -> str:
        """A blob's object key, without a request."""

    def put(self, content: bytes) -> str:
        """Store the content. Return its SHA-256. A repeated call stores nothing. Raises BLOB_REPLACED."""

    def get(self, sha256: str, largest: int) -> bytes:
        """Read the content and verify it. A repeated call reads again.

        Raises BUNDLE_MISSING, BLOB_REPLACED.
        """

    def manifest(self, digest: str) -> Manifest:
        """Read the manifest of an uploaded bundle and verify it. A repeated call reads again.

        Raises BUNDLE_MISSING, BLOB_REPLACED, BUNDLE_DAMAGED.
        """

    def url(self, sha256: str) -> str:
        """A blob's address for CloudFormation, without a request. A repeated call gives the same one."""

    def verify(self, names: Mapping[str, str], known: Collection[str] = ()) -> None:
        """Compare S3's own SHA-256 of blobs with their names. A repeated call looks again.

        It reads no content. `names` has each digest, and its use in words; `known` those of an earlier
        comparison. Raises BUNDLE_MISSING, BLOB_REPLACED.
        """

    def older_than(self, before: datetime) -> set[str]:
        """The digests of the blobs written before a time. A repeated call lists them again."""

    def delete(self, digests: Iterable[str]) -> None:
        """Delete blobs. A repeated call finds none to delete."""


class ApiPort(Protocol):
    """The API's stages: :class:`kanmon.traffic.stages.ApiStages`."""

    def live(self) -> Pointer | None:
        """The live stage's pointer; None without a live stage. A repeated call reads again.

        Raises POINTER_MOVED when somebody gave the stage a slot unknown to Kanmon.
        """

    def move(self, target: Pointer, *, allowed: frozenset[Pointer] | None) -> bool:
        """Point the live stage at `target` and end any canary, in one call; True when a call was needed.

        Without a live stage it creates one. A repeated call finds the stage there and does nothing. Raises
        POINTER_MOVED when the stage points at neither `target` nor one of `allowed`: another process or a
        person moved it. None allows every pointer: a rollback returns users, whoever moved it.
        """

    def shift(self, candidate: Pointer, percent: int) -> None:
        """Give `percent` of the live stage's requests to the candidate, in one call.

        A repeated call changes nothing. The live stage must exist: without it, the call raises AWS_FAILED. So
        ask `live` first.
        """

    def apply_settings(self, throttle: Throttle) -> bool:
        """Give the live stage its settings where they differ; True when one did. No pointer moves.

        A repeated call finds no difference and returns False. Without a live stage it does nothing.
        """

    def open_preview(self, token: str, pointer: Pointer) -> None:
        """Create the stage of a preview. A repeated call finds it there.

        Raises API_FULL when the API takes no further stage.
        """

    def close_preview(self, token: str) -> None:
        """Remove the stage of a preview. A repeated call finds none."""

    def snapshots(self) -> set[str]:
        """The ids of Kanmon's own deployments: snapshots of the routes. A repeated call lists them again."""

    def delete_snapshots(self, unneeded: Collection[str]) -> int:
        """Delete deployments at which no stage points; their number. A repeated call deletes none."""


class WebPort(Protocol):
    """The web bucket's pages: :class:`kanmon.traffic.pages.WebPages`."""

    def publish(self, web: WebRelease, base: Mapping[str, WebFile], packs: Iterable[str] = ()) -> None:
        """Put a release's hashed assets beside the others. No page names them yet. `base` is live.

        The assets come from the `packs`, or each from its blob.

        A repeated call finds them. Raises ASSET_CHANGED when one exists with other content, BUNDLE_MISSING,
        BLOB_REPLACED.
        """

    def open_preview(self, token: str, web: WebRelease) -> None:
        """Put the release's other files below the token. A repeated call writes the same files again.

        Raises BUNDLE_MISSING, BLOB_REPLACED.
        """

    def close_preview(self, token: str) -> None:
        """Delete everything below the token. A repeated call finds nothing."""

    def move(self, web: WebRelease, base: Mapping[str, WebFile]) -> int:
        """Make a release's pages live, the entry page last; the number of writes.

        `base` has the files of the present live release, also after half of a move. A repeated call continues
        after the last write of the first call. Raises POINTER_MOVED, BUNDLE_MISSING, BLOB_REPLACED.
        """

    def clear(self) -> bool:
        """Remove the entry page, as before the first release; True for a write. You can repeat the call."""

    def delete_stale_files(self, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> None:
        """Delete the fixed-name files of `base` missing in `files`, the files of the live release.

        A repeated call finds nothing to delete.
        """

    def delete_old_assets(self, folders: Iterable[str], needed: Collection[str], before: datetime) -> int:
        """Delete hashed assets in `folders` that are not `needed`, and published before a time; their number.

        A repeated call finds none to delete.
        """


class ChecksPort(Protocol):
    """Smoke checks: :class:`kanmon.checks.execution.Checks`."""

    def run(self, checks: Sequence[Check], target: Target) -> list[CheckResult]:
        """Run all checks in parallel; the results in the checks' order. A failed check is a result.

        A repeated call sends all requests again, so a check must be safe to repeat.
        """


class PreviewTestsPort(Protocol):
    """The team's own tests of a candidate: :class:`kanmon.cli.preview_tests.PreviewTests`."""

    def prepare(self, verify: Verify, commit: str) -> None:
        """Make sure that they can run here at this commit. Changes nothing in AWS, also when repeated.

        Raises CONTAINER_FAILED, COMMIT_MISSING.
        """

    def run(
        self, verify: Verify, commit: str, target: Target, url: str, watch: Callable[[], object]
    ) -> Verdict:
        """Run them against the preview of `target` at `url`, and judge them.

        `watch` is called every few seconds, and may raise: then they end. A repeated call runs them again,
        after it ended those that a dead run left. Raises CANDIDATE_REFUSED when they take too long,
        CONTAINER_FAILED.
        """


class AlarmsPort(Protocol):
    """CloudWatch's alarms: :class:`kanmon.aws.alarms.Alarms`."""

    def firing(self, names: Sequence[str]) -> list[FiringAlarm]:
        """The firing alarms among `names`. A missing alarm does not fire. A repeated call reads again."""


class FunctionsPort(Protocol):
    """Lambda functions: :class:`kanmon.aws.functions.Functions`."""

    def with_other_code(self, packages: Mapping[str, str]) -> list[str]:
        """The functions with other code than their package, by the package's SHA-256.

        A repeated call reads again.
        """

    def concurrency(self) -> AccountConcurrency:
        """The concurrent executions of the account. A repeated call reads again."""

    def invoke(self, name: str, event: Mapping[str, object], *, logs: str) -> str:
        """Invoke a function and wait for its answer, as text. The port itself never repeats the call.

        `logs` is its log group, for people.

        A repeated call runs the function again, so a hook must be idempotent. Raises HOOK_FAILED when the
        function fails.
        """


class SnapshotsPort(Protocol):
    """The database's snapshots: :class:`kanmon.aws.snapshots.Snapshots`."""

    def begin(self, cluster: str, name: str) -> None:
        """Begin a snapshot. A repeated call with the same name finds it and begins no other.

        Raises SNAPSHOTS_FULL.
        """

    def wait(self, name: str) -> None:
        """Wait until a snapshot is available for a restore. A repeated call waits for the same snapshot.

        Raises SNAPSHOT_FAILED.
        """

    def delete_old(self, cluster: str, prefix: str, keep: int) -> list[str]:
        """Delete Kanmon's snapshots of a cluster beside the newest `keep`; their names.

        A repeated call finds none to delete.
        """


class ApprovalPort(Protocol):
    """The approval of a plan or a rollback: GitHub's gate, a terminal, or `--yes`."""

    def approve(self, what: Approvable) -> Approval:
        """Get the approval; this may wait for a person. Raises NOT_APPROVED and the gate's errors.

        A repeated call asks GitHub again, or asks the person at the terminal again.
        """


@dataclass(frozen=True)
class Site:
    """The app from a user's side. It needs the API and the distribution."""

    api: ApiPort
    web: WebPort
    checks: ChecksPort
    url: str


@dataclass(frozen=True)
class Services:
    """All services of the state machine."""

    ledger: Ledger
    stacks: StacksPort
    blobs: BlobsPort
    functions: FunctionsPort
    snapshots: SnapshotsPort
    alarms: AlarmsPort
    preview_tests: PreviewTestsPort
    site: Callable[[ServedConfig, Mapping[str, Mapping[str, str]]], Site]
    """Opens the site from the stacks' outputs, by the stacks' kinds."""
    other_ledger: Callable[[str], Ledger]
    """Opens the ledger of another environment of the app, by its name, to read it."""
    clock: Clock
    fence: Fence
    """Stands before all changes that these services make in AWS."""
    actor: str
    run: str
    """The page of the workflow run; empty outside of one."""
