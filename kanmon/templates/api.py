"""The template of the REST API: its routes as one OpenAPI document."""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config


def api_template(config: Config) -> str:
    """Render the REST API. The deployment's logical id changes only when the API's document changes."""
    names = {"prefix": config.prefix, "app": config.app, "environment": config.environment}
    binary = config.api.binary if config.api else ()
    definition = render("api/definition.yml", **names, binary=binary, paths=list(_paths(config)))
    return render(
        "api.yml",
        **names,
        bounded=config.github is not None,
        definition=definition,
        digest=_digest(definition),
    )


def _digest(definition: str) -> str:
    """The digest of a definition without its comments."""
    lines = [line for line in definition.splitlines() if not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _paths(config: Config) -> Iterator[dict[str, Any]]:
    """Every path with its variables and its methods, as OpenAPI has them."""
    routes = sorted(config.routes, key=lambda route: (route.path, route.method))
    for path, found in groupby(routes, key=lambda route: route.path):
        yield {
            "path": path,
            "variables": [step.strip("{+}") for step in path.split("/") if step.startswith("{")],
            "methods": [{"key": _key(route.method), "function": route.function} for route in found],
        }


def _key(method: str) -> str:
    """OpenAPI's key of a method. It has none for all of them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-any-method.html
    """
    return "x-amazon-apigateway-any-method" if method == "ANY" else method.lower()
