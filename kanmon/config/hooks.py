"""Functions to run before a release gets traffic."""

from __future__ import annotations

from pydantic import Field, JsonValue

from kanmon.config.section import Section
from kanmon.config.values import Name


class Hook(Section):
    """A function of the slot, invoked before traffic, such as a database migration."""

    name: Name = Field(description="For people.")
    function: Name = Field(description="The function that is invoked; it must be idempotent.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="Added to its event.")
