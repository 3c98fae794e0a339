"""API Gateway's own errors, with an API's own texts ("Gateway responses in API Gateway").

Played are the families DEFAULT_4XX and DEFAULT_5XX with static headers and a JSON template.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .messages import Response

HEADER = "gatewayresponse.header."


def worded(error: Response, responses: dict[str, Any], request_id: str) -> Response:
    """The error by the deployed gateway responses; as it is without one for it."""
    custom = responses.get(f"DEFAULT_{error.status // 100}XX")
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
