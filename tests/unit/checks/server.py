"""A server on loopback that answers smoke checks from a script."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from kanmon.checks.probe import Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FROM_R2, FROM_R1 = (200, "r2"), (200, "r1")
BROKEN = (500, "r2")


@dataclass(frozen=True)
class Request:
    """A request that the server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    """Answers from a script of statuses and releases, the last one for ever; keeps the requests."""

    daemon_threads = True

    def __init__(self, *script: tuple[int, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.requests: list[Request] = []
        self.before: Callable[[], object] = lambda: None
        self.headers: dict[str, str] = {}

    @property
    def edge(self) -> Edge:
        """The server in place of the app's domain."""
        return Edge("shop.example", f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast("Server", self.server)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.requests.append(Request(self.command, self.path, headers, body))
        server.before()
        status, release = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        self.send_response(status)
        if release:
            self.send_header("X-Kanmon-Release", release)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*script: tuple[int, str]) -> Iterator[Server]:
    """Run a server meanwhile."""
    with Server(*script) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def sending(answer: Iterable[bytes], every: float = 0.0) -> Iterator[Edge]:
    """Run a server that sends these bytes to each connection, one piece after the other."""

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                for piece in answer:
                    connection.sendall(piece)
                    if done.wait(every):
                        break

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield Edge("shop.example", f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            done.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()
