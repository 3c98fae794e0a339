"""MOCK integrations: a fixed answer ("Mock integrations for REST APIs in API Gateway").

The request's type chooses a template with the status; the status chooses the answer. Of Velocity's language
only `#set` with a text in single quotes and `${name}` are played.
"""

from __future__ import annotations

import re
from typing import Any

from .gateway_responses import error, gateway_error
from .messages import Request, Response
from .proxy_event import is_binary

STATUS = re.compile(r'"statusCode"\s*:\s*(\d+)')
SET = re.compile(r"#set\(\$(\w+) = '([^']*)'\)")
REFERENCE = re.compile(r"\$\{(\w+)\}")


def answer(request: Request, integration: dict[str, Any], binary: tuple[str, ...]) -> Response:
    """The answer, or API Gateway's error for a request that fits no template."""
    kind = (request.header("content-type") or "application/json").split(";")[0].strip().lower()
    template = (integration.get("requestTemplates") or {}).get(kind)
    if template is None:
        if str(integration.get("passthroughBehavior", "")).upper() != "NEVER":
            return error(500, f"no template for {kind}, and its body has no status")
        return gateway_error(415, "Unsupported Media Type", "UnsupportedMediaTypeException")
    if is_binary(kind, binary) and integration.get("contentHandling") != "CONVERT_TO_TEXT":
        return error(500, "a template takes no bytes")
    named = STATUS.search(template)
    responses = integration.get("integrationResponses") or {}
    response = _response(responses, named[1]) if named else None
    if response is None:
        return error(500, "the template gives no status with an answer")
    headers = {
        name.removeprefix("method.response.header.").lower(): [str(value).strip("'")]
        for name, value in (response.get("responseParameters") or {}).items()
    }
    headers.setdefault("content-type", ["application/json"])
    text = rendered(next(iter((response.get("responseTemplates") or {}).values()), "") or "")
    if text is None:
        return error(500, "the loopback edge doesn't play this template")
    return Response(int(response["statusCode"]), headers, text.encode())


def rendered(template: str) -> str | None:
    """The text of a template; None for one with more of Velocity's language."""
    names = dict(SET.findall(template))
    rest = SET.sub("", template)
    if set(REFERENCE.sub("", rest)) & set("$#"):
        return None
    return REFERENCE.sub(lambda name: names.get(name[1], name[0]), rest)


def _response(responses: dict[str, Any], status: str) -> dict[str, Any] | None:
    """The answer whose pattern fits the status; else the default one."""
    given: list[dict[str, Any]] = list(responses.values())
    chosen = [one for one in given if one.get("selectionPattern") == status]
    chosen += [one for one in given if not one.get("selectionPattern")]
    return chosen[0] if chosen else None
