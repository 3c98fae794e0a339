"""A foundation with everything on the embedded AWS: made, changed, and seen through its APIs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kanmon.stacks.cloudformation import Stacks
from kanmon.stacks.policy import stack_policy
from kanmon.stacks.protection import creating, protections
from kanmon.stacks.user_triggers import triggers_of
from kanmon.templates.foundation import foundation_template
from tests.fakes.app import make_full_config, user_pool_of

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


def _apply(project: Project, config: Config) -> dict[str, str]:
    stacks, name = Stacks(project.client("cloudformation")), f"{config.prefix}-foundation"
    existing = stacks.find(name)
    key = existing.parameters["KeyArn"] if existing else _key(project)
    given = creating({"KeyArn": key, **protections(config), **triggers_of({})}, existing)
    change_set = stacks.create_change_set(
        name, foundation_template(config), given, {"app": "shop"}, existing=existing
    )
    assert change_set is not None
    return stacks.execute(change_set, lambda _: None).outputs


def _key(project: Project) -> str:
    return str(project.client("kms").create_key()["KeyMetadata"]["Arn"])


def test_a_foundation_with_everything_is_made_and_changed(project: Project) -> None:
    """INF-1, INF-2, INF-3, INF-4"""
    config = make_full_config(environment=project.name, user_pool=user_pool_of(project.name))
    outputs = _apply(project, config)
    groups = project.client("ec2").describe_security_groups(GroupIds=[outputs["FunctionSecurityGroup"]])
    assert groups["SecurityGroups"][0]["IpPermissions"] == []
    _see_secrets(project.client("secretsmanager"), outputs)
    cluster = project.client("rds").describe_db_clusters(DBClusterIdentifier=outputs["DatabaseCluster"])
    members = cluster["DBClusters"][0]["DBClusterMembers"]
    assert [member["IsClusterWriter"] for member in members] == [True, False]
    assert outputs["DatabaseHost"] == cluster["DBClusters"][0]["Endpoint"]
    _see_protection(project.client("cloudformation"), f"{config.prefix}-foundation")
    more = config.model_copy(update={"secrets": {**config.secrets, "other": config.secrets["jwt"]}})
    assert _apply(project, more).keys() - outputs.keys() == {"OtherSecretArn"}


def _see_protection(cloudformation: Any, name: str) -> None:
    policy = stack_policy([])
    for _ in range(2):
        Stacks(cloudformation).protect(name, policy)
    assert cloudformation.get_stack_policy(StackName=name)["StackPolicyBody"] == policy
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        cloudformation.delete_stack(StackName=name)


def _see_secrets(manager: Any, outputs: dict[str, str]) -> None:
    rotated = manager.describe_secret(SecretId=outputs["DatabaseSecretArn"])
    assert rotated["RotationEnabled"] is True
    assert rotated["RotationRules"] == {"AutomaticallyAfterDays": 30}
    held = json.loads(manager.get_secret_value(SecretId=outputs["DatabaseSecretArn"])["SecretString"])
    assert held.keys() == {"username", "password"}
    assert len(manager.get_secret_value(SecretId=outputs["JwtSecretArn"])["SecretString"]) == 64
    # Until somebody fills it, reading it is an error.
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.get_secret_value(SecretId=outputs["SlackSecretArn"])
