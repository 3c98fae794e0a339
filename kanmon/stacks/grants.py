"""One row for each kind of thing a function may use, and everything derived from the rows.

A function names its things under keys such as `secrets: [jwt]` and `database: true`. From a row come

- the outputs of the foundation and the parameters of the slot,
- the variables and permissions of the function,
- the limits in the boundary, and the rights of the service role,
- the names and variables allowed in a config.

To add a kind, add a section in `config/`, its key in `config/functions.py`, a row here, and its resources
in `infra/foundation/`.

A row's texts have placeholders:

- `{prefix}`: `<app>-<environment>`, such as `mandala-production`
- `{name}`: the name in the config, such as `jwt`
- `{id}`: the name inside a logical id, such as `Jwt`
- `{section}`: the config's section, for a kind with only one thing; `{section.name}` is a value in it

Of a thing that exists already (`existing` in the config), the outputs have its ids, and all else is the same.

This module imports only names, so the config's own checks can use the table too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanmon.language import deferred, phrase
from kanmon.naming import dead_letters_name, slot_resource_name, unique_id, variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.functions import Function
    from kanmon.config.schema import Config


@dataclass(frozen=True)
class Arn:
    """The app's own things, by name: `arn:…:<service>:<region>:<account>:<resource>`."""

    service: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Permission:
    """The allowed actions of a function on a thing."""

    sid: str
    actions: tuple[str, ...]
    resource: str
    """A CloudFormation expression for the slot's stack, such as `!Ref JwtSecretArn`."""


@dataclass(frozen=True)
class KeyUse:
    """A function's use of the app's KMS key: a service encrypts with it on the function's behalf."""

    sid: str
    service: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """One kind of thing for functions to use."""

    section: str
    """The config's section with the things."""
    key: str
    """The function's key with their names. Empty when the things name the function, as queues do."""
    thing: str
    """One thing of the kind, for people."""
    permissions: tuple[Permission, ...] = ()
    key_use: KeyUse | None = None
    named: bool = True
    """True: several things, each with a name. False: one thing, and the function's key is true or false."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Outputs of the foundation for the slot, and their values in the foundation."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The function's variables and their values in the slot's stack. A named thing has endings here.

    Example: the queue `jobs` and the ending `QUEUE_URL` give the variable `JOBS_QUEUE_URL`.
    """
    parameter_types: Mapping[str, str] = field(default_factory=dict)
    """The types of the slot's parameters. A parameter without an entry is a `String`."""
    boundary: Arn | None = None
    """The limit of the permission. The boundary allows no more, even if a template grants more."""
    creates: tuple[str, ...] = ()
    """Actions of the service role: it creates and keeps such things, inside of `boundary`."""
    stateful: frozenset[str] = frozenset()
    """Resource types with state: their data cannot be made again."""
    template: str = ""
    """The file in `infra/foundation/` with the resources. Empty when they are elsewhere."""
    names: tuple[str, int] | None = None
    """The longest resource name with a thing's name in it, and AWS's limit in characters."""

    def used_by(self, config: Config, function: str) -> list[str]:
        """The names of a function's things. For a thing without a name, the name of its section."""
        if not self.key:
            things = getattr(config, self.section)
            return [name for name, thing in sorted(things.items()) if thing.function == function]
        return self.named_by(config.functions[function])

    def named_by(self, function: Function) -> list[str]:
        """The names under the function's key. For a thing without a name, the name of its section."""
        used = getattr(function, self.key) if self.key else ()
        if not self.named:
            return [self.section] if used else []
        return [used] if isinstance(used, str) else sorted(used or ())

    def used(self, config: Config) -> list[str]:
        """The names of the things of all functions."""
        return sorted({name for function in config.functions for name in self.used_by(config, function)})

    def configured(self, config: Config) -> list[str]:
        """The names of all things in the config. For a thing without a name, the name of its section."""
        if not self.named:
            return [self.section] if _only(config, self.section) is not None else []
        return sorted(getattr(config, self.section))

    def fill(self, text: str, config: Config, name: str) -> str:
        """Fill in the placeholders in a text of this row, for one thing."""
        section = None if self.named else _only(config, self.section)
        return text.format(prefix=config.prefix, name=name, id=unique_id(name), section=section)

    def variable_names(self, name: str) -> list[str]:
        """The variables of a function with the thing of this name."""
        return [variable(name, ending) if self.named else ending for ending in self.variables]


def _only(config: Config, section: str) -> Any:  # noqa: ANN401 - a section of the config
    """The one thing of a kind: Kanmon's own, or an existing one. None without both."""
    if section == "network":
        # Its settings alone make none.
        return config.existing.network or config.database
    own = getattr(config, section)
    return own if own is not None else getattr(config.existing, section)


