"""Cut GitHub's description of its API down to the served routes: `python -m embedded.github`.

The whole of it (13 MB) takes a quarter of a second to load, the rest a tenth of that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .api import ROUTES

FULL = Path(__file__).parent / "node_modules/@octokit/openapi/generated/api.github.com.json"
TRIMMED = Path(__file__).resolve().parents[2] / "build/github-api.json"

_PROSE = {"description", "example", "examples", "externalDocs", "summary", "tags", "x-github"}
_NOT_CHECKED = _PROSE | {"discriminator"}
"""A discriminator only shortens a check, and it fails for a list: GitHub's content of a folder is one."""
_ERROR = {
    "description": "Any other error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/basic-error"}}},
}


def trim(full: dict[str, Any]) -> dict[str, Any]:
    """The description of the routes, with everything behind their references.

    Many operations don't list their errors; those get GitHub's general form of one.
    """
    paths: dict[str, Any] = {}
    for route in ROUTES:
        operation = _lean(full["paths"][route.template][route.method.lower()])
        operation["responses"].setdefault("default", _ERROR)
        paths.setdefault(route.template, {})[route.method.lower()] = operation
    trimmed = {"openapi": full["openapi"], "info": full["info"], "servers": full["servers"], "paths": paths}
    components: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _lean(full["components"][kind][name])
            waiting |= references(components[kind][name])
    return {**trimmed, "components": components}


def _lean(node: Any, *, names: bool = False) -> Any:
    """Without prose. With `names`, the keys are names of properties, and may look like prose."""
    if isinstance(node, list):
        return [_lean(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if names or key not in _NOT_CHECKED}
    if not names and kept.get("nullable") and None not in kept.get("enum", [None]):
        kept["enum"] = [*kept["enum"], None]  # OpenAPI 3.0.3 wants it there; GitHub's file leaves it out
    return {key: _lean(value, names=key == "properties" and not names) for key, value in kept.items()}


def references(node: Any) -> set[str]:
    """The references in a piece of the description (`#/components/…`)."""
    if isinstance(node, list):
        return set().union(*(references(item) for item in node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(references(value) for value in node.values()))
