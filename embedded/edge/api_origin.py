"""API Gateway's data plane for a REST API, as an origin of the distribution.

The stage is read on every request: it is the pointer, and one UpdateStage moves the next request.
A deployment never changes, so its snapshot is read once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import canary, gateway_responses, proxy_event, routes
from .gateway_responses import gateway_error
from .messages import Request, Response

if TYPE_CHECKING:
    import random

    from .arrivals import Arrivals
    from .authorizers import Authorizers
    from .cached import Cached
    from .emulator import Emulator
    from .integrations import Integrations

DOMAIN = re.compile(r"^(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com$")


def api_of(origin: dict[str, Any]) -> str | None:
    """The API of an origin's domain, or None."""
    found = DOMAIN.match(origin["DomainName"])
    return found["api"] if found else None


@dataclass(frozen=True)
class ApiOrigin:
    """`/<stage>/<path>` of an API; canaries are drawn from `chance`."""

    emulator: Emulator
    fresh: Cached
    integrations: Integrations
    authorizers: Authorizers
    chance: random.Random
    snapshots: dict[tuple[str, str], dict[str, Any]]
    arrivals: Arrivals

    async def fetch(self, origin: dict[str, Any], request: Request) -> Response:
        """The API's answer, its own errors included; each has the request's id."""
        response = await self._answer(origin, request)
        return response.with_headers(x_amzn_requestid=request.id)

    async def _answer(self, origin: dict[str, Any], request: Request) -> Response:
        domain = origin["DomainName"]
        api_id = api_of(origin) or ""
        if request.headers.get("host"):
            # API Gateway knows its own domain only: a forwarded viewer's Host is nobody's.
            return gateway_error(403, "Forbidden", "ForbiddenException")
        stage_name, _slash, rest = request.uri.removeprefix("/").partition("/")
        stage = await self.emulator.stage(api_id, unquote(stage_name)) if stage_name else None
        if stage is None or not self.arrivals.has_arrived(api_id, stage):
            return gateway_error(403, "Forbidden", "ForbiddenException")
        pointing = canary.draw(stage, self.chance)
        snapshot = await self._snapshot(api_id, pointing.deployment)
        path = f"/{rest}"
        match = routes.match(snapshot["resources"], request.method, path)
        if match is None:
            message = "Missing Authentication Token"
            error = gateway_error(403, message, "MissingAuthenticationTokenException")
            return gateway_responses.worded(error, snapshot["gatewayResponses"], request.id)
        call = proxy_event.ProxyCall(
            api_id=api_id,
            stage=stage["stageName"],
            account=await self._account(),
            domain=domain,
            path=unquote(path),
            variables=pointing.variables,
            binary_media_types=tuple(snapshot["binaryMediaTypes"]),
        )
        given = await self.authorizers.ask(request, call, match, snapshot.get("authorizers", {}))
        if isinstance(given, Response):
            return gateway_responses.worded(given, snapshot["gatewayResponses"], request.id)
        response = await self.integrations.run(request, call, match, given)
        if "x-embedded-reason" in response.headers:
            return gateway_responses.worded(response, snapshot["gatewayResponses"], request.id)
        return response

    async def _snapshot(self, api_id: str, deployment: str) -> dict[str, Any]:
        found = self.snapshots.get((api_id, deployment))
        if found is None:
            read = await self.emulator.snapshot(api_id, deployment)
            if read is None:
                return {"resources": {}, "binaryMediaTypes": [], "gatewayResponses": {}}
            found = self.snapshots[api_id, deployment] = read
        return found

    async def _account(self) -> str:
        async def load() -> str:
            answer = await self.emulator.call("sts", "get_caller_identity")
            return str(answer["Account"])

        return await self.fresh.get("account", load)