_SECRETS_KEY = KeyUse("OwnSecretsKey", "secretsmanager", ("kms:Decrypt",))
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
_SENDS_KEY = KeyUse("MessagesKey", "sqs", ("kms:GenerateDataKey", "kms:Decrypt"))
_QUEUE = deferred("queue")
_QUEUE_ARN = {"{id}QueueArn": "!GetAtt {id}Queue.Arn"}
_SENDS = Permission("Sends", ("sqs:SendMessage",), "!Ref {id}QueueArn")
# The ARN is made from the name, without `!Ref`. A function may start a state machine and be invoked by it:
# with `!Ref` this would be a circular dependency.
_STATES = '!Sub "arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:'
_STATE_MACHINE = slot_resource_name("{prefix}", "${{Slot}}", "{name}")
_STATE_MACHINE_ARN = f'{_STATES}stateMachine:{_STATE_MACHINE}"'

_NETWORK = {
    "FunctionSubnets": '!Join [",", [!Ref PrivateSubnetA, !Ref PrivateSubnetB]]',
    "FunctionSecurityGroup": "!GetAtt FunctionSecurityGroup.GroupId",
}
# Not `List<AWS::EC2::Subnet::Id>`: CloudFormation may look such ids up by the caller's own rights.
_NETWORK_TYPES = {"FunctionSubnets": "CommaDelimitedList"}

GRANTS: tuple[Grant, ...] = (
    Grant(
        section="network",
        key="network",
        thing=deferred("network"),
        named=False,
        outputs=_NETWORK,
        parameter_types=_NETWORK_TYPES,
    ),
    Grant(
        section="database",
        key="database",
        thing=deferred("database"),
        named=False,
        permissions=(Permission("OwnSecrets", ("secretsmanager:GetSecretValue",), "!Ref DatabaseSecretArn"),),
        key_use=_SECRETS_KEY,
        outputs={
            **_NETWORK,
            "DatabaseHost": "!GetAtt DatabaseCluster.Endpoint.Address",
            "DatabasePort": "!GetAtt DatabaseCluster.Endpoint.Port",
            "DatabaseSecretArn": "!GetAtt DatabaseCluster.MasterUserSecret.SecretArn",
        },
        variables={
            "DATABASE_HOST": "!Ref DatabaseHost",
            "DATABASE_PORT": "!Ref DatabasePort",
            "DATABASE_NAME": '"{section.name}"',
            "DATABASE_SECRET_ARN": "!Ref DatabaseSecretArn",
        },
        parameter_types=_NETWORK_TYPES,
        stateful=frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"}),
    ),
    Grant(
        section="secrets",
        key="secrets",
        thing=deferred("secret"),
        permissions=(Permission("OwnSecrets", ("secretsmanager:GetSecretValue",), "!Ref {id}SecretArn"),),
        key_use=_SECRETS_KEY,
        outputs={"{id}SecretArn": "!Ref {id}Secret"},
        variables={"SECRET_ARN": "!Ref {id}SecretArn"},
        boundary=Arn("secretsmanager", ("secret:{prefix}-*",)),
        creates=(
            "secretsmanager:CreateSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:UpdateSecret",
            "secretsmanager:DeleteSecret",
            # CloudFormation reads a secret to change it.
            "secretsmanager:GetSecretValue",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
        ),
        stateful=frozenset({"AWS::SecretsManager::Secret"}),
        template="secrets",
    ),
    Grant(
        section="state_machines",
        key="starts",
        thing=deferred("state machine"),
        permissions=(
            Permission("Starts", ("states:StartExecution", "states:StartSyncExecution"), _STATE_MACHINE_ARN),
            Permission(
                "Watches",
                ("states:DescribeExecution", "states:StopExecution"),
                f'{_STATES}execution:{_STATE_MACHINE}:*"',
            ),
        ),
        variables={"STATE_MACHINE_ARN": _STATE_MACHINE_ARN},
        boundary=Arn("states", ("stateMachine:{prefix}-*", "execution:{prefix}-*")),
        creates=(
            "states:CreateStateMachine",
            "states:DescribeStateMachine",
            "states:UpdateStateMachine",
            "states:DeleteStateMachine",
            "states:TagResource",
            "states:UntagResource",
            "states:ListTagsForResource",
        ),
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        names=(slot_resource_name("{prefix}", "green", "{name}"), 80),
    ),
    Grant(
        section="queues",
        key="sends",
        thing=_QUEUE,
        permissions=(_SENDS,),
        key_use=_SENDS_KEY,
        outputs={**_QUEUE_ARN, "{id}QueueUrl": "!Ref {id}Queue"},
        variables={"QUEUE_URL": "!Ref {id}QueueUrl"},
        boundary=Arn("sqs", ("{prefix}-*",)),
        creates=(
            "sqs:CreateQueue",
            "sqs:GetQueueUrl",
            "sqs:GetQueueAttributes",
            "sqs:SetQueueAttributes",
            "sqs:DeleteQueue",
            "sqs:TagQueue",
            "sqs:UntagQueue",
            "sqs:ListQueueTags",
        ),
        stateful=frozenset({"AWS::SQS::Queue"}),
        template="queues",
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
        names=(dead_letters_name("{prefix}", "{name}"), 80),
    ),
    Grant(
        "queues",
        "dead_letters",
        _QUEUE,
        (_SENDS,),
        _SENDS_KEY,
        outputs=_QUEUE_ARN,
        boundary=Arn("sqs", ("{prefix}-*",)),
    ),
    Grant(
        section="queues",
        key="",
        thing=_QUEUE,
        permissions=(
            Permission(
                "Receives",
                ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                "!Ref {id}QueueArn",
            ),
        ),
        key_use=KeyUse("MessagesKey", "sqs", ("kms:Decrypt",)),
        outputs=_QUEUE_ARN,
        boundary=Arn("sqs", ("{prefix}-*",)),
    ),
    Grant(
        section="user_pool",
        key="user_pool",
        thing=deferred("user pool"),
        named=False,
        outputs={"UserPoolId": "!Ref UserPool", "UserPoolClientId": "!Ref UserPoolClient"},
        variables={"USER_POOL_ID": "!Ref UserPoolId", "USER_POOL_CLIENT_ID": "!Ref UserPoolClientId"},
        stateful=frozenset({"AWS::Cognito::UserPool"}),
        template="user-pool",
    ),
)


