"""The database process: creates and drops clusters when the emulator asks.

The emulator's CloudFormation and RDS run in another interpreter, so they ask here: one line of
JSON with the token from the parent, one line of JSON back.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import ssl
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme

from embedded import child

from .clusters import Clusters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LINE_LIMIT = 1 << 20


async def main(state_dir: Path) -> None:
    """Serve until asked to end."""
    ca = state_dir / "database-ca.pem"
    clusters = Clusters(state_dir, _tls(ca))
    await clusters.prepare()
    token = secrets.token_urlsafe(16)

    async def accept(reader: StreamReader, writer: StreamWriter) -> None:
        answer = await _answer(clusters, token, await reader.readline())
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    control = await asyncio.start_server(accept, "127.0.0.1", 0, limit=LINE_LIMIT)
    child.announce(
        {
            "control": list(control.sockets[0].getsockname()),
            "token": token,
            "host": "127.0.0.1",
            "ca": str(ca),
        }
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await clusters.stop()


async def _answer(clusters: Clusters, token: str, line: bytes) -> dict[str, Any]:
    """Do what the emulator asks. A failure is answered, not raised: the stack has to fail."""
    try:
        request: dict[str, Any] = json.loads(line)
        if request.pop("token") != token:
            return {"error": "wrong token"}
        actions: dict[str, Callable[..., Awaitable[Any]]] = {
            "create": clusters.create,
            "password": clusters.set_password,
            "snapshot": clusters.snapshot,
            "drop": clusters.drop,
        }
        return {"result": await actions[request.pop("action")](**request)}
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}


def _tls(ca: Path) -> ssl.SSLContext:
    """A certificate for loopback, by a new authority. The authority's own certificate is for clients."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


if __name__ == "__main__":
    asyncio.run(main(Path(child.read_settings()["state_dir"])))
