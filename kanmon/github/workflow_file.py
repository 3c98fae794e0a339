"""The workflow file of the present run, as it lies in the checkout."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 512 * 1024
"""GitHub takes no longer ones: https://docs.github.com/en/actions/reference/limits."""


def workflow_steps() -> Iterator[dict[str, Any]]:
    """The steps of all jobs that use an action: their `uses` and `with`. None if the file can't be read.

    GITHUB_WORKFLOW_REF is `owner/name/.github/workflows/release.yml@refs/heads/main`:
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    named = re.search(r"/(\.github/workflows/[^@/]+)@", os.environ.get("GITHUB_WORKFLOW_REF", ""))
    content = _read(Path(os.environ.get("GITHUB_WORKSPACE", "."), named[1])) if named else None
    for job in _mappings(_member(content, "jobs")):
        yield from (step for step in _mappings(_member(job, "steps")) if isinstance(step.get("uses"), str))


def _read(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return YAML(typ="safe", pure=True).load(file.read(_MOST_BYTES))
    except (OSError, ValueError, YAMLError):
        return None


def _member(content: object, name: str) -> object:
    return content.get(name) if isinstance(content, dict) else None


def _mappings(content: object) -> list[dict[str, Any]]:
    values = content.values() if isinstance(content, dict) else content
    return [one for one in values if isinstance(one, dict)] if hasattr(values, "__iter__") else []