def stateful_types() -> frozenset[str]:
    """The resource types with state, from all rows."""
    return frozenset(kind for grant in GRANTS for kind in grant.stateful)


def slot_parameters(config: Config) -> dict[str, str]:
    """The slot's parameters from outputs of the foundation, and their types."""
    return {
        grant.fill(output, config, name): grant.parameter_types.get(output, "String")
        for grant in GRANTS
        for name in grant.used(config)
        for output in grant.outputs
    }


def foundation_outputs(config: Config) -> dict[str, str]:
    """The foundation's outputs for functions, and their values: of an existing thing, its ids as text."""
    existing = {output: f'"{value}"' for output, value in config.existing.outputs.items()}
    return {
        (key := grant.fill(output, config, name)): existing.get(key) or grant.fill(value, config, name)
        for grant in GRANTS
        for name in grant.configured(config)
        for output, value in grant.outputs.items()
    }


def reserved(name: str) -> bool:
    """True when Kanmon or Lambda sets this variable. Then a config must not set it."""
    if name.startswith(("KANMON_", "AWS_")):
        return True
    return any(
        name.endswith(f"_{known}") if grant.named else name == known
        for grant in GRANTS
        for known in grant.variables
    )


def clashes(config: Config) -> list[str]:
    """Names in the config with a variable of Kanmon's or of AWS's, as sentences."""
    fixed = {known for grant in GRANTS if not grant.named for known in grant.variables}
    return [
        phrase(
            "{name} under `{section}` would give functions the variable {variable} of Kanmon or AWS.",
            name=name,
            section=grant.section,
            variable=given,
        )
        for grant in GRANTS
        if grant.named
        for name in grant.configured(config)
        for given in grant.variable_names(name)
        if given in fixed or given.startswith(("KANMON_", "AWS_"))
    ]


def missing(config: Config, name: str, function: Function) -> list[str]:
    """Things of a function without an entry in the config, as sentences."""
    problems = []
    for grant in GRANTS:
        used, kind = grant.named_by(function), {"thing": phrase(grant.thing), "section": grant.section}
        if not grant.named and used and not grant.configured(config):
            problems.append(
                phrase(
                    "The function {name} wants the {thing}, but there is no `{section}`, and no "
                    "`existing.{section}`.",
                    name=name,
                    **kind,
                )
            )
        elif grant.named:
            problems += [
                phrase(
                    "The function {name} names the {thing} {one}, which is not under `{section}`.",
                    name=name,
                    one=one,
                    **kind,
                )
                for one in used
                if one not in getattr(config, grant.section)
            ]
    return problems
