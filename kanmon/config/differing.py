"""Refuses what no block of an environment may have: all environments are those of one app and one bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.blocks import KEY, SHARED, blocks_of, place_in_block
from kanmon.config.built import build_inputs
from kanmon.config.changed import changed_keys
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.document import Document, Location
    from kanmon.config.schema import Config


def refused_blocks(document: Document) -> Iterator[tuple[Location, str, str]]:
    """Two names for an environment, or a key that can't differ: the place, the problem and its fix."""
    if KEY not in document.tree:
        return
    if "environment" in document.tree:
        problem = phrase("`environment` and `environments` both name environments.")
        fix = phrase("Remove `environment`: the names of the blocks are the environments.")
        yield ("environment",), problem, fix
    if document.tree[KEY] in ({}, None):
        fix = phrase(
            "Write a block for each environment, such as `environments: {staging: {}, production: {}}`."
        )
        yield (KEY,), phrase("`environments` has no environment."), fix
    github = document.tree.get("github")
    if isinstance(github, dict) and "environments" in github:
        problem = phrase("`environments` names the environments already.")
        yield ("github", KEY), problem, phrase("Remove `github.environments`: it is the same list.")
    for name, block in blocks_of(document).items():
        for key in block:
            if key in SHARED:
                problem = phrase(
                    "`{key}` can't differ. {reason}", key=f"{KEY}.{name}.{key}", reason=phrase(SHARED[key])
                )
                yield (KEY, name, key), problem, _move(key)


def refused_differences(
    document: Document, configs: Mapping[str, Config]
) -> Iterator[tuple[Location, str, str]]:
    """Refuse keys of the build that differ, and a wrong `requires`. All configs are valid alone."""
    inputs = {name: build_inputs(config.as_json()) for name, config in configs.items()}
    first = next(iter(inputs))
    seen = set()
    for name, found in inputs.items():
        for place in changed_keys(inputs[first], found):
            # The block that writes the key is wrong: this one, or that of the first environment.
            own = place_in_block(document, name, place)
            at = own if own != place else place_in_block(document, first, place)
            if at not in seen:
                seen.add(at)
                problem = phrase(
                    "`{key}` can't differ: one bundle is built for all environments.",
                    key=".".join(map(str, at)),
                )
                yield at, problem, _move(".".join(map(str, place)))
    for name, config in configs.items():
        if config.requires:
            at = place_in_block(document, name, ("requires",))
            yield from ((at, *words) for words in _wrong_requires(config, configs))


def _wrong_requires(config: Config, configs: Mapping[str, Config]) -> Iterator[tuple[str, str]]:
    name, wanted = config.environment, config.requires or ""
    others = [one for one in configs if one != name]
    if wanted not in others:
        problem = phrase(
            "The environment {name} requires {wanted}, which is no other environment.",
            name=name,
            wanted=wanted,
        )
        yield problem, _named(others)
    elif name in _before(configs, wanted):
        problem = phrase(
            "The environment {name} requires {wanted}, which needs it before itself.",
            name=name,
            wanted=wanted,
        )
        yield problem, phrase("Remove `requires` from the one that is released first.")
    elif configs[wanted].region != config.region:
        problem = phrase(
            "The environment {name} requires {wanted}, which is in {other}, not in {region}. Its records lie "
            "in the bucket of its own region.",
            name=name,
            wanted=wanted,
            other=configs[wanted].region,
            region=config.region,
        )
        yield problem, phrase("Give both the same region, or remove `requires`.")


def _named(others: list[str]) -> str:
    if not others:
        return phrase("Add it to `environments`. One file has both, so that both get the same bundle.")
    return phrase(
        "Name one of {names}. One file has both, so that both get the same bundle.", names=", ".join(others)
    )


def _before(configs: Mapping[str, Config], name: str) -> set[str]:
    """The environments that one requires, and those that they require."""
    found = set[str]()
    wanted = configs[name].requires
    while wanted and wanted in configs and wanted not in found:
        found.add(wanted)
        wanted = configs[wanted].requires
    return found


def _move(key: str) -> str:
    return phrase("Move `{key}` out of `environments`, to the rest of the config.", key=key)
