"""The table of grants: each row's outputs, variables, permission, limits and state (INF-4, SEC-2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.config.functions import Function
from kanmon.stacks.granted import Granted, ceilings, foundation_sections, granted
from kanmon.stacks.grants import (
    GRANTS,
    Arn,
    Grant,
    foundation_outputs,
    reserved,
    slot_parameters,
    stateful_types,
)
from tests.fakes.app import make_config
from tests.fakes.existing import NETWORK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config

Key = tuple[str, str]
"""A row's section and the function's key."""
FUNCTION = {"handler": "shop.api", "artifact": "build/api"}
_HERE = "${AWS::Region}:${AWS::AccountId}"
MACHINE = f'!Sub "arn:${{AWS::Partition}}:states:{_HERE}:stateMachine:shop-test-${{Slot}}-report"'
EXECUTIONS = f'{MACHINE.replace("stateMachine", "execution").removesuffix(chr(34))}:*"'
READ_SECRET = ("secretsmanager:GetSecretValue",)
SECRETS_KEY = {"OwnSecretsKey": ("secretsmanager", ["kms:Decrypt"])}
SECTIONS: dict[str, dict[str, Any]] = {
    "network": {"existing": {"network": NETWORK}},
    "database": {"database": {"name": "shop"}},
    "secrets": {"secrets": {"ai-key": {}}},
    "state_machines": {"state_machines": {"report": {"definition": "report.json"}}},
    "queues": {"queues": {"mail": {"function": "worker"}}},
    "user_pool": {"user_pool": {}},
}
"""Each section with one thing."""


@dataclass(frozen=True)
class Row:
    """The one thing of a section, used by the function `api`."""

    use: Mapping[str, Any]
    """The function's key and its value."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """With their types. Without an entry here, each output is a text."""
    variables: Mapping[str, str] = field(default_factory=dict)
    permission: Mapping[str, tuple[tuple[str, ...], list[str]]] = field(default_factory=dict)
    key_use: Mapping[str, tuple[str, list[str]]] = field(default_factory=dict)
    limit: Arn | None = None
    stateful: frozenset[str] = frozenset()
    names: tuple[str, int] | None = None
    function: str = "api"


QUEUE = {"MailQueueArn": "!GetAtt MailQueue.Arn", "MailQueueUrl": "!Ref MailQueue"}
ROWS: dict[Key, Row] = {
    ("network", "network"): Row(
        use={"network": True},
        outputs={
            "FunctionSubnets": f'"{",".join(NETWORK["subnets"])}"',
            "FunctionSecurityGroup": f'"{",".join(NETWORK["security_groups"])}"',
        },
        parameters={"FunctionSubnets": "CommaDelimitedList", "FunctionSecurityGroup": "String"},
    ),
    ("database", "database"): Row(
        use={"database": True},
        outputs={
            "FunctionSubnets": '!Join [",", [!Ref PrivateSubnetA, !Ref PrivateSubnetB]]',
            "FunctionSecurityGroup": "!GetAtt FunctionSecurityGroup.GroupId",
            "DatabaseHost": "!GetAtt DatabaseCluster.Endpoint.Address",
            "DatabasePort": "!GetAtt DatabaseCluster.Endpoint.Port",
            "DatabaseSecretArn": "!GetAtt DatabaseCluster.MasterUserSecret.SecretArn",
        },
        parameters={
            "FunctionSubnets": "CommaDelimitedList",
            "FunctionSecurityGroup": "String",
            "DatabaseHost": "String",
            "DatabasePort": "String",
            "DatabaseSecretArn": "String",
        },
        variables={
            "DATABASE_HOST": "!Ref DatabaseHost",
            "DATABASE_PORT": "!Ref DatabasePort",
            "DATABASE_NAME": '"shop"',
            "DATABASE_SECRET_ARN": "!Ref DatabaseSecretArn",
        },
        permission={"OwnSecrets": (READ_SECRET, ["!Ref DatabaseSecretArn"])},
        key_use=SECRETS_KEY,
        stateful=frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}),
    ),
    ("secrets", "secrets"): Row(
        use={"secrets": ["ai-key"]},
        outputs={"AiKeySecretArn": "!Ref AiKeySecret"},
        parameters={"AiKeySecretArn": "String"},
        variables={"AI_KEY_SECRET_ARN": "!Ref AiKeySecretArn"},
        permission={"OwnSecrets": (READ_SECRET, ["!Ref AiKeySecretArn"])},
        key_use=SECRETS_KEY,
        limit=Arn("secretsmanager", ("secret:{prefix}-*",)),
        stateful=frozenset({"AWS::SecretsManager::Secret"}),
    ),
    ("state_machines", "starts"): Row(
        use={"starts": ["report"]},
        variables={"REPORT_STATE_MACHINE_ARN": MACHINE},
        permission={
            "Starts": (("states:StartExecution", "states:StartSyncExecution"), [MACHINE]),
            "Watches": (("states:DescribeExecution", "states:StopExecution"), [EXECUTIONS]),
        },
        limit=Arn("states", ("stateMachine:{prefix}-*", "execution:{prefix}-*")),
        names=("{prefix}-green-{name}", 80),
    ),
    ("queues", "sends"): Row(
        use={"sends": ["mail"]},
        outputs=QUEUE,
        parameters=dict.fromkeys(QUEUE, "String"),
        variables={"MAIL_QUEUE_URL": "!Ref MailQueueUrl"},
        permission={"Sends": (("sqs:SendMessage",), ["!Ref MailQueueArn"])},
        key_use={"MessagesKey": ("sqs", ["kms:GenerateDataKey", "kms:Decrypt"])},
        limit=Arn("sqs", ("{prefix}-*",)),
        stateful=frozenset({"AWS::SQS::Queue"}),
        names=("{prefix}-{name}-dead", 80),
    ),
    ("queues", "dead_letters"): Row(
        use={"dead_letters": "mail"},
        outputs=QUEUE,
        parameters={"MailQueueArn": "String"},
        permission={"Sends": (("sqs:SendMessage",), ["!Ref MailQueueArn"])},
        key_use={"MessagesKey": ("sqs", ["kms:GenerateDataKey", "kms:Decrypt"])},
        limit=Arn("sqs", ("{prefix}-*",)),
    ),
    ("queues", ""): Row(
        use={},
        outputs=QUEUE,
        parameters={"MailQueueArn": "String"},
        permission={
            "Receives": (
                ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                ["!Ref MailQueueArn"],
            )
        },
        key_use={"MessagesKey": ("sqs", ["kms:Decrypt"])},
        limit=Arn("sqs", ("{prefix}-*",)),
        function="worker",
    ),
    ("user_pool", "user_pool"): Row(
        use={"user_pool": True},
        outputs={"UserPoolId": "!Ref UserPool", "UserPoolClientId": "!Ref UserPoolClient"},
        parameters={"UserPoolId": "String", "UserPoolClientId": "String"},
        variables={"USER_POOL_ID": "!Ref UserPoolId", "USER_POOL_CLIENT_ID": "!Ref UserPoolClientId"},
        stateful=frozenset({"AWS::Cognito::UserPool"}),
    ),
}
every_row = pytest.mark.parametrize("key", ROWS, ids="-".join)


