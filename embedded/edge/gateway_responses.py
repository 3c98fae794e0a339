"""API Gateway's own errors, with an API's own texts ("Gateway responses in API Gateway").

Played are UNAUTHORIZED and the families DEFAULT_4XX and DEFAULT_5XX, with static headers and a JSON template.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from .messages import Response

HEADER = "gatewayresponse.header."
KINDS = {401: "UNAUTHORIZED"}


def gateway_error(status: int, message: str, kind: str = "") -> Response:
    """An error of API Gateway's own."""
    headers = {"content-type": ["application/json"]}
    if kind:
        headers["x-amzn-errortype"] = [kind]
    return Response(status, headers, json.dumps({"message": message}).encode())


def worded(error: Response, responses: dict[str, Any], request_id: str) -> Response:
    """The error by the deployed gateway responses; as it is without one for it."""
    family = f"DEFAULT_{error.status // 100}XX"
    custom = responses.get(KINDS.get(error.status, family), responses.get(family))
    if custom is None:
        return error
    message = json.dumps(json.loads(error.body)["message"])
    body = custom["responseTemplates"]["application/json"]
    body = body.replace("$context.error.messageString", message).replace("$context.requestId", request_id)
    headers = {
        name.removeprefix(HEADER).lower(): [value.strip("'")]
        for name, value in custom["responseParameters"].items()
        if name.startswith(HEADER)
    }
    return replace(error, headers={**error.headers, **headers}, body=body.encode())


def error(status: int, reason: str, message: str = "Internal server error") -> Response:
    """API Gateway's answer. The reason is a header here; AWS has it in its logs only."""
    headers = {"content-type": ["application/json"], "x-embedded-reason": [reason[:300]]}
    return Response(status, headers, json.dumps({"message": message}).encode())
