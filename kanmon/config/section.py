"""The base class of all sections of the config, and its mistakes."""

from __future__ import annotations

import difflib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kanmon.language import phrase, sentences

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any


class MistakeError(ValueError):
    """A wrong value in the config: the problem, and a fix to do or to paste.

    Both are whole sentences, in the reader's language: it is chosen before the validation. `at` is the place
    of the value below the section that raises it.
    Example: `("steps", 1)`.
    """

    def __init__(self, problem: str, fix: str, *, at: tuple[int | str, ...] = ()) -> None:
        super().__init__(sentences(problem, fix))
        self.problem = problem
        self.fix = fix
        self.at = at


def choice(section: str, known: Collection[str], name: str) -> str:
    """The fix for a name that is not under its section: the near one, else any of them, or to add it."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return phrase("Write `{text}`.", text=near[0])
    names = ", ".join(f"`{one}`" for one in known)
    added = name or phrase("a name")
    if not names:
        return phrase("Add `{name}:` to `{section}`.", name=added, section=section)
    return phrase(
        "Use a name from there ({names}), or add `{name}:` to `{section}`.",
        names=names,
        name=added,
        section=section,
    )


def written(pattern: str, allowed: str, example: str) -> Any:  # noqa: ANN401 - pydantic's Field gives Any, too
    """The form of a text: its pattern, the same in `deferred` words, and an example.

    Errors show words and example, never the pattern. Editors show them, too: they read the published schema.
    """
    return Field(pattern=pattern, examples=[example], json_schema_extra={"patternErrorMessage": allowed})


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise MistakeError(
            phrase("The path must stay inside the app's folder."),
            phrase("Write it from the config's folder, with `/` and without `..`, such as `build/api`."),
        )
    return value


InsidePath = Annotated[str, Field(min_length=1, examples=["build/api"]), AfterValidator(_inside)]
"""A path inside the app's folder."""


class Section(BaseModel):
    """A section of the config: immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
