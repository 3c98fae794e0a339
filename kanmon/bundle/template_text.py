"""Writes a CloudFormation template in the form of Kanmon's own: one line for each value, in ASCII.

A short tag such as `!Ref` takes a text or a list, as CloudFormation wants it. Around another function
stands the long form.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kanmon.text import yaml_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_REFERENCE = re.compile(r"[A-Za-z0-9:.]+")
_FUNCTION = re.compile(r"Fn::([A-Za-z0-9]+)")
_UNQUOTED = {"Ref", "Fn::GetAtt"}


def section_text(name: str, value: Any) -> str:  # noqa: ANN401 - any part of a template
    """The lines of a section, with a blank line after it."""
    if name == "AWSTemplateFormatVersion":
        return f'{name}: "{value}"\n'
    if name == "Resources":
        lines = [line for key, one in value.items() for line in (f"  {key}:", *_resource(one))]
        return "\n".join([f"{name}:", *lines, "", ""])
    return "\n".join([*_entry(name, value, ""), "", ""])


def _resource(resource: dict[str, Any]) -> Iterator[str]:
    """`Type` stands first, and plain: a plan looks for it."""
    yield f"    Type: {resource['Type']}"
    for key, value in resource.items():
        if key != "Type" and value not in ({}, []):
            yield from _entry(key, value, "    ")


def _entry(key: object, value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    first, *rest = _lines(value, indent + "  ")
    yield f"{indent}{_key(key)}:{first}"
    yield from rest


def _lines(value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """The text after a colon or a dash, and the lines below it."""
    match value:
        case dict() if (short := _short(value)) is not None:
            tag, inner = short
            if isinstance(inner, str):
                plain = tag in {"Ref", "GetAtt"} and _REFERENCE.fullmatch(inner)
                yield f" !{tag} {inner if plain else yaml_quoted(inner)}"
            else:
                yield f" !{tag}"
                yield from _items(inner, indent)
        case dict() if value:
            yield ""
            for key, one in value.items():
                yield from _entry(key, one, indent)
        case list() if value:
            yield ""
            yield from _items(value, indent)
        case str():
            yield f" {yaml_quoted(value)}"
        case bool() | int() | float() | None | dict() | list():
            yield f" {json.dumps(value)}"
        case _:
            # YAML's dates: CloudFormation takes them as the text that was written.
            yield f" {yaml_quoted(str(value))}"


def _items(values: list[Any], indent: str) -> Iterator[str]:
    for value in values:
        first, *rest = _lines(value, indent + "  ")
        if first:
            yield f"{indent}-{first}"
            yield from rest
        else:
            # A nested block begins on a line of its own.
            yield f"{indent}-"
            yield from rest


def _short(value: dict[str, Any]) -> tuple[str, Any] | None:
    """The tag and the argument of a function whose argument is a text or a list; else None."""
    if len(value) != 1:
        return None
    ((key, inner),) = value.items()
    if key == "Fn::GetAtt" and isinstance(inner, list) and all(isinstance(one, str) for one in inner):
        return "GetAtt", ".".join(inner)
    if key == "Ref" and isinstance(inner, str):
        return "Ref", inner
    found = _FUNCTION.fullmatch(str(key))
    if found and (isinstance(inner, str) or (isinstance(inner, list) and inner)):
        return found[1], inner
    return None


def _key(key: object) -> str:
    text = str(key)
    return text if _NAME.fullmatch(text) else yaml_quoted(text)
