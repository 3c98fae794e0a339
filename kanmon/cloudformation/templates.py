"""The app's stacks as templates: what of the config and the bundle each one is rendered from."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render, source_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config import Config, Route

LIVE_STAGE = "live"


def bootstrap_template(config: Config, bucket: str) -> Template:
    """What an administrator applies to an account; `bucket` is the artifact bucket's name."""
    return Template(
        render(
            "bootstrap.yml",
            app=config.app,
            environments=[
                {"id": logical_id(name), "name": name, "prefix": f"{config.app}-{name}"}
                for name in config.environments
            ],
            bucket=bucket,
            github=config.github,
            costs=config.costs,
            slack_secret=config.notifications.slack_secret,
        )
    )


def service_role(prefix: str) -> str:
    """The name of the role by which CloudFormation acts on an environment's stacks."""
    return f"{prefix}-cloudformation"


def foundation_template(config: Config) -> Template:
    """What outlives every release: network, keys, database, secrets, audit trail."""
    return Template(
        render(
            "foundation.yml",
            prefix=config.prefix,
            app=config.app,
            database=config.database,
            endpoints=[
                {"id": logical_id(service), "service": service} for service in config.network.endpoints
            ],
            secrets=[
                {"id": unique_id(name), "name": name, **secret.model_dump()}
                for name, secret in sorted(config.secrets.items())
            ],
            trail=config.trail,
        )
    )


def slot_template(config: Config, keys: Mapping[str, str]) -> Template:
    """One slot; `keys` has the object key of each function's package in the artifact bucket."""
    functions = [
        {
            "id": unique_id(name),
            "name": name,
            "key": keys[name],
            **function.model_dump(),
            "secrets": [_secret(secret) for secret in sorted(function.secrets)],
        }
        for name, function in sorted(config.functions.items())
    ]
    return Template(
        render(
            "slot.yml",
            prefix=config.prefix,
            app=config.app,
            environment=config.environment,
            functions=functions,
            bounded=config.github is not None,
            database=config.database if uses_database(config) else None,
            secrets=[_secret(name) for name in used_secrets(config)],
        )
    )


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


def edge_template(config: Config) -> Template:
    """CloudFront, the web bucket and the path function."""
    script = render("path-function.js", api_prefix=config.api.prefix, live_stage=LIVE_STAGE)
    return Template(
        render(
            "edge.yml",
            prefix=config.prefix,
            api_prefix=config.api.prefix,
            immutable=config.web.immutable,
            path_function=script,
        )
    )


def logical_id(name: str) -> str:
    """A name as a part of a CloudFormation logical id: `goal-api` becomes `GoalApi`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def uses_database(config: Config) -> bool:
    """Some function may reach the database."""
    return any(function.database for function in config.functions.values())


def used_secrets(config: Config) -> list[str]:
    """The secrets that some function may read."""
    return sorted({secret for function in config.functions.values() for secret in function.secrets})


def unique_id(name: str) -> str:
    """A config's name as a part of a logical id that no other name has."""
    # Names with a hyphen before a digit or a hyphen may have the same letters as others: `v-1` and `v1`.
    alike = re.search(r"-[^a-z]", name)
    return logical_id(name) + (hashlib.sha256(name.encode()).hexdigest()[:6] if alike else "")


def _secret(name: str) -> dict[str, str]:
    return {"id": unique_id(name), "variable": name.upper().replace("-", "_") + "_SECRET_ARN"}


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
