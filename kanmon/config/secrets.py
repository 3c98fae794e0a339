"""The app's own secrets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section


class Secret(Section):
    """A secret of the app's own, read by its functions at run time."""

    value: Literal["generated", "entered"] = Field(
        "entered",
        description="`generated`: 64 random letters and digits, such as a signing key. `entered`: empty "
        "until a person puts the value in, such as a webhook's URL or a provider's key.",
    )
    description: str = Field("", max_length=2048, description="For people.")
