"""Removes an environment from its account, and at last the app's bootstrap stack (AWS-1).

Each stack goes before those that it needs, and the bootstrap stack goes last: CloudFormation deletes the
others by its role. A run that died can be repeated: the events of a deleted stack have what it left. The run
holds the lease, so no deploy begins meanwhile.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kanmon.aws.refusals import fix_for
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import HEAD
from kanmon.ledger.records import Destruction
from kanmon.model import SLOTS, Pointer, Resource
from kanmon.naming import (
    API,
    EDGE,
    FOUNDATION,
    STACK_KINDS,
    Output,
    artifact_bucket,
    bootstrap_stack,
    ledger_folder,
    stack_name,
    web_bucket,
)
from kanmon.release.lease import holder_of, lease
from kanmon.release.walk import refuse_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kanmon.aws.fence import Fence
    from kanmon.clock import Clock
    from kanmon.ledger.ledger import Ledger
    from kanmon.release.lease import HeldLease
    from kanmon.stacks.cloudformation import DeployedStack
    from kanmon.stacks.stack_events import StackEvent

_SNAPSHOT, _KEY = "AWS::RDS::DBClusterSnapshot", "AWS::KMS::Key"
_SHARED = ("AWS::IAM::Role", "AWS::IAM::OIDCProvider")
"""The account's own: API Gateway's role for logs, and GitHub's identity provider. Other apps may use them."""
_IN_CLUSTER = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
"""CloudFormation deletes them with their stack."""


class RemovalPort(Protocol):
    """CloudFormation, for the removal: :class:`kanmon.stacks.removal.StackRemoval`."""

    def present(self, name: str) -> DeployedStack | None:
        """A stack in any state; None when there is none. A repeated call reads again."""

    def state(self, stack: DeployedStack) -> list[Resource]:
        """The stack's resources with state. A repeated call reads again."""

    def delete(self, stack: DeployedStack, on_event: Callable[[StackEvent], None]) -> None:
        """Delete the stack, also a protected one. A repeated call deletes the rest. Raises STACK_FAILED."""

    def drop_change_sets(self, stack: DeployedStack) -> None:
        """Delete change sets that nobody executed. A repeated call finds none."""

    def kept(self, name: str) -> list[Resource]:
        """The resources that stacks of this name left. A repeated call reads again."""


class KeptPort(Protocol):
    """Resources that outlive their stack: :class:`kanmon.aws.kept.KeptResources`."""

    def exists(self, resource: Resource) -> bool:
        """Whether it is there, and not on its way to its end. A repeated call reads again."""

    def delete(self, resource: Resource) -> None:
        """Delete it with its data. A repeated call finds nothing."""

    def unprotect(self, resource: Resource) -> None:
        """Switch its deletion protection off, if it has one. A repeated call changes nothing."""

    def snapshots(self, prefix: str) -> list[str]:
        """The database's snapshots with such names. A repeated call reads again."""

    def empty(self, bucket: str, prefix: str = "", *, but: str = "") -> None:
        """Delete all versions of the objects below a prefix, but one key's. A repeated call finds none."""


@dataclass(frozen=True)
class Removers:
    """All services of a removal."""

    ledger: Ledger | None
    """None without the artifact bucket: then nobody can deploy."""
    stacks: RemovalPort
    resources: KeptPort
    clock: Clock
    fence: Fence
    actor: str


@dataclass(frozen=True)
class Extent:
    """How much to remove."""

    app: str
    environment: str
    account: str
    region: str
    stacks: tuple[str, ...] = ()
    """The team's own stacks, each before those that it needs."""
    data: bool = False
    """The state, too."""
    bootstrap: bool = False
    """The bootstrap stack, too."""

    @property
    def prefix(self) -> str:
        """How the environment's names begin."""
        return f"{self.app}-{self.environment}"

    @property
    def artifacts(self) -> str:
        """The artifact bucket's name."""
        return artifact_bucket(self.app, self.account, self.region)

    @property
    def history(self) -> str:
        """The bundles and records that the removal deletes, for people; empty if they stay."""
        if not self.data:
            return ""
        if self.bootstrap:
            return phrase("the bundles and the history of all")
        return phrase("the bundles and the history of {environment}", environment=self.environment)

    def loses(self, resource: Resource) -> bool:
        """Whether the removal deletes a resource that outlives its stack.

        The web bucket has copies of the bundles' files, and its name would stop the next creation.
        """
        copies = resource.id == web_bucket(self.prefix, self.account)
        return copies or (self.data and resource.type not in _SHARED)


