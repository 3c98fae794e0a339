"""The base class of all sections of the config."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError("must be a path inside the app's folder, without `..`")
    return value


InsidePath = Annotated[str, Field(min_length=1), AfterValidator(_inside)]


class Section(BaseModel):
    """A section of the config: immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
