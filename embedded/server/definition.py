"""An OpenAPI document as API Gateway imports it: what it makes of it, and what it refuses.

"Develop REST APIs using OpenAPI in API Gateway", "OpenAPI extensions for API Gateway" and "Quotas for
configuring and running a REST API". All of a document is imported, or nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCES, AUTHORIZERS = 300, 10
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
METHODS = {
    **{name: name.upper() for name in ("get", "put", "post", "delete", "options", "head", "patch")},
    ANY: "ANY",
}
INTEGRATIONS = ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")
_PART = re.compile(r"[A-Za-z0-9._:,-]+|\{[A-Za-z0-9._-]+\+?\}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}:role/[\w+=,.@/-]+|\*:user/\*)")
_INVOKED = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:[\w.-]+:(path|action)/.+")
_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+")
# "Map method and integration requests and responses": a static value, or a value of the request.
_MAPPING = re.compile(r"'[^']*'|(integration\.response|context|stageVariables)\.[\w.-]+")
AUTHORIZER = "x-amazon-apigateway-authorizer"
_AT_TOP = {
    f"x-amazon-apigateway-{name}"
    for name in (
        "binary-media-types",
        "endpoint-configuration",
        "gateway-responses",
        "minimum-compression-size",
    )
}
_PARAMETERS = {"endpointConfigurationTypes", "ignore", "basepath"}


class RefusedError(ValueError):
    """API Gateway answers with BadRequestException, and imports nothing."""


class LimitError(RefusedError):
    """API Gateway answers with LimitExceededException, and imports nothing."""


@dataclass(frozen=True)
class Operation:
    """A method with its integration."""

    path: str
    method: str
    content: dict[str, Any]

    @property
    def integration(self) -> dict[str, Any] | None:
        """The integration; None without one."""
        found: dict[str, Any] | None = self.content.get(INTEGRATION)
        return found


@dataclass(frozen=True)
class Definition:
    """What an import makes."""

    name: str
    version: str
    endpoint: str
    paths: tuple[str, ...]
    """Every resource, `/` and those between, parents first."""
    operations: tuple[Operation, ...]
    gateway_responses: dict[str, Any]
    binary_media_types: list[str]
    minimum_compression_size: int | None
    endpoint_disabled: bool
    document: dict[str, Any] = field(repr=False)


def read(body: Any, parameters: dict[str, str], *, fail_on_warnings: bool) -> Definition:
    """Read a document. Raises RefusedError; a warning is refused on request only."""
    document = _document(body)
    paths = _resources(document)
    operations = tuple(_operations(document))
    for operation in operations:
        _check(operation)
        _check_answers(operation)
    for name, scheme in _schemes(document).items():
        _check_authorizer(name, scheme.get(AUTHORIZER) or {})
    if len(_schemes(document)) > AUTHORIZERS:
        raise LimitError("Maximum number of Authorizers for this API has been reached.")
    warnings = list(_warnings(document, parameters))
    if warnings and fail_on_warnings:
        raise RefusedError("Warnings found during import:\n\t" + "\n\t".join(warnings))
    own = {name.removeprefix("x-amazon-apigateway-"): document.get(name) for name in _AT_TOP}
    return Definition(
        name=str(document["info"]["title"]),
        version=str(document["info"].get("version", "")),
        endpoint=parameters.get("endpointConfigurationTypes", "EDGE"),
        paths=paths,
        operations=operations,
        gateway_responses=own["gateway-responses"] or {},
        binary_media_types=list(own["binary-media-types"] or []),
        minimum_compression_size=own["minimum-compression-size"],
        endpoint_disabled=bool((own["endpoint-configuration"] or {}).get("disableExecuteApiEndpoint")),
        document=document,
    )


def _document(body: Any) -> dict[str, Any]:
    try:
        document = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        raise RefusedError("Unable to parse API definition because of a malformed payload") from None
    if not isinstance(document, dict) or not re.fullmatch(r"3\.0\.\d+", str(document.get("openapi"))):
        raise RefusedError("Invalid OpenAPI input.")
    if not (document.get("info") or {}).get("title"):
        raise RefusedError("Invalid OpenAPI input: info.title is missing.")
    return document


def _resources(document: dict[str, Any]) -> tuple[str, ...]:
    """The path tree, each prefix a resource of its own."""
    found = {"/": ""}
    variables: dict[str, str] = {}
    for path in document.get("paths") or {}:
        if not path.startswith("/"):
            raise RefusedError(f"Invalid OpenAPI input: the path {path!r} must begin with /.")
        parent = "/"
        for part in [part for part in path.split("/") if part]:
            _check_part(path, parent, part, variables)
            parent = f"{parent.rstrip('/')}/{part}"
            found[parent] = part
    if len(found) > RESOURCES:
        raise LimitError(
            "Maximum number of Resources for this API has been reached. "
            "Please contact AWS if you need additional Resources."
        )
    return tuple(sorted(found, key=lambda path: (path.count("/"), path)))


def _check_part(path: str, parent: str, part: str, variables: dict[str, str]) -> None:
    failed = f"Errors found during import:\n\tUnable to create resource at path '{path}': "
    if not _PART.fullmatch(part):
        raise RefusedError(
            f"{failed}Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and "
            "curly braces at the beginning and the end."
        )
    if parent.endswith("+}"):
        raise RefusedError(
            f"{failed}Cannot create a child of a resource with a greedy path variable: {parent}"
        )
    if part.startswith("{") and variables.setdefault(parent, part) != part:
        raise RefusedError(
            f"{failed}A sibling ({variables[parent]}) of this resource already has a variable path part -- "
            "only one is allowed"
        )


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in (document.get("paths") or {}).items():
        for key, content in (item or {}).items():
            if key in METHODS:
                yield Operation(path, METHODS[key], content or {})


def _check(operation: Operation) -> None:
    """Refuse an integration that API Gateway would not put."""
    integration = operation.integration
    if integration is None:
        return
    failed = (
        f"Errors found during import:\n\tUnable to put integration on '{operation.method}' for resource at "
        f"path '{operation.path}': "
    )
    kind = str(integration.get("type", "")).upper()
    if kind not in INTEGRATIONS:
        raise RefusedError(f"{failed}Invalid integration type specified: {kind or 'none'}")
    if kind != "MOCK" and not integration.get("httpMethod"):
        raise RefusedError(f"{failed}Enumeration value for HttpMethod must be non-empty")
    if kind.startswith("AWS") and not _INVOKED.fullmatch(str(integration.get("uri", ""))):
        raise RefusedError(f"{failed}AWS ARN for integration must contain path or action")
    role = integration.get("credentials")
    if role is not None and not _ROLE.fullmatch(str(role)):
        raise RefusedError(f"{failed}Invalid ARN specified in the request")


def _check_answers(operation: Operation) -> None:
    """Refuse headers of an answer that the method doesn't declare, and values that are no mapping."""
    for response in (operation.integration or {}).get("responses", {}).values():
        declared = operation.content.get("responses", {}).get(str(response.get("statusCode")), {})
        for name, value in (response.get("responseParameters") or {}).items():
            failed = (
                f"Errors found during import:\n\tUnable to put integration response on '{operation.path}': "
            )
            if name.removeprefix("method.response.header.") not in (declared.get("headers") or {}):
                raise RefusedError(f"{failed}Invalid mapping expression parameter specified: {name}")
            if not _MAPPING.fullmatch(str(value)):
                raise RefusedError(f"{failed}Invalid mapping expression specified: {value}")


