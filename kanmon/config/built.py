"""The keys of a config that a bundle's files depend on. All other keys may change without a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.composed import composed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

_OF_EACH = {
    "functions": ("handler", "artifact", "runtime", "architecture"),
    "state_machines": ("definition",),
    "stacks": ("template",),
}
"""For each section with names: the keys of one thing."""
_OF_WEB = ("directory", "entry", "routes", "routes_in", "immutable")


def build_inputs(config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The keys that the build uses, and their values. `config` is the whole config as JSON."""
    found: dict[str, JsonValue] = {
        "app": config.get("app"),
        "build": _some(config.get("build"), ("commands",)),
    }
    for section, keys in _OF_EACH.items():
        things = _mapping(config.get(section))
        found[section] = {name: _some(thing, keys) | _start(thing) for name, thing in things.items()}
    if config.get("web"):
        found["web"] = _some(config["web"], _OF_WEB)
        # No file of the web app may have a path of the API.
        found["api"] = _some(config.get("api"), ("prefix", "paths"))
    return found


def _start(thing: JsonValue) -> dict[str, JsonValue]:
    """Whether a function's package has what puts values of secrets into its variables."""
    environment = _mapping(_mapping(thing).get("environment"))
    texts = {key: text for key, text in environment.items() if isinstance(text, str)}
    return {"environment": True} if composed(texts) else {}


def _some(thing: JsonValue, keys: tuple[str, ...]) -> dict[str, JsonValue]:
    given = _mapping(thing)
    return {key: given[key] for key in keys if key in given}


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}
