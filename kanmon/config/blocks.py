"""Makes the config of each environment: the rest of the file, with the environment's own block over it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from kanmon.language import deferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.document import Document, Location

KEY = "environments"
SHARED = {
    "app": deferred("All environments are those of one app."),
    "environment": deferred("The name of the block is the environment's name."),
    KEY: deferred("An environment has none of its own."),
    "github": deferred("One repository releases all environments."),
    "build": deferred("One bundle is built for all environments."),
    "test": deferred("One bundle is tested for all environments."),
    "costs": deferred("One budget holds for the whole app."),
}
"""The keys that no environment can have of its own, and why."""
MOST = 20
"""The most environments of a config. Each is validated as a whole."""


def blocks_of(document: Document) -> dict[str, dict[str, Any]]:
    """The blocks of all environments, by name, in the file's order. Empty for a config of one environment."""
    given = document.tree.get(KEY)
    if not isinstance(given, dict):
        return {}
    return {name: block if isinstance(block, dict) else {} for name, block in given.items()}


def configs_of(document: Document) -> dict[str, dict[str, Any]]:
    """The whole config of each environment, by name. Without `environments` it is one, without a name.

    Of too many environments, the first ones are enough to refuse them all.
    """
    blocks = blocks_of(document)
    if not blocks:
        return {"": document.tree}
    rest = {key: value for key, value in document.tree.items() if key != "environment"}
    # A wrong block stays for the model to refuse. A right one is in the config itself.
    names = {
        name: {} if block is None or isinstance(block, dict) else block
        for name, block in document.tree[KEY].items()
    }
    return {
        name: merged(rest, {key: value for key, value in block.items() if key not in SHARED})
        | {"environment": name, KEY: names}
        for name, block in islice(blocks.items(), MOST)
    }


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another. Mappings are merged; a list or another value replaces the one below."""
    found = dict(below)
    for key, value in above.items():
        under = found.get(key)
        mappings = isinstance(value, dict) and isinstance(under, dict)
        found[key] = merged(under or {}, value) if mappings else value
    return found


def place_in_block(document: Document, name: str, place: Location) -> Location:
    """The place of a key of an environment: in its block if it is written there, else in the rest."""
    # Not through `blocks_of`: thousands of mistakes would read all blocks thousands of times.
    written = _depth(document.tree, (KEY, name, *place)) - len((KEY, name)) if name else 0
    own = written > 0 and (written == len(place) or written > _depth(document.tree, place))
    return (KEY, name, *place) if own else place


def with_line(document: Document, environment: str, where: str) -> str:
    """The place of an error with the line of the config's key that it begins with, if that is written.

    Such as `kanmon.yml:12: functions.api.handler: app.handle`. A single word could be a name of another kind.
    """
    key = where.partition(":")[0].split(".")
    place = place_in_block(document, environment, tuple(key))
    return f"{document.where(place)}: {where}" if len(key) > 1 and document.has(place) else where


def _depth(tree: object, place: Location) -> int:
    """How many steps of a place are written in a tree."""
    for number, step in enumerate(place):
        items = dict(enumerate(tree)) if isinstance(tree, list) else tree
        if not isinstance(items, dict) or step not in items:
            return number
        tree = items[step]
    return len(place)
