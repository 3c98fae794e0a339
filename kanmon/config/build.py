"""The app's build commands."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section
from kanmon.config.values import ShellCommand


class Build(Section):
    """The app's build: the commands that write the artifacts of functions and the web files."""

    commands: tuple[ShellCommand, ...] = Field(
        (),
        examples=[["npm ci", "npm run build"]],
        description="Shell commands, run one after the other in the config's folder. The first failing one "
        "ends the build. They get no AWS credentials, no GitHub token and no input of the step. Empty: the "
        "files are there already.",
    )
