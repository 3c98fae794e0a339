"""The template of the REST API: its routes as one OpenAPI document."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kanmon.config.authorizers import OPEN
from kanmon.naming import STAGE_VARIABLE
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.api import Route
    from kanmon.config.mocks import Mock
    from kanmon.config.schema import Config

_LITERAL = {"$": "${dollar}", "#": "${hash}"}
_LITERALS = "#set($dollar = '$')#set($hash = '#')"


def api_template(config: Config) -> str:
    """Render the REST API. The deployment's logical id changes only when the API's document changes."""
    names = {"prefix": config.prefix, "app": config.app, "environment": config.environment}
    definition = render(
        "api/definition.yml",
        **names,
        binary=config.api.binary if config.api else (),
        authorizers=list(_authorizers(config)),
        paths=list(_paths(config)),
    )
    return render(
        "api.yml",
        **names,
        bounded=config.github is not None,
        user_pool=uses_own_pool(config),
        definition=definition,
        digest=_digest(f"{definition}{_existing_pool(config)}"),
    )


def _existing_pool(config: Config) -> str:
    """The id of an existing pool. It is a parameter of the document: another one needs another snapshot."""
    pool = config.existing.user_pool
    return pool.id if pool and uses_own_pool(config) else ""


def uses_own_pool(config: Config) -> bool:
    """Whether the API's document names the app's own user pool: then its id is a parameter of the stack."""
    return any(one.user_pool for one in (config.api.authorizers.values() if config.api else ()))


def _authorizers(config: Config) -> Iterator[dict[str, Any]]:
    """Every authorizer as OpenAPI has it: a security scheme."""
    for name, authorizer in sorted(config.api.authorizers.items()) if config.api else ():
        sources = list(authorizer.identity_sources)
        if authorizer.function and authorizer.ttl:
            # The key of a kept decision. Otherwise one release's decisions would count for the other one.
            sources.append(f"stageVariables.{STAGE_VARIABLE}")
        in_header = authorizer.type == "token" or not authorizer.function
        yield {
            **authorizer.model_dump(),
            "name": name,
            "ttl": int(authorizer.ttl),
            "sources": ", ".join(sources),
            "header": sources[0].rpartition(".")[2] if in_header else "Unused",
        }


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
            "methods": [_method(config, route) for route in found],
        }


def _method(config: Config, route: Route) -> dict[str, Any]:
    authorizer = config.api.authorizer_of(route) if config.api else OPEN
    return {
        "key": _key(route.method),
        "function": route.function,
        "mock": _answer(route.mock) if route.mock else None,
        "security": None if authorizer == OPEN else {authorizer: list(route.scopes)},
    }


def _answer(mock: Mock) -> dict[str, Any]:
    """A mock's answer as API Gateway has it: each header in single quotes, the body as a template."""
    headers = {"content-type": mock.content_type}
    headers |= {name.lower(): value for name, value in mock.headers.items()}
    return {
        "status": mock.status,
        "request": json.dumps({"statusCode": mock.status}),
        "headers": {name: f"'{value}'" for name, value in sorted(headers.items())},
        "type": mock.content_type.partition(";")[0].strip(),
        "body": _template(mock.body),
    }


def _template(text: str) -> str:
    """A template that gives exactly this text. `$` and `#` begin references and directives in templates.

    https://velocity.apache.org/engine/2.4.1/user-guide.html#getting-literal
    """
    if not set(text) & set("$#"):
        return text
    return _LITERALS + re.sub(r"[$#]", lambda sign: _LITERAL[sign[0]], text)


def _key(method: str) -> str:
    """OpenAPI's key of a method. It has none for all of them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-any-method.html
    """
    return "x-amazon-apigateway-any-method" if method == "ANY" else method.lower()
