"""The form of each key in the config, for people: its allowed values in words, and an example.

All of it comes from the config's JSON schema, so a new key needs nothing here.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from kanmon.config.blocks import KEY
from kanmon.config.durations import DURATION_FORMS
from kanmon.config.schema import Config
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

Node = dict[str, Any]
"""A part of the JSON schema: the form of one value."""

_WIDE = 10_000
_BLOCK = (KEY, "<name>")
_KINDS = {
    "string": deferred("text"),
    "integer": deferred("a whole number"),
    "number": deferred("a number"),
    "boolean": deferred("`true` or `false`"),
    "array": deferred("a list"),
    "object": deferred("a mapping of keys and values"),
}


@cache
def _schema() -> Node:
    return Config.model_json_schema(by_alias=True)


def form_of(location: Sequence[int | str]) -> Node:
    """The form of the value at a place such as `("checks", 0, "path")`. Empty for a place without rules."""
    node = _resolved(_schema())
    if len(location) >= len(_BLOCK) and location[0] == _BLOCK[0]:
        # In the block of an environment are the keys of the whole file.
        location = location[len(_BLOCK) :]
    for part in location:
        node = child_of(node, part)
    return node


def names_of(node: Node) -> Node:
    """The form of the names in a mapping such as `functions`."""
    pattern = next(iter(node.get("patternProperties", {})), ".")
    return {"type": "string", "pattern": pattern, **node.get("propertyNames", {})}


def keys_of(node: Node) -> list[str]:
    """The keys of a section; none for other forms."""
    return list(node.get("properties", {}))


def child_of(node: Node, part: int | str) -> Node:
    """The form of one key or entry in a value."""
    if part in node.get("properties", {}):
        return _resolved(node["properties"][part])
    values = node.get("items") if isinstance(part, int) else None
    values = values or node.get("additionalProperties")
    values = values or next(iter(node.get("patternProperties", {}).values()), {})
    return _resolved(values) if isinstance(values, dict) else {}


def _resolved(node: Node) -> Node:
    """A form without references. Without `null`, too: a key without a value is left out instead."""
    own = {key: value for key, value in node.items() if key not in {"$ref", "anyOf"}}
    if "$ref" in node:
        return _resolved({**_schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]], **own})
    some = [form for form in node.get("anyOf", ()) if form != {"type": "null"}]
    return _resolved({**some[0], **own}) if len(some) == 1 else node


def is_duration(node: Node) -> bool:
    """Whether a value is a duration such as `5m`."""
    return bool(node.get("anyOf") == DURATION_FORMS)


def values_of(node: Node) -> list[Any]:
    """The only values of a form, when it lists them."""
    return [node["const"]] if "const" in node else list(node.get("enum", ()))


def rule(node: Node) -> str:
    """The allowed values as a sentence, such as `It must be a whole number from 128 to 10240.`."""
    if values := values_of(node):
        names = ", ".join(f"`{value}`" for value in values)
        if len(values) > 1:
            return phrase("It must be one of {names}.", names=names)
        return phrase("It must be {name}.", name=names)
    if is_duration(node):
        return phrase("It must be a duration, such as `500ms`, `30s`, `5m` or `1h`.")
    if "type" not in node:
        return phrase("It must be text, a number, `true`, `false`, a list or a mapping.")
    return phrase("It must be {kind}.", kind=_limited(phrase(_KINDS[node["type"]]), node))


def _limited(kind: str, node: Node) -> str:
    """A kind of value with its limits."""
    most = node.get("maxItems", node.get("maxProperties"))
    if node.get("minItems"):
        if most is None:
            return phrase("{kind} with at least one entry", kind=kind)
        return phrase("{kind} with 1 to {most} entries", kind=kind, most=most)
    if most is not None:
        return phrase("{kind} with at most {most} entries", kind=kind, most=most)
    if node.get("maxLength"):
        return phrase("{kind} with at most {most} characters", kind=kind, most=node["maxLength"])
    if node.get("minLength"):
        return phrase("{kind}, and not empty", kind=kind)
    limits = limits_of(node)
    return phrase("{kind} {limits}", kind=kind, limits=limits) if limits else kind


def limits_of(node: Node) -> str:
    """The limits of a number. Example: `from 128 to 10240`. Empty for other forms."""
    low, above, high = (node.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if low is not None:
        if high is None:
            return phrase("from {low:g} upwards", low=low)
        return phrase("from {low:g} to {high:g}", low=low, high=high)
    if above is None:
        return ""
    if high is None:
        return phrase("above {above:g}", above=above)
    return phrase("above {above:g}, up to {high:g}", above=above, high=high)


def example(node: Node, wrong: object = None) -> Any:  # noqa: ANN401 - a value of YAML can be anything
    """A value of a form, near to the wrong one if possible."""
    values, examples = values_of(node), node.get("examples")
    if values:
        known = {str(value).lower(): str(value) for value in values}
        text = wrong.lower() if isinstance(wrong, str) else ""
        near = difflib.get_close_matches(text, known, n=1, cutoff=0.4)
        given = [node.get("default"), *(examples or ()), *values]
        return known[near[0]] if near else next(one for one in given if one is not None)
    if (repaired := _repaired(node, wrong)) is not None:
        return repaired
    if examples:
        return examples[0]
    return node.get("default") or _made(node)


def fits(node: Node, text: str) -> bool:
    """Whether a text, not empty, is a right value of a form."""
    if not text or (node and node.get("type") != "string"):
        return False
    if values := values_of(node):
        return text in values
    return bool(re.search(node.get("pattern", "."), text)) and len(text) <= node.get("maxLength", _WIDE)


def in_quotes(text: str) -> Any:  # noqa: ANN401 - text for `as_yaml`
    """A text for :func:`as_yaml`, with its quotes."""
    return DoubleQuotedScalarString(text)


def _repaired(node: Node, wrong: object) -> Any:  # noqa: ANN401 - a value of YAML can be anything
    """The wrong value as a right one, if only capitals, spaces or the unit are wrong. Otherwise None."""
    if not isinstance(wrong, str):
        return None
    if is_duration(node):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|[smh])\w*", wrong.strip().lower())
        return found and found[1] + found[2]
    if node.get("type") in {"integer", "number"}:
        found = re.fullmatch(r"(\d{1,9})\s*(s|sec|seconds|mb|mib|%)", wrong.strip().lower())
        return int(found[1]) if found and _in_limits(node, int(found[1])) else None
    texts = "-".join(wrong.lower().split()), re.sub(r"[\s-]+", "_", wrong.strip())
    return next((text for text in texts if fits(node, text) and text != wrong), None)


def _in_limits(node: Node, number: int) -> bool:
    return bool(node.get("minimum", number) <= number <= node.get("maximum", number))


def _made(node: Node) -> Any:  # noqa: ANN401 - a value of YAML can be anything
    match node.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            return node.get("minimum", 1)
        case "array":
            return [example(child_of(node, 0))]
        case "object":
            return _mapping(node)
        case _:
            return "text"


def _mapping(node: Node) -> Node:
    keys = node.get("required") or keys_of(node)[:1]
    if keys:
        return {key: example(child_of(node, key)) for key in keys}
    name = str(example(names_of(node)))
    return {name: example(child_of(node, name))}


def as_yaml(key: int | str, value: object) -> str:
    """A line of YAML to paste. Example: `handler: shop.handler.handle`."""
    writer = YAML()
    writer.default_flow_style, writer.width = True, _WIDE
    stream = StringIO()
    writer.dump([value] if isinstance(key, int) else {key: value}, stream)
    inner = stream.getvalue().strip()[1:-1]
    return f"- {inner}" if isinstance(key, int) else inner
