"""Stacks and resources to remove, in memory: deletions with policies, protections and failures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Resource
from kanmon.stacks.cloudformation import DeployedStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.stacks.stack_events import StackEvent

RETAINED = (
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::Cognito::UserPool",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
)


@dataclass
class FakeAccountContent:
    """All of an account: stacks with their resources, and resources without a stack."""

    stacks: dict[str, list[Resource]] = field(default_factory=dict)
    """The resources with state of each stack."""
    left: dict[str, list[Resource]] = field(default_factory=dict)
    """What deleted stacks left, by the stack's name."""
    alone: set[Resource] = field(default_factory=set)
    """Resources of no stack."""
    protected: set[Resource] = field(default_factory=set)
    outputs: dict[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    """Names of stacks that can't be deleted now."""
    deleted: list[str] = field(default_factory=list)
    """Stacks and resources, as they were deleted."""
    dropped: list[str] = field(default_factory=list)
    """Stacks without their open change sets."""
    emptied: list[tuple[str, str, str]] = field(default_factory=list)
    on_delete: Callable[[str], None] = lambda _: None
    """What happens before each deletion of a stack or a resource."""

    def present(self, name: str) -> DeployedStack | None:
        if name not in self.stacks:
            return None
        return DeployedStack(name, f"arn:{name}", "CREATE_COMPLETE", outputs=self.outputs)

    def state(self, stack: DeployedStack) -> list[Resource]:
        return list(self.stacks[stack.name])

    def delete_stack(self, stack: DeployedStack) -> None:
        self.on_delete(stack.name)
        held = [one for one in self.stacks[stack.name] if one in self.protected]
        if stack.name in self.failing or held:
            raise KanmonError(Code.STACK_FAILED, f"{stack.name} could not be deleted.", where=stack.name)
        for one in self.stacks.pop(stack.name):
            if one.type in RETAINED:
                self.left.setdefault(stack.name, []).append(one)
                self.alone.add(one)
            elif one.type == "AWS::RDS::DBCluster":
                self.alone.add(Resource("AWS::RDS::DBClusterSnapshot", f"{stack.name}-snapshot-1"))
        self.deleted.append(stack.name)

    def drop_change_sets(self, stack: DeployedStack) -> None:
        self.dropped.append(stack.name)

    def kept(self, name: str) -> list[Resource]:
        return list(self.left.get(name, []))


@dataclass
class FakeRemoval:
    """See :class:`kanmon.release.destroy.RemovalPort`."""

    content: FakeAccountContent

    def present(self, name: str) -> DeployedStack | None:
        return self.content.present(name)

    def state(self, stack: DeployedStack) -> list[Resource]:
        return self.content.state(stack)

    def delete(self, stack: DeployedStack, on_event: Callable[[StackEvent], None]) -> None:
        del on_event
        self.content.delete_stack(stack)

    def drop_change_sets(self, stack: DeployedStack) -> None:
        self.content.drop_change_sets(stack)

    def kept(self, name: str) -> list[Resource]:
        return self.content.kept(name)


@dataclass
class FakeKept:
    """See :class:`kanmon.release.destroy.KeptPort`."""

    content: FakeAccountContent

    def exists(self, resource: Resource) -> bool:
        return resource in self.content.alone

    def delete(self, resource: Resource) -> None:
        self.content.on_delete(resource.id)
        self.content.alone.discard(resource)
        self.content.deleted.append(resource.id)

    def unprotect(self, resource: Resource) -> None:
        self.content.protected.discard(resource)

    def snapshots(self, prefix: str) -> list[str]:
        kind = "AWS::RDS::DBClusterSnapshot"
        return sorted(one.id for one in self.content.alone if one.type == kind and one.id.startswith(prefix))

    def empty(self, bucket: str, prefix: str = "", *, but: str = "") -> None:
        self.content.emptied.append((bucket, prefix, but))
