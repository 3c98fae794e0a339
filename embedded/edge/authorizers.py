"""Authorizers of a REST API: Cognito user pools and Lambda functions, from the deployed snapshot.

"Control and manage access to REST APIs in API Gateway", "Use API Gateway Lambda authorizers". A function's
decision is kept by its identity sources for its time; its policy is asked again for each request.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import proxy_event, tokens
from .gateway_responses import gateway_error
from .integrations import FUNCTION, OK, VARIABLE
from .messages import Response, decoded_pairs
from .permissions import allowed, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cached import Cached
    from .emulator import Emulator
    from .integrations import Integrations
    from .messages import Request
    from .proxy_event import ProxyCall
    from .routes import Match

HEADER, QUERY = "method.request.header.", "method.request.querystring."
AUTHORIZATION = HEADER + "Authorization"
SECONDS = 30.0
UNAUTHORIZED = "UnauthorizedException"
Decision = dict[str, Any]


@dataclass(frozen=True)
class Authorizers:
    """Decides about requests before their integration."""

    emulator: Emulator
    fresh: Cached
    integrations: Integrations
    kept: dict[tuple[str, ...], tuple[float, Decision]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    async def ask(
        self, request: Request, call: ProxyCall, match: Match, known: dict[str, Any]
    ) -> Response | dict[str, Any]:
        """API Gateway's refusal, or what the function gets in `requestContext.authorizer`."""
        kind = match.method.get("authorizationType") or "NONE"
        if kind == "NONE":
            return {}
        authorizer = known.get(match.method.get("authorizerId") or "")
        if authorizer is None:
            return _failed(f"the snapshot has no authorizer for {kind}")
        if kind == "COGNITO_USER_POOLS":
            return await self._pool(request, authorizer, match)
        return await self._function(request, call, match, authorizer)

    async def _pool(
        self, request: Request, authorizer: dict[str, Any], match: Match
    ) -> Response | dict[str, Any]:
        source = authorizer.get("identitySource") or AUTHORIZATION
        token = (request.header(source.removeprefix(HEADER).lower()) or "").removeprefix("Bearer ").strip()
        pool = tokens.issuers(authorizer["providerARNs"]).get(tokens.issuer_of(token))
        if pool is None:
            return _unauthorized()

        async def load() -> tokens.KeySet:
            answer = await self.emulator.send("cognito-idp", "GET", f"/{pool}/.well-known/jwks.json")
            return tokens.key_set(answer.json()) if answer.status == OK else {}

        keys = await self.fresh.get(("keys", pool), load)
        claims = tokens.claims_of(token, keys, match.method.get("authorizationScopes") or ())
        return _unauthorized() if claims is None else {"claims": claims}

    async def _function(
        self, request: Request, call: ProxyCall, match: Match, authorizer: dict[str, Any]
    ) -> Response | dict[str, Any]:
        named = str(authorizer.get("identitySource") or "")
        values = [_value(one.strip(), request, call, match) for one in named.split(",") if one.strip()]
        seconds = float(authorizer.get("authorizerResultTtlInSeconds", 300))
        if not all(values):
            return _unauthorized()
        key = (call.api_id, call.stage, authorizer["id"], *values)
        until, decision = self.kept.get(key, (0.0, {}))
        if until <= self.clock():
            asked = await self._ask_function(request, call, match, authorizer, values)
            if isinstance(asked, Response):
                return asked
            decision = asked
            if seconds:
                self.kept[key] = (self.clock() + seconds, decision)
        policy = statements_of(decision["policyDocument"])
        if not allowed(policy, "execute-api:Invoke", _method_arn(request, call, self.emulator.region), {}):
            message = "User is not authorized to access this resource"
            return gateway_error(403, message, "AccessDeniedException")
        return {**decision.get("context", {}), "principalId": decision.get("principalId", "")}

    async def _ask_function(
        self,
        request: Request,
        call: ProxyCall,
        match: Match,
        authorizer: dict[str, Any],
        values: list[str],
    ) -> Response | Decision:
        uri = VARIABLE.sub(lambda v: call.variables.get(v[1], ""), authorizer.get("authorizerUri") or "")
        found = FUNCTION.search(uri)
        if not found:
            return _failed(f"no function in authorizer URI {uri}")
        function = found["arn"]
        denied = await self.integrations.denied(authorizer.get("authorizerCredentials"), function)
        if denied:
            return _failed(denied)
        event: dict[str, Any] = {
            "type": authorizer["type"],
            "methodArn": _method_arn(request, call, self.emulator.region),
        }
        if authorizer["type"] == "TOKEN":
            event["authorizationToken"] = values[0]
        else:
            whole = proxy_event.build(request, call, match, {})
            event |= {name: value for name, value in whole.items() if name not in {"body", "isBase64Encoded"}}
        answer = await self.emulator.invoke(function, json.dumps(event).encode(), SECONDS)
        return _decision(
            function, answer.status, answer.body, failed="x-amz-function-error" in answer.headers
        )


def _decision(function: str, status: int, body: bytes, *, failed: bool) -> Response | Decision:
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if failed and isinstance(given, dict) and given.get("errorMessage") == "Unauthorized":
        return _unauthorized()
    if status != OK or failed or not isinstance(given, dict):
        return _failed(f"{function} failed: {body[:300]!r}")
    if not isinstance(given.get("policyDocument"), dict):
        return _failed(f"{function} answered no policy: {body[:300]!r}")
    context = given.get("context") or {}
    if any(isinstance(value, dict | list) for value in context.values()):
        # "You cannot set a JSON object or array as a valid value of any key in the context map."
        return _failed(f"{function} answered a context with an object or a list")
    return {**given, "context": {name: proxy_event.text_of(value) for name, value in context.items()}}


def _value(source: str, request: Request, call: ProxyCall, match: Match) -> str:
    """The value of an identity source; empty without one."""
    context = {
        "path": f"/{call.stage}{call.path}",
        "httpMethod": request.method,
        "resourcePath": match.resource_path,
        "stage": call.stage,
        "identity.sourceIp": request.viewer_ip,
    }
    if source.startswith(HEADER):
        return request.header(source.removeprefix(HEADER).lower()) or ""
    if source.startswith(QUERY):
        return dict(decoded_pairs(request.query)).get(source.removeprefix(QUERY), "")
    if source.startswith("stageVariables."):
        return call.variables.get(source.removeprefix("stageVariables."), "")
    return context.get(source.removeprefix("context."), "")


def _method_arn(request: Request, call: ProxyCall, region: str) -> str:
    path = call.path.removeprefix("/")
    return f"arn:aws:execute-api:{region}:{call.account}:{call.api_id}/{call.stage}/{request.method}/{path}"


def _unauthorized() -> Response:
    return gateway_error(401, "Unauthorized", UNAUTHORIZED)


def _failed(reason: str) -> Response:
    error = gateway_error(500, "Internal server error", "AuthorizerConfigurationException")
    return error.with_headers(x_embedded_reason=reason[:300])
