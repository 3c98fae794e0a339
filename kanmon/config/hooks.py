"""Functions to run before a release gets traffic."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section
from kanmon.config.values import Name, Payload


class Hook(Section):
    """A function to run before a release gets traffic, such as a database migration."""

    name: Name = Field(
        examples=["migrate"], description="The hook's name in messages and in the function's event."
    )
    function: Name = Field(
        examples=["migrate"],
        description="The function to invoke: a name under `functions`. It must be idempotent, because the "
        "next deploy invokes it again. If it fails, the deploy is aborted and users notice nothing.",
    )
    payload: Payload = Field(
        default_factory=dict,
        examples=[{"step": "expand"}],
        description="Keys to add to the function's event. The event always has `kanmon`, with hook, release "
        "and slot.",
    )
