"""YAML's traps: values that would work, but may not be what their writer means. So Kanmon refuses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.config.extremes import dotted
from kanmon.config.forms import as_yaml, example, form_of, is_duration
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import ScalarNode

    from kanmon.config.document import Document, Location

_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_TRUE = {"true", "yes", "on", "y", "1"}
"""True in YAML 1.1. YAML 1.2 has `true` alone: https://yaml.org/spec/1.2.2/#10322-tag-resolution."""
_KINDS = {
    "str": deferred("text"),
    "int": deferred("a number"),
    "float": deferred("a number"),
    "bool": deferred("true or false"),
}


def traps(document: Document) -> Iterator[tuple[Location, str, str]]:
    """Each trap of a config: the place, the problem and the fix."""
    for location in document.odd_names:
        name, owner = location[-1], dotted(location[:-1])
        problem = phrase(
            "YAML does not take the name `{name}` in `{owner}` for text.", name=name, owner=owner
        )
        yield location, problem, phrase("Put it in quotes: `{line}`.", line=f'"{name}":')
    for location, node in document.scalars():
        form = form_of(location)
        if trap := _trap(node, "duration" if is_duration(form) else str(form.get("type"))):
            right, problem = trap
            line = as_yaml(location[-1], example(form) if right is None else right)
            shown = f"`{node.value}`" if node.style is None else f'`"{node.value}"`'
            found = phrase("`{key}` is {value}.", key=dotted(location), value=shown)
            problem = phrase("{found} {problem}", found=found, problem=problem)
            yield location, problem, phrase("Write `{text}`.", text=line)


def _trap(node: ScalarNode, kind: str) -> tuple[object, str] | None:
    """The right value, if it is clear, and the problem. None for a value without a trap."""
    read, text = str(node.tag).rpartition(":")[2], node.value
    if kind == "boolean" and read in {"str", "int", "float"}:
        return text.lower() in _TRUE, phrase(
            "YAML takes it for {kind}, not for true or false.", kind=phrase(_KINDS[read])
        )
    if kind == "duration" and read == "bool":
        return None, phrase("YAML takes it for {kind}, not for a duration.", kind=phrase(_KINDS[read]))
    if kind in {"integer", "number"} and read in {"str", "bool"}:
        return _number(text), phrase("YAML takes it for {kind}, not for a number.", kind=phrase(_KINDS[read]))
    if kind in {"integer", "number"} and read == "int" and _OCTAL.fullmatch(text):
        problem = phrase("Some readers of YAML take a number with a zero in front for octal.")
        return _number(text), problem
    return None


def _number(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number