def _grant(key: Key) -> Grant:
    return next(grant for grant in GRANTS if (grant.section, grant.key) == key)


def _config(key: Key) -> Config:
    functions = {"api": {**FUNCTION, **ROWS[key].use}, "worker": FUNCTION, "idle": FUNCTION}
    return make_config(**{"functions": functions, "hooks": None, "database": None} | SECTIONS[key[0]])


def _granted(key: Key) -> Granted:
    return granted(_config(key), ROWS[key].function)


def test_every_row_is_tested_here() -> None:
    assert [(grant.section, grant.key) for grant in GRANTS] == list(ROWS)


def test_every_key_of_a_function_has_a_row() -> None:
    """The other keys of a function are its own settings."""
    own = {"layers", "permissions"}
    keys = {name for name, key in Function.model_fields.items() if key.default in (False, ())}
    assert keys - own == {grant.key for grant in GRANTS} - {"", "dead_letters"}


@every_row
def test_the_foundation_has_the_outputs(key: Key) -> None:
    assert foundation_outputs(_config(key)) == ROWS[key].outputs


@every_row
def test_the_slot_has_the_parameters(key: Key) -> None:
    assert slot_parameters(_config(key)) == ROWS[key].parameters


@every_row
def test_the_function_has_the_variables(key: Key) -> None:
    assert _granted(key).variables == ROWS[key].variables


@every_row
def test_the_function_has_the_permission(key: Key) -> None:
    assert _granted(key).permissions == ROWS[key].permission


@every_row
def test_the_function_may_use_the_key(key: Key) -> None:
    assert _granted(key).key_uses == ROWS[key].key_use


@every_row
def test_another_function_has_nothing(key: Key) -> None:
    assert granted(_config(key), "idle") == Granted()


@every_row
def test_a_things_variables_are_reserved(key: Key) -> None:
    assert all(reserved(name) for name in ROWS[key].variables)


@every_row
def test_the_limit_of_the_permission(key: Key) -> None:
    assert _grant(key).boundary == ROWS[key].limit


@every_row
def test_the_boundary_allows_the_permission(key: Key) -> None:
    """SEC-1: the database's secret has a statement of its own, in `boundary.yml.j2`."""
    allowed = {action for one in ceilings() for action in one.actions}
    assert {action for actions, _ in ROWS[key].permission.values() for action in actions} <= allowed


@every_row
def test_the_types_with_state(key: Key) -> None:
    assert _grant(key).stateful == ROWS[key].stateful


@every_row
def test_the_types_with_state_are_in_the_union(key: Key) -> None:
    assert ROWS[key].stateful <= stateful_types()


@every_row
def test_the_limit_of_a_name(key: Key) -> None:
    assert _grant(key).names == ROWS[key].names


@every_row
def test_a_row_with_a_template_gives_it_the_things(key: Key) -> None:
    assert (key[0] in foundation_sections(_config(key))) is any(
        grant.template for grant in GRANTS if grant.section == key[0]
    )


def test_the_rows_of_a_section_share_their_limit() -> None:
    limits = {section: {row.limit for key, row in ROWS.items() if key[0] == section} for section in SECTIONS}
    assert {section for section, found in limits.items() if len(found) > 1} == set()


def test_a_queue_for_messages_and_dead_letters_is_granted_once() -> None:
    functions = {"api": FUNCTION | {"sends": ["mail"], "dead_letters": "mail"}}
    config = make_config(functions=functions, hooks=None, database=None, queues={"mail": {}})
    assert granted(config, "api").permissions == {"Sends": (("sqs:SendMessage",), ["!Ref MailQueueArn"])}


@pytest.mark.parametrize("name", ["KANMON_SLOT", "AWS_REGION", "DATABASE_HOST", "X_SECRET_ARN"])
def test_a_variable_of_kanmon_or_aws_is_reserved(name: str) -> None:
    assert reserved(name)


@pytest.mark.parametrize("name", ["SECRET_ARN", "DATABASE", "TABLE_NAME"])
def test_a_variable_of_the_teams_own_is_free(name: str) -> None:
    assert not reserved(name)
