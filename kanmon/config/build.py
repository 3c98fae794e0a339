"""The app's build commands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kanmon.config.section import Section


class Build(Section):
    """The app's build: commands, run one after the other in the config's folder."""

    commands: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Shell commands, run in order; the first that fails ends the build."
    )
