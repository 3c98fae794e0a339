"""The environments of one config: the form of their blocks, and what no block may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import JsonValue, WithJsonSchema

from kanmon.config.blocks import KEY, SHARED, blocks_of, place_in_block
from kanmon.config.built import build_inputs, changed_inputs
from kanmon.config.values import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.document import Document, Location
    from kanmon.config.schema import Config

Differences = Annotated[dict[str, JsonValue] | None, WithJsonSchema({"type": "object"})]
"""What differs in one environment. It is not validated alone, but together with the rest of the config."""
Blocks = dict[Name, Differences]
Problem = tuple["Location", str, str]
"""The place of a mistake, the problem, and its fix."""


def refused_blocks(document: Document) -> Iterator[Problem]:
    """What no merge makes right: two names for an environment, or a key that can't differ."""
    if KEY not in document.tree:
        return
    if "environment" in document.tree:
        problem = "`environment` and `environments` both name environments."
        yield ("environment",), problem, "Remove `environment`: the names of the blocks are the environments."
    if document.tree[KEY] in ({}, None):
        fix = "Write a block for each environment, such as `environments: {staging: {}, production: {}}`."
        yield (KEY,), "`environments` has no environment.", fix
    github = document.tree.get("github")
    if isinstance(github, dict) and "environments" in github:
        problem = "`environments` names the environments already."
        yield ("github", "environments"), problem, "Remove `github.environments`: it is the same list."
    for name, block in blocks_of(document).items():
        for key in block:
            if key in SHARED:
                problem = f"`{KEY}.{name}.{key}` can't differ. {SHARED[key]}"
                yield (KEY, name, key), problem, _move(key)


def refused_differences(document: Document, configs: Mapping[str, Config]) -> Iterator[Problem]:
    """Refuse keys of the build that differ, and a wrong `requires`. All configs are valid alone."""
    inputs = {name: build_inputs(config.as_json()) for name, config in configs.items()}
    first = next(iter(inputs))
    seen = set()
    for name, found in inputs.items():
        for place in changed_inputs(inputs[first], found):
            # The block that writes the key is wrong: this one, or that of the first environment.
            own = place_in_block(document, name, place)
            at = own if own != place else place_in_block(document, first, place)
            if at not in seen:
                seen.add(at)
                problem = (
                    f"`{'.'.join(map(str, at))}` can't differ: one bundle is built for all environments."
                )
                yield at, problem, _move(".".join(map(str, place)))
    for name, config in configs.items():
        if config.requires:
            at = place_in_block(document, name, ("requires",))
            yield from ((at, *words) for words in _wrong_requires(config, configs))


def _wrong_requires(config: Config, configs: Mapping[str, Config]) -> Iterator[tuple[str, str]]:
    wanted = config.requires or ""
    others = [name for name in configs if name != config.environment]
    if wanted not in others:
        problem = f"The environment {config.environment} requires {wanted}, which is no other environment."
        named = f"Name one of {', '.join(others)}." if others else "Add it to `environments`."
        yield problem, f"{named} One file has both, so that both get the same bundle."
    elif configs[wanted].region != config.region:
        problem = (
            f"The environment {config.environment} requires {wanted}, which is in {configs[wanted].region}, "
            f"not in {config.region}. Its records lie in the bucket of its own region."
        )
        yield problem, "Give both the same region, or remove `requires`."


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


def _move(key: str) -> str:
    return f"Move `{key}` out of `{KEY}`, to the rest of the config."