@dataclass(frozen=True)
class Inventory:
    """What is there of the environment, and what becomes of it."""

    removed: tuple[DeployedStack, ...]
    """Stacks to delete, in this order."""
    staying: tuple[DeployedStack, ...]
    """Stacks that stay with their state."""
    lost: tuple[Resource, ...]
    """State to delete."""
    kept: tuple[Resource, ...]
    """State that stays."""

    @property
    def empty(self) -> bool:
        """Nothing is to be removed."""
        return not (self.removed or self.lost)


def take_inventory(removers: Removers, extent: Extent) -> Inventory:
    """Look for everything of the environment. It changes nothing."""
    names = environment_stacks(extent.prefix, extent.stacks)
    present = [stack for name in names if (stack := removers.stacks.present(name))]
    state = {
        stack.name: removers.stacks.state(stack)
        for stack in present
        if stack.name
        in {stack_name(extent.prefix, kind, "") for kind in (FOUNDATION, API, EDGE, *extent.stacks)}
    }
    with_data = {stack_name(extent.prefix, kind, "") for kind in (FOUNDATION, *extent.stacks)}
    staying = [
        stack for stack in present if stack.name in with_data and state[stack.name] and not extent.data
    ]
    if extent.bootstrap:
        names.append(bootstrap_stack(extent.app))
        if stack := removers.stacks.present(names[-1]):
            state[stack.name] = removers.stacks.state(stack)
            present.append(stack)
    found = [one for resources in state.values() for one in resources]
    found += [
        one
        for one in _left_by(removers, extent, names)
        if one not in found and removers.resources.exists(one)
    ]
    lost = [one for one in found if extent.loses(one)]
    if _needs_keys(removers, extent, found):
        lost = [one for one in lost if one.type != _KEY]
    return Inventory(
        removed=tuple(stack for stack in present if stack not in staying),
        staying=tuple(staying),
        lost=tuple(lost),
        kept=tuple(one for one in found if one not in lost),
    )


def _needs_keys(removers: Removers, extent: Extent, found: list[Resource]) -> bool:
    """Whether a snapshot stays that nobody could read without the key, such as the database's last one."""
    own = f"{extent.prefix}-r"
    others = [name for name in removers.resources.snapshots(f"{extent.app}-") if not name.startswith(own)]
    return bool(others) or any(one.type in _IN_CLUSTER for one in found)


def environment_stacks(prefix: str, own: tuple[str, ...] = ()) -> list[str]:
    """The names of an environment's stacks, each before those that it needs.

    `own` has the team's stacks in this order. CloudFormation itself lets any of them go: they take values of
    each other, and no exports.
    """
    *others, foundation = reversed(STACK_KINDS)
    kinds = (*others, *own, foundation)
    return list(dict.fromkeys(stack_name(prefix, kind, slot) for kind in kinds for slot in SLOTS))


def refuse_removal(removers: Removers, extent: Extent) -> None:
    """Refuse while others work, or while others need the bootstrap stack.

    Raises HELD, UNFINISHED, LOCKED, USAGE.
    """
    if removers.ledger:
        head = removers.ledger.head()
        refuse_open(removers.ledger.open_operation(head))
        if holder := holder_of(head, removers.clock.now()):
            raise KanmonError(Code.LOCKED, phrase("{holder} holds the lease.", holder=holder))
    if not extent.bootstrap:
        return
    if not extent.data:
        problem = phrase("The bootstrap stack has the keys of the data, and the bucket of all bundles.")
        raise KanmonError(Code.USAGE, problem, fix=phrase("Add `--data`, or leave `--bootstrap` out."))
    if others := _other_environments(removers, extent):
        problem = phrase("Other environments need the bootstrap stack: {names}.", names=", ".join(others))
        fix = phrase("Run `kanmon destroy` for each of them first, or leave `--bootstrap` out.")
        raise KanmonError(Code.USAGE, problem, fix=fix)


def _other_environments(removers: Removers, extent: Extent) -> list[str]:
    stack = removers.stacks.present(bootstrap_stack(extent.app))
    recorded = stack.outputs.get(Output.ENVIRONMENTS, "{}") if stack else "{}"
    return [
        name
        for name in sorted(json.loads(recorded))
        if name != extent.environment
        and any(removers.stacks.present(one) for one in environment_stacks(f"{extent.app}-{name}"))
    ]


