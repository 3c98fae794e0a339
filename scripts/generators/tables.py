"""What all generated pages have: the note, tables, and the meanings from docstrings."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NOTE = "<!-- Generated from the code by scripts/generators/reference.py. -->\n"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a Markdown table with an empty line after it. Nothing without rows."""
    cells = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    lines = [heads, tuple("---" for _ in heads), *cells] if cells else []
    return [*("| " + " | ".join(line) + " |" for line in lines), *([""] if lines else [])]


def anchor(name: str) -> str:
    """An anchor in a cell of a table."""
    return f'<a id="{name}"></a>'


def key_anchor(key: str) -> str:
    """The anchor of a key on the config's page: `functions.memory` for `functions.<name>.memory`."""
    return key.replace("[]", "").replace(".<name>", "")


def meanings(kind: type) -> dict[str, str]:
    """The docstring below each field of a class, or below each member of an enumeration, by its name.

    Those of its base classes come first.
    """
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("kanmon."):
            found |= dict(_documented(one))
    return found


def _documented(kind: type) -> Iterator[tuple[str, str]]:
    (body,) = (
        node.body for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef)
    )
    for field, text in pairwise(body):
        target = field.targets[0] if isinstance(field, ast.Assign) else getattr(field, "target", None)
        if (
            isinstance(target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield target.id, " ".join(text.value.value.split())
