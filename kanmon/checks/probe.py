"""Sends the request of a smoke check through the edge."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from threading import Event, Timer
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as ConnectionTimeoutError
from urllib3.util import create_urllib3_context

from kanmon.language import phrase
from kanmon.model import Answer
from kanmon.naming import PREVIEW_PARAMETER, preview_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.response import BaseHTTPResponse

    from kanmon.config.checks import Check

LARGEST = 1024 * 1024
"""The read bytes of a body, unpacked. A check needs no more, and an answer must not fill the memory."""
_CHUNK = 64 * 1024
_PRINTABLE = "".join(map(chr, range(33, 127)))


class NoAnswerError(Exception):
    """No whole answer came in time. The text is the reason."""


@dataclass(frozen=True)
class Target:
    """The release to check, and the way to it."""

    name: str
    """`candidate`, `live` or `stable`, for people."""
    release: str
    preview: str = ""
    """The preview's token; empty for the address of the users."""
    arrival: float = 0.0
    """The longest time in seconds for a new stage of the API to be everywhere. 0: the stage is not new."""
    api: tuple[str, ...] = ()
    """The patterns of the API's paths, such as `/api/*`: only they need the stage."""
    logs: str = ""
    """The log group of its functions, for people."""
    slot: str = ""
    """The slot with its functions."""


class Probe(Protocol):
    """Asks a release what a check asks."""

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        """The answer to a check. Raises NoAnswerError without a whole answer in `timeout` seconds."""


@dataclass(frozen=True)
class Edge:
    """The CloudFront distribution, as users reach it."""

    domain: str
    endpoint_url: str = ""
    """The address to connect to instead of the domain, like `AWS_ENDPOINT_URL` for AWS's APIs."""
    own_name: str = ""
    """The app's domain name of its own. Requests carry it, but connections still go to the distribution: so
    checks need no DNS, and run before users come by the name."""

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Certificates are verified. TLS 1.2 is the oldest version allowed.
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.load_default_certs()
        return context

    @property
    def url(self) -> str:
        """The address for a person's browser."""
        return self.endpoint_url or f"https://{self._name}"

    @property
    def _name(self) -> str:
        return self.own_name or self.domain

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        """Send a check's request, on a connection of its own.

        The answer's time begins with the request, after the connection. Raises NoAnswerError without a whole
        answer in `timeout` seconds; a body ends after `LARGEST` bytes.
        """
        with self._connected(timeout) as connection:
            began = time.monotonic()
            connection.request(
                check.method,
                quote(check.path or "/", safe=_PRINTABLE),
                body=None if check.body is None else check.body.encode(),
                headers=self._headers(check, target),
                preload_content=False,
            )
            response = connection.getresponse()
            body = _body(response)
            seconds = time.monotonic() - began
        received = {name.lower(): value for name, value in response.headers.items()}
        cookies = dict(map(_cookie, response.headers.getlist("set-cookie")))
        return Answer(
            response.status, received, body[:LARGEST], seconds, cut=len(body) > LARGEST, cookies=cookies
        )

    def _headers(self, check: Check, target: Target) -> dict[str, str]:
        headers = {"user-agent": "kanmon-check", **check.headers}
        if self.endpoint_url or self.own_name:
            headers["host"] = self._name
        if target.preview:
            own = [value for name, value in check.headers.items() if name.lower() == "cookie"]
            headers = {name: value for name, value in headers.items() if name.lower() != "cookie"}
            headers["cookie"] = "; ".join(
                [*own, f"{preview_cookie(own_name=bool(self.own_name))}={target.preview}"]
            )
        return headers

    @contextmanager
    def _connected(self, timeout: float) -> Iterator[HTTPConnection]:
        """A connection, cut after `timeout` seconds.

        A socket's own timeout begins anew with each received byte: one byte a second would hold a check for
        ever.
        """
        connection = self._connection(timeout)
        late = Event()
        timer = Timer(timeout, _cut, [connection, late])
        timer.daemon = True
        timer.start()
        failure = ""
        try:
            connection.connect()
            yield connection
        except NewConnectionError as error:
            # urllib3 counts a refused connection and an unknown name as timeouts.
            failure = str(error).partition(": ")[2] or str(error)
        except (TimeoutError, ConnectionTimeoutError):
            late.set()
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            failure = str(error) or type(error).__name__
        finally:
            timer.cancel()
            connection.close()
        # The end of a cut connection may look like the end of a body.
        if late.is_set() or failure:
            raise NoAnswerError(
                phrase("none within {seconds:g} s", seconds=timeout) if late.is_set() else failure
            )

    def _connection(self, timeout: float) -> HTTPConnection:
        address = urlsplit(self.endpoint_url or f"https://{self.domain}")
        host = address.hostname or self.domain
        if address.scheme == "https":
            # With the name, the TLS handshake asks for its certificate and verifies it.
            name = None if self.endpoint_url else self.own_name or None
            return HTTPSConnection(
                host, address.port, timeout=timeout, ssl_context=self._tls, server_hostname=name
            )
        return HTTPConnection(host, address.port, timeout=timeout)


def _cookie(header: str) -> tuple[str, str]:
    """Name and value of a cookie, as it is sent back: https://www.rfc-editor.org/rfc/rfc6265#section-5.2."""
    name, _, value = header.partition(";")[0].partition("=")
    return name.strip(), value.strip()


def _body(response: BaseHTTPResponse) -> bytes:
    """The beginning of a body, with one byte more than `LARGEST` of a larger one."""
    body = bytearray()
    while len(body) <= LARGEST and (chunk := response.read(_CHUNK, decode_content=True)):
        body += chunk
    return bytes(body[: LARGEST + 1])


def _cut(connection: HTTPConnection, late: Event) -> None:
    """End a connection while another thread waits for it. `SSLSocket` has a `shutdown` of its own for TLS."""
    late.set()
    if connection.sock:
        with suppress(OSError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def preview_address(url: str, token: str) -> str:
    """The address of a candidate for a browser."""
    return f"{url}/?{PREVIEW_PARAMETER}={token}"
