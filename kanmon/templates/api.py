"""The template of the REST API's routes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kanmon.naming import logical_id
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.api import Route
    from kanmon.config.schema import Config


def api_template(config: Config) -> str:
    """Render the REST API's routes. The deployment's logical id changes only when the content changes."""
    routes = sorted(config.routes, key=lambda route: (route.path, route.method))
    methods = [_method(route) for route in routes]
    definition = render(
        "api/definition.yml", prefix=config.prefix, resources=_resources(routes), methods=methods
    )
    return render(
        "api.yml",
        prefix=config.prefix,
        app=config.app,
        environment=config.environment,
        retention=config.logs.days,
        bounded=config.github is not None,
        definition=definition,
        methods=methods,
        digest=_digest(definition),
    )


def _digest(definition: str) -> str:
    """The digest of a definition without its comments."""
    lines = [line for line in definition.splitlines() if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _path_id(path: str) -> str:
    # Two paths may give the same logical id. Six digits of the path's digest make the ids different.
    return f"{logical_id(path)}{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def _resources(routes: list[Route]) -> list[dict[str, str]]:
    """Every node of the routes' path tree, parents before children."""
    nodes: dict[str, dict[str, str]] = {}
    for route in routes:
        segments = route.path.strip("/").split("/")
        for depth in range(1, len(segments) + 1):
            path, parent = "/" + "/".join(segments[:depth]), "/" + "/".join(segments[: depth - 1])
            nodes[path] = {
                "id": "Path" + _path_id(path),
                "parent": "Path" + _path_id(parent) if depth > 1 else "",
                "part": segments[depth - 1],
            }
    return [nodes[path] for path in sorted(nodes, key=lambda path: (path.count("/"), path))]


def _method(route: Route) -> dict[str, str]:
    return {
        "id": f"{route.method.capitalize()}{_path_id(route.path)}",
        "resource": "Path" + _path_id(route.path),
        "verb": route.method,
        "function": route.function,
    }
