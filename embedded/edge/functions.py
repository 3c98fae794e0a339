"""Events and results of CloudFront Functions ("CloudFront Functions event structure", 1.0).

A result is validated as CloudFront does before it is used ("Restrictions on edge functions"):
a bad result never reaches an origin. Functions neither see nor add the disallowed headers; these pass by
them. A function of more than 10 KB can't exist ("Quotas on CloudFront Functions").
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .function_host import FunctionError, FunctionHost
from .messages import Headers, Request, Response, query_pairs, text_response

if TYPE_CHECKING:
    from .distribution import Distribution, Function

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
DISALLOWED = re.compile(
    r"connection|expect|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|"
    r"trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip"
)
LARGEST = 10 * 1024
READ_ONLY = {
    "viewer-request": {"content-length", "host", "transfer-encoding", "via"},
    "viewer-response": {"warning", "via"},
}


class FunctionValidationError(Exception):
    """CloudFront doesn't accept the function's result."""


class Functions:
    """Runs the functions of a behavior."""

    def __init__(self, host: FunctionHost) -> None:
        self._host = host

    async def on_request(
        self, function: Function, distribution: Distribution, request: Request
    ) -> Request | Response:
        """The request for the next step, or the final response."""
        kind = "viewer-request"
        event = {**_context(distribution, request, kind), "request": request_object(request)}
        try:
            result = await self._run(function, event)
            if isinstance(result, dict) and "statusCode" in result:
                return response_from(result, None, kind)
            return request_from(result, request)
        except (FunctionError, FunctionValidationError) as error:
            return _failure(error)

    async def on_response(
        self, function: Function, distribution: Distribution, request: Request, response: Response
    ) -> Response:
        """The response as the function leaves it.

        In the guide, `event.request` is "the actual request that CloudFront received from the viewer".
        It does not say whether a viewer-request function's changes are in it. Here they are, so nothing may
        rely on the path in it ("CloudFront Functions event structure").
        """
        kind = "viewer-response"
        event = _context(distribution, request, kind)
        event |= {"request": request_object(request), "response": response_object(response)}
        try:
            return response_from(await self._run(function, event), response, kind)
        except (FunctionError, FunctionValidationError) as error:
            return _failure(error)

    async def _run(self, function: Function, event: dict[str, Any]) -> Any:
        size = len(function.code.encode())
        if size > LARGEST:
            raise FunctionValidationError(f"FunctionSizeLimitExceeded: {size} bytes of {LARGEST}")
        return await self._host.run(function, event)


def _context(distribution: Distribution, request: Request, kind: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain,
            "distributionId": distribution.id,
            "eventType": kind,
            "requestId": request.id,
        },
        "viewer": {"ip": request.viewer_ip},
    }


def request_object(request: Request) -> dict[str, Any]:
    """A request as functions see it: cookies are no header, nothing is decoded."""
    headers = {k: v for k, v in _visible(request.headers).items() if k != "cookie"}
    return {
        "method": request.method,
        "uri": request.uri,
        "querystring": _multi(query_pairs(request.query)),
        "headers": _multi([(k, v) for k, values in headers.items() for v in values]),
        "cookies": _multi(request.cookies()),
    }


def response_object(response: Response) -> dict[str, Any]:
    """A response as functions see it; the body is not shown."""
    headers = {k: v for k, v in _visible(response.headers).items() if k != "set-cookie"}
    cookies: dict[str, dict[str, str]] = {}
    for line in response.headers.get("set-cookie", []):
        pair, _semicolon, attributes = line.partition(";")
        name, _equals, value = pair.partition("=")
        cookies[name.strip()] = {"value": value, "attributes": attributes.strip()}
    return {
        "statusCode": response.status,
        "statusDescription": _phrase(response.status),
        "headers": _multi([(k, v) for k, values in headers.items() for v in values]),
        "cookies": cookies,
    }


def request_from(result: Any, request: Request) -> Request:
    """The request in a function's result."""
    if not isinstance(result, dict) or not isinstance(result.get("uri"), str):
        raise FunctionValidationError("the function returned neither a request nor a response")
    if result.get("method") != request.method:
        raise FunctionValidationError("the method is read-only")
    if not result["uri"].startswith("/"):
        raise FunctionValidationError(f"the uri doesn't begin with /: {result['uri']}")
    headers = _headers(result.get("headers", {}), request.headers, "viewer-request")
    cookies = _pairs(result.get("cookies", {}))
    headers.pop("cookie", None)
    if cookies:
        headers["cookie"] = ["; ".join(f"{name}={value}" for name, value in cookies)]
    query = "&".join(
        f"{name}={value}" if value else name for name, value in _pairs(result.get("querystring", {}))
    )
    return replace(request, uri=result["uri"], query=query, headers=headers)


