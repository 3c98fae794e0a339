"""YAML's traps: values that would work, but may not be what their writer means. So Kanmon refuses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.config.extremes import dotted
from kanmon.config.forms import as_yaml, example, form_of, is_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import ScalarNode

    from kanmon.config.document import Document, Location

_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_TRUE = {"true", "yes", "on", "y", "1"}
"""True in YAML 1.1. YAML 1.2 has `true` alone: https://yaml.org/spec/1.2.2/#10322-tag-resolution."""
_KINDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false"}


def traps(document: Document) -> Iterator[tuple[Location, str, str]]:
    """Each trap of a config: the place, the problem and the fix."""
    for location in document.odd_names:
        problem = f"YAML does not take the name `{location[-1]}` in `{dotted(location[:-1])}` for text."
        yield location, problem, f'Put it in quotes: `"{location[-1]}":`.'
    for location, node in document.scalars():
        form = form_of(location)
        if trap := _trap(node, "duration" if is_duration(form) else str(form.get("type"))):
            right, problem = trap
            line = as_yaml(location[-1], example(form) if right is None else right)
            shown = f"`{node.value}`" if node.style is None else f'`"{node.value}"`'
            yield location, f"`{dotted(location)}` is {shown}. {problem}", f"Write `{line}`."


def _trap(node: ScalarNode, kind: str) -> tuple[object, str] | None:
    """The right value, if it is clear, and the problem. None for a value without a trap."""
    read, text = str(node.tag).rpartition(":")[2], node.value
    problem = f"YAML takes it for {_KINDS.get(read, 'something else')}, not for "
    if kind == "boolean" and read in {"str", "int", "float"}:
        return text.lower() in _TRUE, f"{problem}true or false."
    if kind == "duration" and read == "bool":
        return None, f"{problem}a duration."
    if kind in {"integer", "number"} and read in {"str", "bool"}:
        return _number(text), f"{problem}a number."
    if kind in {"integer", "number"} and read == "int" and _OCTAL.fullmatch(text):
        return _number(text), "Some readers of YAML take a number with a zero in front for octal."
    return None


def _number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number
