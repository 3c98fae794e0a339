"""The app's Step Functions state machines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import InsidePath, Section


class StateMachine(Section):
    """One Step Functions state machine of the slot."""

    definition: InsidePath = Field(
        description="A file in Amazon States Language (JSON); `${charge}` stands for the function `charge`."
    )
    type: Literal["standard", "express"] = Field(
        "standard",
        description="`standard`: each step once, up to a year. `express`: up to five minutes, cheap, and a "
        "step may happen twice.",
    )
