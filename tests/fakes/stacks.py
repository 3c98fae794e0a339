"""CloudFormation in memory: stacks with templates, parameters, outputs and change sets."""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.changes import Change, ChangeSet
from kanmon.stacks.cloudformation import DeployedStack
from kanmon.stacks.preflight import outline
from kanmon.stacks.protection import unprotected
from kanmon.stacks.stack_events import StackEvent
from kanmon.stacks.template import condition_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from tests.fakes.objects import MemoryS3
    from tests.fakes.stages import MemoryApiGateway

_RESOURCE = re.compile(r"^  (\w+):\n(?:    #.*\n)*    Type: (\S+)\n((?:    .*\n|\s*\n)*)", re.MULTILINE)
_CODE = re.compile(
    r'FunctionName: (?:!Sub )?"?(?P<name>[^"\n]+)"?\n(?:.*\n)*?\s+S3Key: "?(?P<key>[^"\n]+)"?\n'
)
_COSTS = re.compile(r'^  (Costs):\n    Value: (".*")$', re.MULTILINE)
_LONGEST_BODY = 51_200
_FOUNDATION = {
    "DatabaseCluster": "cluster-1",
    "FunctionSubnets": "subnet-1,subnet-2",
    "FunctionSecurityGroup": "sg-1",
    "DatabaseHost": "database.test",
    "DatabasePort": "5432",
    "DatabaseSecretArn": "arn:secret",
    "KeyArn": "arn:key",
    "AccessLogs": "arn:access-logs",
    "UserPoolId": "pool-1",
    "UserPoolClientId": "client-1",
}


@dataclass(frozen=True)
class _Pending:
    change_set: ChangeSet
    body: str
    parameters: dict[str, str]
    tags: dict[str, str]
    version: int


