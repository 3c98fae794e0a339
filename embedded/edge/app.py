"""The edge's HTTP server: bytes in, bytes out; everything else is in `pipeline.py`.

Loopback counts as TLS: ViewerProtocolPolicy neither redirects nor refuses here.
"""

from __future__ import annotations

import base64
import logging
import os
from typing import TYPE_CHECKING, Any

from aiohttp import StreamReader, web
from multidict import CIMultiDict

from .messages import Headers, Request, Response, text_response

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import RawRequestMessage

    from .pipeline import Pipeline

LARGEST_BODY = 20 << 20
log = logging.getLogger(__name__)


def server(pipeline: Pipeline, loop: AbstractEventLoop) -> web.Server:
    """An HTTP server; every request goes to the pipeline."""

    async def handle(incoming: web.BaseRequest) -> web.StreamResponse:
        request = await _request(incoming)
        try:
            response = await pipeline.handle(request)
        except Exception:
            # A fault of the edge itself must not pass for an answer of the app.
            log.exception("%s %s", request.method, request.uri)
            response = text_response(502, "the loopback edge failed; see edge.log\n")
        return _response(response)

    def make(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: Any,
        writer: AbstractStreamWriter,
        task: Task[None],
    ) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)

    return web.Server(handle, request_factory=make)


async def _request(incoming: web.BaseRequest) -> Request:
    headers: Headers = {}
    for name, value in incoming.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    target = incoming.raw_path
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    uri, _question, query = target.partition("?")
    return Request(
        method=incoming.method,
        uri=uri,
        query=query,
        headers=headers,
        body=await incoming.read() if incoming.body_exists else b"",
        viewer_ip=incoming.remote or "127.0.0.1",
        id=base64.urlsafe_b64encode(os.urandom(33)).decode(),
    )


def _response(response: Response) -> web.StreamResponse:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, values in response.headers.items():
        if name not in ("transfer-encoding", "connection"):
            for value in values:
                headers.add(name, value)
    return web.Response(status=response.status, headers=headers, body=response.body)
