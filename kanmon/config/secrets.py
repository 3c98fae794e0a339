"""The app's own secrets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section


class Secret(Section):
    """One secret of the app. Functions read it while they run."""

    value: Literal["generated", "entered"] = Field(
        "entered",
        description="The origin of the value. `generated`: Kanmon makes 64 random letters and digits, for "
        "example a signing key. `entered`: empty until you enter the value in Secrets Manager, for example "
        "the key of a provider. Changing `entered` to `generated` replaces your value.",
    )
    description: str = Field(
        "",
        max_length=2048,
        examples=["Signs the login tokens."],
        description="A note for people in Secrets Manager, such as `Signs the login tokens.` Never the value "
        "itself.",
    )