def destroy(removers: Removers, extent: Extent, show: Callable[[str], None]) -> Inventory:
    """Remove the environment, and return what is left of it. You can repeat it after any failure.

    Raises HELD, UNFINISHED, LOCKED before it changes anything, and NOT_REMOVED afterwards.
    """
    with _held(removers) as held:
        if held and removers.ledger:
            refuse_open(removers.ledger.open_operation(held.writer.head))
        # Look again, under the lease: a deploy may have made another stack during the question.
        inventory = take_inventory(removers, extent)
        _record(removers, held, extent)
        _remove(removers, extent, inventory, show)
        left = take_inventory(removers, extent)
        still = [stack.name for stack in left.removed]
        still += [str(one) for one in left.lost if one.id != extent.artifacts]
        if still:
            problem = phrase("Still there: {names}.", names=", ".join(still))
            raise KanmonError(Code.NOT_REMOVED, problem)
        _record(removers, held, extent, ended=True)
        # The artifact bucket is the last: it has the lease.
        _remove_artifacts(removers, extent, show)
    return left


@contextmanager
def _held(removers: Removers) -> Iterator[HeldLease | None]:
    if removers.ledger is None:
        yield None
        return
    with lease(removers.ledger, removers.clock, removers.fence, removers.actor) as held:
        yield held


def _record(removers: Removers, held: HeldLease | None, extent: Extent, *, ended: bool = False) -> None:
    """Write that nothing is live before it is true. Otherwise a deploy could build on a removed release."""
    if held is None:
        return
    now = removers.clock.now()
    before = held.writer.head.destroyed
    began = before.began if ended and before else now
    destroyed = Destruction(by=removers.actor, began=began, data=extent.data, ended=now if ended else None)
    nothing: dict[str, object] = {"live": None, "pointer": Pointer(), "slots": {}, "kept": (), "freeze": None}
    held.writer.amend_head(lambda head: head.model_copy(update=nothing | {"destroyed": destroyed}))


def _remove(removers: Removers, extent: Extent, inventory: Inventory, show: Callable[[str], None]) -> None:
    for stack in inventory.staying:
        removers.stacks.drop_change_sets(stack)
    for resource in inventory.lost:
        removers.resources.unprotect(resource)
    bootstrap = bootstrap_stack(extent.app)
    environment = [stack for stack in inventory.removed if stack.name != bootstrap]
    for stack in environment:
        _delete(removers, stack, show)
    # The rest comes after the stacks: nothing uses it any more.
    left = _left_by(removers, extent, environment_stacks(extent.prefix, extent.stacks))
    _delete_all(removers, [one for one in left if extent.loses(one)], show)
    for stack in inventory.removed:
        if stack.name == bootstrap:
            _delete(removers, stack, show)
    if extent.bootstrap:
        _delete_all(removers, _of_bootstrap(removers, extent), show)


def _left_by(removers: Removers, extent: Extent, names: Iterable[str]) -> list[Resource]:
    left = [one for name in names for one in removers.stacks.kept(name)]
    left += [Resource(_SNAPSHOT, name) for name in removers.resources.snapshots(f"{extent.prefix}-r")]
    return left


def _of_bootstrap(removers: Removers, extent: Extent) -> list[Resource]:
    """The bootstrap stack's state, without the artifact bucket, and without the keys of snapshots."""
    left = removers.stacks.kept(bootstrap_stack(extent.app))
    keys = _needs_keys(removers, extent, left)
    stays = {*_SHARED, _KEY} if keys else set(_SHARED)
    return [one for one in left if one.id != extent.artifacts and one.type not in stays]


def _delete(removers: Removers, stack: DeployedStack, show: Callable[[str], None]) -> None:
    show(phrase("deleting {thing}", thing=stack.name))
    try:
        removers.stacks.delete(stack, lambda _: None)
    except KanmonError as error:
        if error.code is not Code.STACK_FAILED:
            raise
        # The next stacks may be needed by this one, so they stay.
        fix = fix_for(error.message)
        raise KanmonError(Code.NOT_REMOVED, error.message, where=stack.name, fix=fix) from error


def _delete_all(removers: Removers, resources: list[Resource], show: Callable[[str], None]) -> None:
    for one in dict.fromkeys(resources):
        if removers.resources.exists(one):
            show(phrase("deleting {thing}", thing=one))
            removers.resources.delete(one)


def _remove_artifacts(removers: Removers, extent: Extent, show: Callable[[str], None]) -> None:
    """Remove the environment's bundles and its history; with the bootstrap stack, the whole bucket."""
    if not extent.history or removers.ledger is None:
        return
    show(phrase("deleting {thing}", thing=extent.history))
    if extent.bootstrap:
        removers.resources.delete(Resource("AWS::S3::Bucket", extent.artifacts))
        return
    # The head stays. It has the lease, and the name of who removed the rest.
    head = ledger_folder(extent.environment) + HEAD
    removers.resources.empty(extent.artifacts, f"{extent.environment}/", but=head)
