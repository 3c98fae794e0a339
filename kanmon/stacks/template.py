"""Reads a template's resources, without CloudFormation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode

from kanmon.plain_yaml import NoAliases, numbers_without_dot

_SECTION = re.compile(r"\w+:( |$)")
_NAME = re.compile(r"  (\w+):")
_KEY = re.compile(r"    \w+:( |$)")
_REFERENCE = re.compile(r"!Ref (\w+)|\$\{(\w+)\}")
_INNER = ("     ", "    #")
_TYPE = re.compile(r"^    Type: (\S+)$", re.MULTILINE)
_COMMENT = re.compile(r" {0,2}#")


class _Constructor(SafeConstructor):
    """Reads CloudFormation's short forms: `!Ref Key` becomes `{"!Ref": "Key"}`."""


def _short_form(constructor: SafeConstructor, tag: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - any node
    scalar = isinstance(node, ScalarNode)
    value = node.value if scalar else constructor.construct_sequence(node, deep=True)
    return {f"!{tag}": value}


_Constructor.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class TemplateResource:
    """One resource of a template."""

    type: str
    text: str
    """Its lines in the template."""

    @property
    def content(self) -> dict[str, Any]:
        """All of it, `Type` and `Properties` included; its text if it is no YAML. Don't change it."""
        return _content(self.text)

    @property
    def parameters(self) -> set[str]:
        """The names in it that may be a parameter's."""
        return {name for found in _REFERENCE.findall(self.text) for name in found if name}


@lru_cache(maxsize=16)
def resources_of(body: str) -> dict[str, TemplateResource] | None:
    """The resources of a template in Kanmon's form, by their logical ids. Don't change them.

    None for another form: somebody else changed the stack. Every line is read, so no resource stays unseen.
    A YAML reader would need a second for a long template.
    """
    texts: dict[str, list[str]] = {}
    inside, known = False, list[str]()
    for line in body.split("\n"):
        if line[:1] not in {"", " ", "#"}:
            if not _SECTION.match(line) or (texts and line == "Resources:"):
                return None
            inside = line == "Resources:"
        elif not inside or _COMMENT.match(line):
            continue
        elif found := _NAME.fullmatch(line):
            if found[1] in texts:
                return None
            known = texts.setdefault(found[1], [line])
        elif not line.strip() or (known and (line.startswith(_INNER) or _KEY.match(line))):
            known.append(line)
        else:
            return None
    return _typed(texts) or None


def condition_of(body: str, output: str) -> str:
    """The condition of an output, in a template of Kanmon's form; empty for none."""
    _, _, rest = body.partition("\nOutputs:\n")
    lines = takewhile(lambda line: line[:1] in {"", " "}, rest.split("\n"))
    found = _content("\n".join(["Outputs:", *lines])).get(output)
    return str(found.get("Condition", "")) if isinstance(found, dict) else ""


def _typed(texts: dict[str, list[str]]) -> dict[str, TemplateResource] | None:
    found = {}
    for name, lines in texts.items():
        text = "\n".join(lines).rstrip() + "\n"
        types = _TYPE.findall(text)
        if len(types) != 1:
            return None
        found[name] = TemplateResource(types[0], text)
    return found


@lru_cache(maxsize=4096)
def _content(text: str) -> dict[str, Any]:
    unread = {"Properties": {"Text": text}}
    yaml = YAML(typ="safe", pure=True)
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    yaml.version = (1, 1)
    yaml.Composer, yaml.Constructor = NoAliases, _Constructor
    try:
        with numbers_without_dot():
            (content,) = yaml.load(text).values()
    except (YAMLError, ValueError, RecursionError):
        return unread
    return (
        content if isinstance(content, dict) and isinstance(content.get("Properties", {}), dict) else unread
    )
