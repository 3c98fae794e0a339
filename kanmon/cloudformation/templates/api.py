"""The REST API's routes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render, source_digest
from kanmon.cloudformation.templates.ids import logical_id

if TYPE_CHECKING:
    from kanmon.config import Config, Route


def api_template(config: Config) -> Template:
    """The REST API's routes. The deployment's logical id changes with them, and only with them."""
    routes = sorted(config.api.routes, key=lambda route: (route.path, route.method))
    definition = [config.prefix, source_digest("api.yml"), [route.model_dump() for route in routes]]
    digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:12]
    return Template(
        render(
            "api.yml",
            prefix=config.prefix,
            app=config.app,
            environment=config.environment,
            bounded=config.github is not None,
            resources=_resources(routes),
            methods=[_method(route) for route in routes],
            digest=digest,
        )
    )


def _path_id(path: str) -> str:
    # Different paths may have the same letters, so a few digits of the path's digest tell them apart.
    return f"{logical_id(path)}{hashlib.sha256(path.encode()).hexdigest()[:6]}"


def _resources(routes: list[Route]) -> list[dict[str, str]]:
    """Every node of the routes' path tree, parents before children."""
    nodes: dict[str, dict[str, str]] = {}
    for route in routes:
        parts = route.path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            path, parent = "/" + "/".join(parts[:depth]), "/" + "/".join(parts[: depth - 1])
            nodes[path] = {
                "id": "Path" + _path_id(path),
                "parent": "Path" + _path_id(parent) if depth > 1 else "",
                "part": parts[depth - 1],
            }
    return [nodes[path] for path in sorted(nodes, key=lambda path: (path.count("/"), path))]


def _method(route: Route) -> dict[str, str]:
    return {
        "id": f"{route.method.capitalize()}{_path_id(route.path)}",
        "resource": "Path" + _path_id(route.path),
        "verb": route.method,
        "function": route.function,
    }