def _schemes(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document.get("components", {}).get("securitySchemes", {})
    return found


def _check_authorizer(name: str, given: dict[str, Any]) -> None:
    """Refuse an authorizer that API Gateway would not make ("CreateAuthorizer")."""
    kind, failed = given.get("type"), f"Unable to create authorizer '{name}': "
    if kind == "cognito_user_pools":
        if not given.get("providerARNs") or not all(map(_POOL.fullmatch, given["providerARNs"])):
            raise RefusedError(f"{failed}Invalid Cognito provider ARN")
        return
    if kind not in ("token", "request"):
        raise RefusedError(f"{failed}Invalid type specified: {kind}")
    if not _INVOKED.fullmatch(str(given.get("authorizerUri", ""))):
        raise RefusedError(f"{failed}Invalid Authorizer URI: {given.get('authorizerUri')}")
    role, seconds = given.get("authorizerCredentials"), given.get("authorizerResultTtlInSeconds", 300)
    if role is not None and not _ROLE.fullmatch(str(role)):
        raise RefusedError(f"{failed}Invalid ARN specified in the request")
    if not 0 <= int(seconds) <= 3600:
        raise RefusedError(f"{failed}Authorizer result TTL must be between 0 and 3600 seconds")
    if kind == "request" and seconds and not given.get("identitySource"):
        raise RefusedError(f"{failed}Identity source is required when caching is enabled")


def _warnings(document: dict[str, Any], parameters: dict[str, str]) -> Iterator[str]:
    """What an import would leave out without a word."""
    own = {name for name in document if name.startswith("x-amazon-apigateway-")}
    yield from (f"The extension {name} is not supported here" for name in sorted(own - _AT_TOP))
    yield from (f"The parameter {name} is unknown" for name in sorted(set(parameters) - _PARAMETERS))
    for path, item in (document.get("paths") or {}).items():
        strange = (key for key in item or {} if key not in METHODS and not key.startswith("x-"))
        yield from (f"{key} at {path} is no method" for key in strange)
    for operation in _operations(document):
        named = {name for one in operation.content.get("security", []) for name in one}
        yield from (
            f"The security scheme {name} is unknown" for name in sorted(named - set(_schemes(document)))
        )
        names = {part.strip("{+}") for part in operation.path.split("/") if part.startswith("{")}
        parameters_here = operation.content.get("parameters", [])
        given = {one["name"] for one in parameters_here if one.get("in") == "path"}
        yield from (f"The path {operation.path} has no {name}" for name in sorted(given - names))
