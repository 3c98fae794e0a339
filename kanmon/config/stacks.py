"""The team's own CloudFormation stacks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kanmon.config.section import InsidePath, Section, written
from kanmon.language import deferred

ROLE_PATH, BOUNDARY = "KanmonRolePath", "KanmonBoundary"
"""The parameters of an own stack with roles: their path, and their boundary or nothing."""

ParameterName = Annotated[
    str,
    Field(max_length=255),
    written(r"^[A-Za-z0-9]+$", deferred("Use the parameter's name, of letters and digits."), "TableName"),
]


class Stack(Section):
    """One stack of the team's own. It exists once in an environment, outside of the slots."""

    template: InsidePath = Field(
        examples=["infra/orders.yml"],
        description="The CloudFormation template, in YAML or JSON, such as `infra/orders.yml`. It may come "
        "from a build command, such as `cdk synth`. Transforms, nested stacks, custom resources are refused.",
    )
    parameters: dict[ParameterName, Annotated[str, Field(max_length=4096)]] = Field(
        default_factory=dict,
        max_length=200,
        examples=[{"Key": "${foundation.KeyArn}"}],
        description="The template's parameters: a text in which `${kanmon.Prefix}` and the like may "
        "stand, or one `${stack.Output}` alone. The stack then comes after the other one.",
    )
    stateful: bool = Field(
        False,
        description="`true`: the stack has data. It gets CloudFormation's protection, and a plan that would "
        "replace or delete anything in it is refused without `allow_destroy`.",
    )
    capabilities: tuple[Literal["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"], ...] = Field(
        (),
        examples=[["CAPABILITY_NAMED_IAM"]],
        description="Your word that the template may make roles: `[CAPABILITY_NAMED_IAM]`. Kanmon gives each "
        "of them the permission boundary.",
    )
