"""A template as data: YAML as CloudFormation reads it, its short functions by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import Node

_NAMED = re.compile(r"\$\{([^!}][^}]*)\}")


class _Constructor(SafeConstructor):
    """A class of its own: what is registered at ruamel's would count for the config's YAML, too."""

    def function(self, name: str, node: Node) -> dict[str, Any]:
        """`!Ref x` as `{"Ref": "x"}`."""
        if isinstance(node, ScalarNode):
            return {name: node.value}
        if isinstance(node, SequenceNode):
            return {name: self.construct_sequence(node, deep=True)}
        return {name: self.construct_mapping(node, deep=True)}


_Constructor.add_multi_constructor("!", _Constructor.function)


def read(body: str) -> dict[str, Any]:
    """A template's content. Raises TEMPLATE_WRONG when it is no YAML mapping, or has a key twice."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    yaml.version = (1, 1)
    try:
        content = yaml.load(body)
    except YAMLError as error:
        reason = " ".join(str(error).split("To suppress")[0].split())
        raise KanmonError(Code.TEMPLATE_WRONG, f"It is not valid YAML: {reason}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("Resources"), dict):
        raise KanmonError(Code.TEMPLATE_WRONG, "It has no resources.")
    return content


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Every function and name by which a part of a template names a resource, parameter or condition."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            alone = isinstance(key, str) and len(value) == 1
            yield from _named(key.removeprefix("Fn::") if alone else "", item)


def _named(function: str, argument: Any) -> Iterator[tuple[str, str]]:
    match function:
        case "Ref":
            yield "Ref", str(argument)
        case "GetAtt":
            yield "GetAtt", str(argument[0] if isinstance(argument, list) else argument).split(".")[0]
        case "Sub":
            yield from _substituted(argument)
        case "If":
            yield "If", str(argument[0])
            yield from references(argument[1:])
        case _:
            yield from references(argument)


def _substituted(argument: Any) -> Iterator[tuple[str, str]]:
    text, given = argument if isinstance(argument, list) else (argument, {})
    for name in _NAMED.findall(text):
        if name not in given:
            yield "Sub", name.split(".")[0]
    yield from references(list(given.values()))
