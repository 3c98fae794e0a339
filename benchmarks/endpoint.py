"""AWS on loopback for a start: it answers GetCallerIdentity, denies the rest, keeps each request's time."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/deploy/run</Arn>
<UserId>AROA:run</UserId><Account>123456789012</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
_DENIED = b"""<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error>
<RequestId>1</RequestId></ErrorResponse>"""


@dataclass
class Endpoint:
    """The loopback AWS. `arrivals` are the times of its requests, by the clock that all processes share."""

    url: str = ""
    arrivals: list[float] = field(default_factory=list)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """The loopback AWS while it serves."""
    served = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            served.arrivals.append(time.monotonic())
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = b"GetCallerIdentity" in asked
            body = b"" if self.command == "HEAD" else IDENTITY if known else _DENIED
            self.send_response(200 if known else 403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815 - the names it looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            """Log nothing."""

    with serving(Handler) as served.url:
        yield served


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a loopback server with this handler, while it serves."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
