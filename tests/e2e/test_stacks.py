"""All stacks of an app with everything, on the embedded AWS: created, changed and deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.aws.polling import polls
from kanmon.bundle.blobs import Blobs
from kanmon.clock import SYSTEM_CLOCK
from kanmon.model import Slot
from kanmon.naming import stack_name
from kanmon.release.stack_outputs import resolve
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.stack_set import Bootstrapped, notifier_of, stack_kinds, stacks_of, tags
from tests.fakes.app import make_bundle, make_full_config, user_pool_of

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.stacks.changes import Change
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


@dataclass
class _Account:
    """Where the stacks of one app are applied."""

    project: Project
    bucket: str
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cloudformation = self.project.client("cloudformation")
        key = self.project.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.made = Bootstrapped(self.bucket, key)
        self.blobs = Blobs(self.project.client("s3"), self.bucket, self.project.name)

    def keep(self, content: bytes) -> str:
        return self.blobs.put(content)

    def apply(self, config: Config, release: str) -> dict[str, tuple[Change, ...]]:
        """All stacks of a release; returns the changes of each change set."""
        manifest = make_bundle(self, release, config=config)
        stacks, done = Stacks(self.cloudformation), {}
        self.blobs.put(notifier_of(config))
        for spec in stacks_of(config, manifest, release, Slot.BLUE, self.made):
            given = resolve(spec.parameters, self.outputs)
            assert given is not None, f"{spec.kind} needs an output of no earlier stack"
            url = self.blobs.url(self.blobs.put(spec.body.encode()))
            existing = stacks.find(spec.name)
            change_set = stacks.create_change_set(spec.name, url, given, tags(config), existing=existing)
            if change_set:
                self.outputs[spec.kind] = stacks.execute(change_set, lambda _: None).outputs
            done[spec.kind] = change_set.changes if change_set else ()
        return done

    def delete(self, config: Config) -> None:
        """As in `docs/infrastructure.md`: the protection against deletion is removed first."""
        self.project.client("rds").modify_db_cluster(
            DBClusterIdentifier=f"{config.prefix}-database", DeletionProtection=False
        )
        self.project.client("cognito-idp").update_user_pool(
            UserPoolId=self.outputs["foundation"]["UserPoolId"], DeletionProtection="INACTIVE"
        )
        for kind in reversed(stack_kinds(config)):
            name = stack_name(config.prefix, kind, Slot.BLUE)
            stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
            self.cloudformation.delete_stack(StackName=name)
            self._await_deletion(stack)

    def _await_deletion(self, stack: str) -> None:
        for _ in polls(SYSTEM_CLOCK):
            gone = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if gone["StackStatus"] == "DELETE_COMPLETE":
                return
            events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            failed = [one for one in events if one["ResourceStatus"] == "DELETE_FAILED"]
            assert not failed, [(one["LogicalResourceId"], one.get("ResourceStatusReason")) for one in failed]


@pytest.fixture
def account(project: Project) -> _Account:
    names = (bucket["Name"] for bucket in project.client("s3").list_buckets()["Buckets"])
    return _Account(project, next(name for name in names if name.startswith("mandala-kanmon-")))


def test_every_stack_is_made_changed_and_deleted(account: _Account) -> None:
    """INF-1 to INF-9, MON-1 to MON-4: outputs become the next stack's parameters; retained state stays."""
    config = _config(account)
    made = account.apply(config, "r1")
    assert made.keys() == set(stack_kinds(config))
    assert {change.action for changes in made.values() for change in changes} == {"Add"}
    assert not any(account.apply(config, "r1").values())
    changed = account.apply(_config(account, logs={"days": 60}, thresholds={"api_p95": "3s"}), "r2")
    assert {kind for kind, changes in changed.items() if changes} >= {"foundation", "slot", "observability"}
    assert not [change for changes in changed.values() for change in changes if change.destroys]
    account.delete(config)
    assert account.project.client("s3").head_bucket(Bucket=account.outputs["edge"]["WebBucket"])
    functions = account.project.client("lambda").list_functions()["Functions"]
    assert not [one for one in functions if one["FunctionName"].startswith(config.prefix)]


def _config(account: _Account, **changes: Any) -> Config:
    name = account.project.name
    return make_full_config(
        environment=name,
        notifications={"channels": {"slack": "shop-slack"}},
        **{"user_pool": user_pool_of(name)} | changes,
    )