def response_from(result: Any, before: Response | None, kind: str) -> Response:
    """The response in a function's result, new or changed."""
    status = result.get("statusCode") if isinstance(result, dict) else None
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise FunctionValidationError(f"the statusCode is no status: {status!r}")
    headers = _headers(result.get("headers") or {}, before.headers if before else {}, kind)
    headers.pop("set-cookie", None)
    for name, cookie in (result.get("cookies") or {}).items():
        for one in cookie.get("multiValue") or [cookie]:
            attributes = f"; {one['attributes']}" if one.get("attributes") else ""
            headers.setdefault("set-cookie", []).append(f"{name}={one['value']}{attributes}")
    body = before.body if before else b""
    if result.get("body") is not None:
        body = _body(result["body"])
        headers["content-length"] = [str(len(body))]
    return Response(status, headers, body)


def _body(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, dict) and isinstance(body.get("data"), str):
        if body.get("encoding", "text") == "base64":
            return base64.b64decode(body["data"])
        return str(body["data"]).encode()
    raise FunctionValidationError("the body is neither text nor {encoding, data}")


def _headers(objects: Any, before: Headers, kind: str) -> Headers:
    headers: Headers = {}
    for name, value in _pairs(objects):
        if not TOKEN.fullmatch(name):
            raise FunctionValidationError(f"{name!r} is no lower-case header name")
        headers.setdefault(name, []).append(value)
    for name in headers:
        if DISALLOWED.fullmatch(name):
            raise FunctionValidationError(f"the header {name} may not be added")
    for name in READ_ONLY[kind]:
        if headers.get(name) != before.get(name):
            raise FunctionValidationError(f"the header {name} is read-only")
    return headers | {name: values for name, values in before.items() if DISALLOWED.fullmatch(name)}


def _visible(headers: Headers) -> Headers:
    return {name: values for name, values in headers.items() if not DISALLOWED.fullmatch(name)}


def _multi(pairs: list[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """`{name: {value, multiValue}}`, with multiValue only where a name occurs again."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {
        name: {"value": values[0]}
        if len(values) == 1
        else {"value": values[0], "multiValue": [{"value": value} for value in values]}
        for name, values in found.items()
    }


def _pairs(objects: Any) -> list[tuple[str, str]]:
    if not isinstance(objects, dict):
        raise FunctionValidationError("headers, cookies and querystring must be objects")
    pairs = []
    for name, entry in objects.items():
        for one in (entry.get("multiValue") or [entry]) if isinstance(entry, dict) else [None]:
            if not isinstance(one, dict) or not isinstance(one.get("value"), str):
                raise FunctionValidationError(f"{name} has no text value")
            pairs.append((name, one["value"]))
    return pairs


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _failure(error: Exception) -> Response:
    invalid = isinstance(error, FunctionValidationError)
    kind = "FunctionValidationError" if invalid else "FunctionExecutionError"
    answer = text_response(502 if invalid else 503, f"The CloudFront function failed: {kind}: {error}\n")
    return answer.with_headers(x_cache=f"{kind} from cloudfront")
