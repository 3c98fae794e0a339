"""The target state of a stack: its template, and the sources of its parameters."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the dataclass is read by people and tools at run time
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class StackOutput(BaseModel):
    """An output of another stack. Its value is known once the other stack exists."""

    model_config = ConfigDict(frozen=True)

    stack: str
    """The other stack's kind."""
    key: str


ParameterValue = str | StackOutput


@dataclass(frozen=True)
class StackSpec:
    """The target state of one stack."""

    kind: str
    name: str
    body: str
    """The rendered template."""
    parameters: Mapping[str, ParameterValue]
