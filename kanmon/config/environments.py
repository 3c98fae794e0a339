"""The environments of one config: the form of their blocks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import JsonValue, WithJsonSchema

from kanmon.config.blocks import KEY, SHARED
from kanmon.config.values import Name

Differences = Annotated[dict[str, JsonValue] | None, WithJsonSchema({"type": "object"})]
"""What differs in one environment. It is not validated alone, but together with the rest of the config."""
Blocks = dict[Name, Differences]


def with_partial_blocks(schema: dict[str, Any]) -> dict[str, Any]:
    """The config's JSON schema with the keys of each environment's block, none of them required."""
    root, defs = schema["properties"], schema["$defs"]
    keys = {key: _partial(form, defs) for key, form in root.items() if key not in SHARED}
    block = {"type": ["object", "null"], "properties": keys, "additionalProperties": False}
    [pattern] = root[KEY]["patternProperties"]
    environments = {**root[KEY], "patternProperties": {pattern: block}}
    return {**schema, "properties": {**root, KEY: environments}}


def _partial(form: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """A form whose mappings need none of their keys. Lists stay whole: they replace the ones outside."""
    if "$ref" in form:
        inner = defs[form["$ref"].rsplit("/", 1)[-1]]
        if inner.get("type") != "object":
            return form
        own = {key: value for key, value in form.items() if key != "$ref"}
        return {**_partial(inner, defs), **own}
    found = {key: value for key, value in form.items() if key not in {"required", "minProperties"}}
    for key in ("properties", "patternProperties"):
        if key in found:
            found[key] = {name: _partial(one, defs) for name, one in found[key].items()}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = _partial(found["additionalProperties"], defs)
    if "anyOf" in found:
        found["anyOf"] = [_partial(one, defs) for one in found["anyOf"]]
    return found
