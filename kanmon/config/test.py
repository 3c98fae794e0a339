"""The app's tests: their commands and reports (CD-1)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from kanmon.config.section import InsidePath, MistakeError, Section
from kanmon.config.values import ShellCommand
from kanmon.language import phrase

_LONGEST = 200


def _glob(value: str) -> str:
    if not PurePosixPath(value).parts:
        raise MistakeError(
            phrase("The path names no file."), phrase("Name the files, such as `build/tests/*.xml`.")
        )
    if any("**" in part and part != "**" for part in value.split("/")):
        raise MistakeError(
            phrase("`**` stands for whole folders, but here it is within a name."),
            phrase("Put it between two `/`, such as `reports/**/*.xml`."),
        )
    return value


Glob = Annotated[
    InsidePath, AfterValidator(_glob), Field(max_length=_LONGEST, examples=["build/tests/*.xml"])
]
"""A path inside the app's folder; `*`, `?` and `[…]` match inside a name, `**` matches any folders."""
Percentage = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
"""A percentage from 0 to 100."""


class CoverageRules(Section):
    """The share of the app's code to be covered by tests."""

    reports: tuple[Glob, ...] = Field(
        min_length=1,
        examples=[["build/coverage.xml"]],
        description="The coverage files written by the commands, in Cobertura XML, LCOV or coverage.py's "
        "JSON: `[build/coverage.xml]`.",
    )
    minimum: Percentage = Field(
        0,
        examples=[80],
        description="The smallest allowed share of tested lines, in percent. Below it, `kanmon test` "
        "fails. `0` only reports the share.",
    )
    branches: Percentage | None = Field(
        None,
        examples=[70],
        description="The smallest allowed share of tested branches, in percent. Without it, any share "
        "is enough.",
    )


class AppTests(Section):
    """The app's tests: their commands, their reports and the wanted coverage."""

    commands: tuple[ShellCommand, ...] = Field(
        min_length=1,
        examples=[["python3 -m pytest --junitxml=build/tests/api.xml"]],
        description="Shell commands, run one after the other in the config's folder. All of them run, also "
        "after a failed one, so you see all failures at once. They get no AWS credentials, no GitHub token "
        "and no input of the step.",
    )
    results: tuple[Glob, ...] = Field(
        min_length=1,
        examples=[["build/tests/*.xml"]],
        description="The JUnit XML files written by the commands: `[build/tests/*.xml]`. Each run must write "
        "them anew.",
    )
    coverage: CoverageRules | None = Field(
        None, description="How much of your code the tests must run. Without it, coverage is not read."
    )
