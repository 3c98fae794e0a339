"""ministack's ASGI application with addresses of our own in front.

`GET /_embedded/restapis/{api}/deployments/{deployment}` answers a deployment's snapshot. AWS
exports snapshots by stage only (GetExport), never a canary's; the data plane sees both, and
the edge plays the data plane.

`GET /_embedded/decisions` answers what IAM decided so far. `PUT /_embedded/throttles` throttles operations,
and `GET` answers how often it did.

`POST /_embedded/buckets/{bucket}/age/{days}` makes all objects of a bucket older, for tests of what happens
to old ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from . import ages, decisions
from .patches import api_deployments
from .patches.throttling import THROTTLES

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
SNAPSHOT = re.compile(r"^/_embedded/restapis/([^/]+)/deployments/([^/]+)$")
AGE = re.compile(r"^/_embedded/buckets/([^/]+)/age/(\d{1,4})$")


def application(ready: Callable[[], None]) -> Any:
    """The application; `ready` is called when ministack has started up."""
    ministack: Any = import_module("ministack.app").app

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await ministack(scope, receive, _with_startup(send, ready))
        elif scope["type"] == "http" and scope["path"].startswith("/_embedded/"):
            await _answer(send, await _own(scope, receive))
        else:
            await ministack(scope, receive, send)

    return app


async def _own(scope: Scope, receive: Receive) -> Any:
    """The answer of an address of our own; None if there is nothing."""
    if found := SNAPSHOT.match(scope["path"]):
        return api_deployments.snapshot(found[1], found[2])
    if found := AGE.match(scope["path"]):
        return {"objects": ages.make_older(found[1], int(found[2]))}
    if scope["path"] == "/_embedded/decisions":
        return decisions.shown()
    if scope["path"] != "/_embedded/throttles":
        return None
    if scope["method"] == "PUT":
        THROTTLES.ask(json.loads(await _body(receive)))
    return {"asked": THROTTLES.asked, "refused": THROTTLES.refused}


async def _body(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = message.get("more_body", False)
    return content


def _with_startup(send: Send, ready: Callable[[], None]) -> Send:
    async def sent(message: dict[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return sent


async def _answer(send: Send, found: Any) -> None:
    body = json.dumps({"message": "not found"} if found is None else found).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    status = 404 if found is None else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
