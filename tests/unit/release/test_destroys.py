"""A change that would replace or delete what holds state is refused, with its name and the setting (CD-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cloudformation import DeployedStack
from kanmon.cloudformation.changes import STATEFUL
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Slot
from kanmon.release.blueprint import blueprint, tags
from tests.fakes.app import make_bundle, make_full_config
from tests.fakes.cloud import ARTIFACTS
from tests.fakes.runs import plan_of

if TYPE_CHECKING:
    from kanmon.config import Config
    from tests.fakes.cloud import Cloud

REPLACED = {
    "Key": "AWS::KMS::Key",
    "DatabaseCluster": "AWS::RDS::DBCluster",
    "DatabaseInstanceA": "AWS::RDS::DBInstance",
    "JwtSecret": "AWS::SecretsManager::Secret",
    "MailQueue": "AWS::SQS::Queue",
    "MailDeadLetters": "AWS::SQS::Queue",
    "UserPool": "AWS::Cognito::UserPool",
    "TrailKey": "AWS::KMS::Key",
    "TrailBucket": "AWS::S3::Bucket",
    "WebBucket": "AWS::S3::Bucket",
}


def _deployed(cloud: Cloud, config: Config) -> None:
    """Foundation, API and edge as they are after a release."""
    manifest = make_bundle(cloud, "one", config=config)
    outputs = {"api": {"ApiId": "a1"}, "foundation": {"KeyArn": "arn:key"}}
    for spec in blueprint(config, manifest, "r1", Slot.BLUE, ARTIFACTS):
        if spec.part != "slot":
            stack = DeployedStack(
                spec.name, f"arn:{spec.name}", "CREATE_COMPLETE", {}, outputs.get(spec.part, {}), tags(config)
            )
            cloud.stacks.stacks[spec.name] = stack
            cloud.stacks.bodies[spec.name] = spec.template.body


def _plan(cloud: Cloud, config: Config) -> None:
    plan_of(cloud, make_bundle(cloud, "two", config=config))


@pytest.mark.parametrize(("name", "kind"), REPLACED.items())
def test_nothing_that_holds_state_is_replaced_unless_it_is_named(cloud: Cloud, name: str, kind: str) -> None:
    """INF-3, INF-4, INF-8"""
    _deployed(cloud, make_full_config())
    cloud.stacks.replacing.add(name)
    changed: dict[str, Any] = {"tags": {"team": "b"}}
    with pytest.raises(KanmonError) as caught:
        _plan(cloud, make_full_config(**changed))
    assert caught.value.code is Code.PLAN_DESTROYS
    assert caught.value.message == f"The plan replaces {name} ({kind})."
    assert f"add {name} to `allow_destroy`" in caught.value.fix
    _plan(cloud, make_full_config(**changed, allow_destroy=[name]))


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ({"trail": None}, "TrailBucket"),
        ({"queues": {"mail": {"function": "notify"}}}, "BulkDeadLetters"),
    ],
)
def test_nothing_that_holds_state_is_deleted_with_its_section(
    cloud: Cloud, without: dict[str, Any], named: str
) -> None:
    """SEC-3"""
    _deployed(cloud, make_full_config())
    with pytest.raises(KanmonError) as caught:
        _plan(cloud, make_full_config(**without))
    assert caught.value.code is Code.PLAN_DESTROYS
    assert caught.value.message.startswith(f"The plan deletes {named} (")
    assert f"add {named} to `allow_destroy`" in caught.value.fix


def test_every_kind_that_holds_state_and_that_templates_have_is_tried() -> None:
    # No template has a table.
    assert set(REPLACED.values()) == STATEFUL - {"AWS::DynamoDB::Table"}
