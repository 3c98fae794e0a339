"""The event of a REST API's Lambda proxy integration, and the HTTP answer made of its result.

"Lambda proxy integrations in API Gateway": input format and output format.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .messages import Headers, Request, Response, decoded_pairs

if TYPE_CHECKING:
    from .routes import Match


@dataclass(frozen=True)
class ProxyCall:
    """Where a request arrived, for the request context."""

    api_id: str
    stage: str
    account: str
    domain: str
    path: str
    variables: dict[str, str]
    binary_media_types: tuple[str, ...]


def build(request: Request, call: ProxyCall, match: Match, authorizer: dict[str, Any]) -> dict[str, Any]:
    """The event for the function. `authorizer` is what an authorizer gives to it."""
    arrival = {"host": [call.domain], "x-forwarded-proto": ["https"], "x-forwarded-port": ["443"]}
    single, multi = _headers({**request.headers, **arrival})
    pairs = decoded_pairs(request.query)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    binary = is_binary(request.header("content-type"), call.binary_media_types)
    body = base64.b64encode(request.body).decode() if binary else _text(request.body)
    return {
        "resource": match.resource_path,
        "path": call.path,
        "httpMethod": request.method,
        "headers": single or None,
        "multiValueHeaders": multi or None,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": match.parameters or None,
        "stageVariables": call.variables or None,
        "requestContext": _context(request, call, match) | ({"authorizer": authorizer} if authorizer else {}),
        "body": body if request.body else None,
        "isBase64Encoded": binary and bool(request.body),
    }


def answer(payload: bytes, accept: str | None, binary_media_types: tuple[str, ...]) -> Response | None:
    """The function's answer as a response; None if it is malformed.

    A base64 answer becomes bytes only for a binary media type, and the first type of `Accept` decides;
    otherwise it stays as it is ("Return binary media from a Lambda proxy integration in API Gateway").
    """
    try:
        result = json.loads(payload)
        status = int(result["statusCode"])
        headers = _answered_headers(result)
        body = result.get("body")
        text = "" if body is None else body
        if not isinstance(text, str):
            return None
        wanted = (accept or "").split(",")[0]
        encoded = result.get("isBase64Encoded") is True and is_binary(wanted, binary_media_types)
        content = base64.b64decode(text, validate=True) if encoded else text.encode()
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return None
    headers.setdefault("content-type", ["application/json"])
    return Response(status, headers, content)


def _answered_headers(result: dict[str, Any]) -> Headers:
    headers: Headers = {}
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers.setdefault(name.lower(), []).extend(text_of(value) for value in values)
    for name, value in (result.get("headers") or {}).items():
        text = text_of(value)
        if text not in headers.setdefault(name.lower(), []):
            headers[name.lower()].append(text)
    return headers


def text_of(value: Any) -> str:
    """A value as API Gateway writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _headers(headers: Headers) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Both forms, spelt as API Gateway has them from CloudFront; the last value wins."""
    named = {"-".join(p.capitalize() for p in k.split("-")): v for k, v in headers.items()}
    return {name: values[-1] for name, values in named.items()}, named


def _context(request: Request, call: ProxyCall, match: Match) -> dict[str, Any]:
    now = time.time()
    forwarded = (request.header("x-forwarded-for") or request.viewer_ip).split(",")
    return {
        "resourceId": match.resource_id,
        "resourcePath": match.resource_path,
        "httpMethod": request.method,
        "extendedRequestId": request.id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "path": f"/{call.stage}{call.path}",
        "accountId": call.account,
        "protocol": "HTTP/1.1",
        "stage": call.stage,
        "domainPrefix": call.api_id,
        "requestTimeEpoch": int(now * 1000),
        "requestId": str(uuid.uuid4()),
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None,
            "cognitoIdentityId": None,
            "caller": None,
            "sourceIp": forwarded[-1].strip(),
            "principalOrgId": None,
            "accessKey": None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None,
            "userAgent": request.header("user-agent"),
            "user": None,
        },
        "domainName": call.domain,
        "apiId": call.api_id,
    }


def is_binary(content_type: str | None, media_types: tuple[str, ...]) -> bool:
    """Whether a type is one of the API's binary media types."""
    mine = (content_type or "").split(";")[0].strip().lower()
    for media_type in media_types:
        kind, _slash, subtype = media_type.lower().partition("/")
        if media_type == "*/*" or mine == media_type.lower():
            return True
        if subtype == "*" and mine.split("/")[0] == kind:
            return True
    return False


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")
