"""ministack's ASGI application with one address of our own in front.

`GET /_embedded/restapis/{api}/deployments/{deployment}` answers a deployment's snapshot. AWS
exports snapshots by stage only (GetExport), never a canary's; the data plane sees both, and
the edge plays the data plane.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from .patches import api_deployments

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
SNAPSHOT = re.compile(r"^/_embedded/restapis/([^/]+)/deployments/([^/]+)$")


def application(ready: Callable[[], None]) -> Any:
    """The application; `ready` is called when ministack has started up."""
    ministack: Any = import_module("ministack.app").app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await ministack(scope, receive, _with_startup(send, ready))
            return
        found = SNAPSHOT.match(scope["path"]) if scope["type"] == "http" else None
        if found:
            await _answer(send, api_deployments.snapshot(found[1], found[2]))
            return
        await ministack(scope, receive, send)

    return app


def _with_startup(send: Send, ready: Callable[[], None]) -> Send:
    async def sent(message: dict[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return sent


async def _answer(send: Send, snapshot: dict[str, Any] | None) -> None:
    body = json.dumps(snapshot or {"message": "Invalid Deployment identifier specified"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    status = 200 if snapshot else 404
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
