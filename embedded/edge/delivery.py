"""How a complete response is delivered: not modified; a range, compressed, without its body.

"Serve compressed files" for compression; RFC 9110 for conditions and ranges.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from .messages import Request, Response

if TYPE_CHECKING:
    from .distribution import Behavior

OK, PARTIAL, NOT_MODIFIED, NOT_SATISFIABLE = 200, 206, 304, 416
SMALLEST, LARGEST = 1000, 10_000_000
COMPRESSIBLE = {
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "application/x-javascript",
    "application/xhtml+xml",
    "application/xml",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/js",
    "text/markdown",
    "text/plain",
    "text/xml",
}
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def conditional(request: Request, response: Response) -> Response:
    """A 304 for a viewer that has this response; otherwise the response."""
    if response.status != OK or request.method not in ("GET", "HEAD") or not _unchanged(request, response):
        return response
    return Response(NOT_MODIFIED, {k: v for k, v in response.headers.items() if k != "content-type"})


def deliver(behavior: Behavior, request: Request, response: Response) -> Response:
    """The response as this viewer gets it."""
    if response.status == OK and request.method in ("GET", "HEAD"):
        ranged = _range(request, response)
        response = ranged or _compressed(behavior, request, response)
    if response.status == NOT_MODIFIED:
        return response
    length = str(len(response.body))
    if request.method == "HEAD" and response.body == b"":
        length = response.header("content-length") or length
    headers = {**response.headers, "content-length": [length]}
    body = b"" if request.method == "HEAD" else response.body
    return replace(response, headers=headers, body=body)


def _unchanged(request: Request, response: Response) -> bool:
    wanted, etag = request.header("if-none-match"), response.header("etag")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or (etag is not None and etag.removeprefix("W/") in tags)
    since = request.header("if-modified-since")
    return since is not None and since == response.header("last-modified")


def _range(request: Request, response: Response) -> Response | None:
    found = RANGE.fullmatch(request.header("range") or "")
    if not found or not (found[1] or found[2]):
        return None
    size = len(response.body)
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first > last:
        return Response(NOT_SATISFIABLE, {"content-range": [f"bytes */{size}"]})
    part = replace(response, status=PARTIAL, body=response.body[first : last + 1])
    return part.with_headers(content_range=f"bytes {first}-{last}/{size}")


def _compressed(behavior: Behavior, request: Request, response: Response) -> Response:
    parameters = behavior.cache_policy.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    enabled = behavior.compress and parameters.get("EnableAcceptEncodingGzip")
    kind = (response.header("content-type") or "").split(";")[0].strip().lower()
    if not enabled or kind not in COMPRESSIBLE or "content-encoding" in response.headers:
        return response
    response = response.with_headers(vary="Accept-Encoding")
    accepted = "gzip" in (request.header("accept-encoding") or "")
    if not accepted or not SMALLEST <= len(response.body) <= LARGEST:
        return response
    packed = replace(response, body=_gzip(response.body)).with_headers(content_encoding="gzip")
    etag = packed.header("etag")
    if etag and not etag.startswith("W/"):
        return packed.with_headers(etag=f"W/{etag}")
    return packed


@lru_cache(maxsize=256)
def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)