@dataclass
class FakeStacks:
    """Stacks that change as CloudFormation changes them: through a change set, and back when one fails."""

    objects: MemoryS3
    gateway: MemoryApiGateway
    artifacts: str
    stacks: dict[str, DeployedStack] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    change_sets: dict[str, _Pending] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    """Names of stacks whose next change fails."""
    undone: set[str] = field(default_factory=set)
    """Names of stacks whose creation failed and was undone."""
    untrue: set[str] = field(default_factory=set)
    """Conditions that are false. CloudFormation leaves their outputs out."""
    replacing: set[str] = field(default_factory=set)
    """Logical ids that a modification replaces."""
    policies: dict[str, str] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each function's code."""
    packages: dict[str, str] = field(default_factory=dict)
    """The object key of each function's code, as its stack has it."""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def find(self, name: str) -> DeployedStack | None:
        # The deploy role may read the stacks of the environment alone.
        assert not name.endswith("-none"), f"denied: {name}"
        return self.stacks.get(name)

    def all(self) -> list[DeployedStack]:
        return list(self.stacks.values())

    def body(self, name: str) -> str:
        return self.bodies[name]

    def create_change_set(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        *,
        existing: DeployedStack | None,
    ) -> ChangeSet | None:
        if existing and not existing.status.endswith("_COMPLETE"):
            raise KanmonError(Code.STACK_BUSY, f"The stack is {existing.status}.", where=name)
        if name in self.undone:
            refused = f"ValidationError: Stack:{name} is in ROLLBACK_COMPLETE state and can not be updated."
            raise KanmonError(Code.AWS_FAILED, refused)
        body = self._read(template)
        wanted = dict(parameters), dict(tags)
        if existing and (self.bodies[name], existing.parameters, existing.tags) == (body, *wanted):
            return None
        old = _resources(self.bodies[name], existing.parameters) if existing else {}
        changes = self._difference(old, _resources(body, wanted[0]))
        identity = f"arn:change-set/{next(self.numbers)}"
        change_set = ChangeSet(
            stack=name,
            id=identity,
            creates=existing is None,
            changes=changes,
            unprotected=unprotected(parameters),
        )
        self.change_sets[identity] = _Pending(change_set, body, *wanted, self.versions.get(name, 0))
        return change_set

    def verify(self, change_set: ChangeSet) -> None:
        pending = self.change_sets.get(change_set.id)
        if pending is None or pending.version != self.versions.get(change_set.stack, 0):
            raise KanmonError(Code.PLAN_STALE, "The approved change set is gone.")

    def execute(
        self,
        change_set: ChangeSet,
        on_event: Callable[[StackEvent], None],
        stop: threading.Event | None = None,
    ) -> DeployedStack:
        del stop  # nobody has to wait for anything here
        self.verify(change_set)
        pending, name = self.change_sets.pop(change_set.id), change_set.stack
        before = self.stacks.get(name)
        self.executed.append(name)
        self.versions[name] = self.versions.get(name, 0) + 1
        verb = "UPDATE" if before else "CREATE"
        started = before or DeployedStack(name, f"arn:{name}", "")
        self.stacks[name] = replace(started, status=f"{verb}_IN_PROGRESS")
        on_event(_stack_event(name, f"{verb}_IN_PROGRESS"))
        if name in self.failing:
            self._fail(name, before, on_event)
        after = DeployedStack(
            name,
            started.id,
            f"{verb}_COMPLETE",
            pending.parameters,
            self._outputs(name, pending.body, pending.parameters),
            pending.tags,
            started.protected,
        )
        self.stacks[name], self.bodies[name] = after, pending.body
        self._load_code(_resources(pending.body, pending.parameters))
        on_event(_stack_event(name, after.status))
        return after

    def _load_code(self, resources: Mapping[str, tuple[str, str]]) -> None:
        """Like CloudFormation: a function's code is read again only when its object key changed."""
        for kind, text in resources.values():
            found = _CODE.search(text) if kind == "AWS::Lambda::Function" else None
            if found and self.packages.get(found["name"]) != found["key"]:
                content = self.objects.objects(self.artifacts)[found["key"]].body
                self.packages[found["name"]] = found["key"]
                self.code[found["name"]] = hashlib.sha256(content).hexdigest()

    def creation_failed(self, name: str) -> bool:
        return name in self.undone

    def remove_failed(self, name: str) -> bool:
        there = name in self.undone
        self.undone.discard(name)
        return there

    def protect(self, name: str, policy: str) -> None:
        if name in self.stacks:
            self.policies[name] = policy
            self.stacks[name] = replace(self.stacks[name], protected=True)

    def touch(self, name: str) -> None:
        """Somebody else changes the stack: change sets that were made before are stale."""
        self.versions[name] = self.versions.get(name, 0) + 1

    def _read(self, template: str) -> str:
        """The template itself, or that of its URL. A longer one must lie in a bucket."""
        if template.startswith("https://"):
            found = self.objects.objects(self.artifacts).get(
                template.partition(f"/{self.artifacts}/")[2].partition("?")[0]
            )
            if found is None:
                raise KanmonError(Code.AWS_FAILED, "ValidationError: S3 error: Access Denied.")
            return found.body.decode()
        assert len(template.encode()) <= _LONGEST_BODY
        return template

    def _fail(self, name: str, before: DeployedStack | None, on_event: Callable[[StackEvent], None]) -> None:
        on_event(StackEvent(name, "ApiFunction", "AWS::Lambda::Function", "UPDATE_FAILED", "no such runtime"))
        if before is None:
            del self.stacks[name]
            self.undone.add(name)
        else:
            self.stacks[name] = replace(before, status="UPDATE_ROLLBACK_COMPLETE")
        raise KanmonError(
            Code.STACK_FAILED, "ApiFunction (AWS::Lambda::Function) failed: no such runtime.", where=name
        )

    def _difference(
        self, old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]
    ) -> tuple[Change, ...]:
        changes = [Change(action="Add", logical_id=key, type=new[key][0]) for key in new.keys() - old.keys()]
        changes += [
            Change(action="Remove", logical_id=key, type=old[key][0]) for key in old.keys() - new.keys()
        ]
        for key in new.keys() & old.keys():
            replaced = key in self.replacing
            if new[key] != old[key] or replaced:
                changes.append(
                    Change(action="Modify", logical_id=key, type=new[key][0], replacement=str(replaced))
                )
        return tuple(sorted(changes, key=lambda change: change.logical_id))

    def _outputs(self, name: str, body: str, parameters: dict[str, str]) -> dict[str, str]:
        if "-slot-" in name:
            return {"Release": parameters["Release"]}
        if name.endswith("-api"):
            deployment = next(key for key in _resources(body, {}) if key.startswith("Deployment"))
            self.gateway.deployments.add(deployment)
            return {"ApiId": "api-1", "Deployment": deployment, "AccessLogs": "arn:access-logs"}
        if name.endswith("-edge"):
            web = {"WebBucket": "web"} if "  WebBucket:\n" in body else {}
            return {"Domain": "edge.test", "Distribution": "E1", **web}
        if name.endswith("-bootstrap"):
            costs = {key: YAML(typ="safe").load(value) for key, value in _COSTS.findall(body)}
            return {"TestPlanRole": "arn:plan", "TestDeployRole": "arn:deploy", **costs}
        if name.endswith("-observability"):
            return {"Topic": "arn:topic", "Dashboard": "https://dashboard.test"}
        if name.endswith("-foundation"):
            return dict(_FOUNDATION)
        kept = [key for key in outline(body).outputs if condition_of(body, key) not in self.untrue]
        return {key: f"{name}/{key}" for key in kept}


def _resources(body: str, parameters: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Each resource's type and text, with the parameters' values put in."""
    found = {}
    for name, kind, text in _RESOURCE.findall(body):
        for key, value in parameters.items():
            text = text.replace(f"!Ref {key}\n", f"{value}\n").replace(f"${{{key}}}", value)  # noqa: PLW2901
        found[name] = (kind, text)
    return found


def _stack_event(name: str, status: str) -> StackEvent:
    return StackEvent(name, name, "AWS::CloudFormation::Stack", status, "")
