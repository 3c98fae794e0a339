"""IAM statements: what functions and state machines may do in AWS, and the ceiling of it (ADP-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from kanmon.config.actions import near_service
from kanmon.config.section import MistakeError, Section, written
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

_LARGEST = 50
"""Statements of one role. The quota of IAM is on their characters; this only keeps a plan readable."""

Action = Annotated[
    str,
    Field(max_length=128),
    written(
        r"^[a-z][a-z0-9-]*:[A-Za-z*?][A-Za-z0-9*?]*$",
        deferred("Use a service, a colon and an action of it. `*` may stand in the action."),
        "ses:SendEmail",
    ),
]
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"""
ResourceArn = Annotated[
    str,
    Field(max_length=2048),
    written(
        r"^(\*|arn:[!-~]+|\$\{[^!{}][^{}]*\}[!-~]*)$",
        deferred("Use an ARN, a `${stack.Output}` with an ARN, or `*` for actions that know no resource."),
        "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/example.com",
    ),
]
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"""
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS = (
    "(ForAllValues:|ForAnyValue:)?("
    "String(Not)?(Equals|EqualsIgnoreCase|Like)|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?|"
    "Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|"
    "Arn(Not)?(Equals|Like)"
    ")(IfExists)?|Null"
)
Operator = Annotated[
    str,
    written(f"^({_OPERATORS})$", deferred("Use one of IAM's condition operators."), "StringEquals"),
]
ConditionKey = Annotated[
    str,
    Field(max_length=256),
    written(r"^[A-Za-z0-9-]+:[!-~]+$", deferred("Use a condition key with its service."), "ses:FromAddress"),
]
ConditionValue = Annotated[
    str,
    Field(max_length=1024),
    written(r"^[ -~]*$", deferred("Use plain ASCII characters."), "shop@example.com"),
]


class Statement(Section):
    """What is allowed: actions on resources, under conditions."""

    actions: tuple[Action, ...] = Field(
        min_length=1, description="The allowed actions of AWS services: `[ses:SendEmail]`."
    )
    resources: tuple[ResourceArn, ...] = Field(
        min_length=1,
        description="The ARNs of the resources: `['arn:aws:s3:::shop-reports/*']`. `['*']` only for actions "
        "that know no resource.",
    )
    conditions: dict[Operator, dict[ConditionKey, tuple[ConditionValue, ...]]] = Field(
        default_factory=dict,
        examples=[{"StringEquals": {"ses:FromAddress": ["shop@example.com"]}}],
        description="More conditions, as in IAM: `{StringEquals: {'ses:FromAddress': [shop@example.com]}}`.",
    )

    @model_validator(mode="after")
    def _of_a_service(self) -> Self:
        for index, action in enumerate(self.actions):
            if near := near_service(action):
                raise MistakeError(
                    phrase("IAM knows no service `{service}`.", service=action.partition(":")[0]),
                    phrase("Write `{near}:{action}`.", near=near, action=action.partition(":")[2]),
                    at=("actions", index),
                )
        return self

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        for operator, keys in self.conditions.items():
            if not keys or () in keys.values():
                raise MistakeError(
                    phrase("A condition without a value is never true."),
                    phrase("Write a key with a value, or remove the condition."),
                    at=("conditions", operator),
                )
        return self

    def texts(self) -> Iterator[tuple[tuple[int | str, ...], str]]:
        """The texts that may have `${…}`, with their places."""
        for index, resource in enumerate(self.resources):
            yield ("resources", index), resource
        for operator, keys in self.conditions.items():
            for key, values in keys.items():
                for index, value in enumerate(values):
                    yield ("conditions", operator, key, index), value


def statements(description: str, example: str) -> Any:  # noqa: ANN401 - pydantic's Field gives Any, too
    """The form of a list of statements."""
    return Field(
        (),
        max_length=_LARGEST,
        examples=[[{"actions": [example], "resources": ["*"]}]],
        description=description,
    )


class Boundary(Section):
    """What an administrator allows to the roles of functions and state machines."""

    allow: tuple[Statement, ...] = statements(
        "The most that `permissions` may give, as IAM statements. `kanmon bootstrap` puts them into the "
        "permission boundary of all roles in the app's stacks. They grant nothing by themselves.",
        "ses:SendEmail",
    )
