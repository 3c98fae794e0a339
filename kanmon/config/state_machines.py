"""The app's Step Functions state machines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.permissions import Statement, statements
from kanmon.config.section import InsidePath, Section


class StateMachine(Section):
    """One Step Functions state machine. It exists once in each slot."""

    definition: InsidePath = Field(
        examples=["definitions/report.json"],
        description="The file with the definition in Amazon States Language (JSON), such as "
        "`definitions/report.json`. Write `${charge}` for the ARN of the function `charge`.",
    )
    type: Literal["standard", "express"] = Field(
        "standard",
        description="`standard`: runs up to a year, and each step happens once. `express`: runs up to five "
        "minutes, costs less, and a step may happen twice.",
    )
    permissions: tuple[Statement, ...] = statements(
        "What the state machine may do in AWS beside invoking its functions, as IAM statements. Each "
        "integration in its definition, such as `arn:aws:states:::sns:publish`, needs its actions here.",
        "sns:Publish",
    )
