"""Requests are throttled on request (`embedded/server/throttles.py`), each in its service's own form."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from embedded.server.modules import actions
from embedded.server.throttles import EDGE, Throttles, operation_of, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping

THROTTLES = Throttles()


def apply() -> None:
    """Ask before each request, also before its authorisation.

    ministack's application copies functions from other modules when it is imported, so it comes last.
    """
    app: Any = import_module("ministack.app")
    answer = app._dispatch_service_request

    async def dispatch(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Mapping[str, Any], request: str
    ) -> Any:
        if THROTTLES.wanted and not headers.get("user-agent", "").startswith(EDGE):
            given = app._routing_params(method, path, headers, body, query)
            service = app.detect_service(method, path, headers, given)
            if THROTTLES.refuses(operation_of(service, method, path, headers, given)):
                return refusal(service, headers, request)
        return await answer(method, path, headers, body, query, request)

    app._dispatch_service_request = dispatch


def refusal(service: str, headers: Mapping[str, str], request: str) -> Any:
    """The service's answer to too many requests."""
    status, code, message = spelled(service)
    _, sent, content = actions.access_denied_response(
        service, "", "", request, error_code=code, message=message, headers=headers
    )
    return status, {**sent, "x-amzn-requestid": request}, content
