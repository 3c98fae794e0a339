"""Adds to a function's package what starts it with values of secrets in its variables (ADP-4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.bundle.tree import TreeFile, shown
from kanmon.codes import Code
from kanmon.config.composed import START_FILE, composed, language
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.config.functions import Function

_FOLDER = START_FILE.partition("/")[0]
_FILES = {
    "python": {START_FILE: "python.sh", f"{_FOLDER}/start.py": "start.py"},
    "nodejs": {START_FILE: "node.sh", f"{_FOLDER}/start.cjs": "start.cjs"},
}
"""For each language: the files in a package, and those beside this module."""


def starter(function: Function) -> str:
    """The language of the files that a function's package gets; empty without any."""
    return language(function) if composed(function.environment) else ""


def with_starter(name: str, function: Function, files: Sequence[TreeFile]) -> list[TreeFile]:
    """The files of a function's package, sorted by name. Raises UNSAFE_PATH for one with a name of these."""
    added = _FILES.get(starter(function), {})
    if taken := [file.name for file in files if added and f"{file.name}/".startswith(f"{_FOLDER}/")]:
        problem = phrase(
            "The name {name} is Kanmon's own: it starts functions with values of secrets.",
            name=shown(taken[0]),
        )
        fix = phrase("Rename `{name}`.", name=_FOLDER)
        where = f"functions.{name}.artifact: {function.artifact}"
        raise KanmonError(Code.UNSAFE_PATH, problem, where=where, fix=fix)
    own = [_file(target, source) for target, source in added.items()]
    return sorted([*files, *own], key=lambda file: file.name)


def _file(target: str, source: str) -> TreeFile:
    path = Path(__file__).with_name(source)
    return TreeFile(target, str(path), path.stat().st_size, executable=target == START_FILE)
