"""The app's tests: their commands and reports (CD-1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from kanmon.config.section import InsidePath, Section


def _glob(value: str) -> str:
    if any("**" in part and part != "**" for part in value.split("/")):
        raise ValueError("has `**` as a part of a name; it stands for whole folders: `reports/**/*.xml`")
    return value


Glob = Annotated[InsidePath, AfterValidator(_glob)]
"""A path inside the app's folder; `*`, `?` and `[…]` match inside a name, `**` matches any folders."""
Percentage = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
"""A percentage from 0 to 100."""


class CoverageRules(Section):
    """The share of the app's code to be covered by tests."""

    reports: tuple[Glob, ...] = Field(
        min_length=1, description="What the commands write: Cobertura XML, LCOV or coverage.py's JSON."
    )
    minimum: Percentage = Field(0, description="Percent of the lines that the tests must run.")
    branches: Percentage | None = Field(
        None, description="Percent of the branches that they must take; not asked for unless it is set."
    )


class AppTests(Section):
    """The app's tests: commands, run one after the other in the config's folder."""

    commands: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="Shell commands; all of them run, also after one that failed."
    )
    results: tuple[Glob, ...] = Field(
        min_length=1, description="The JUnit XML files that the commands write, anew each time."
    )
    coverage: CoverageRules | None = Field(None, description="What the tests must reach of the code.")
