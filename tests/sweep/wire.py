"""The wire between a process and its services: it counts calls, and one of them is struck.

A call is one request with its repetitions by the client. A proxy for AWS and a proxy for GitHub share a wire.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.process import Blow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

GITHUB = "github"
REFUSALS = {Blow.THROTTLED, Blow.SERVER_ERROR, Blow.DENIED, Blow.EXPIRED}
_LONGEST_HOLD = 180.0
"""Seconds for a held request, should nobody release it."""
_OUTLAST_GITHUB = 16.0
"""Seconds: Kanmon's client waits 15 for GitHub."""
_QUERY = {"cloudformation", "rds", "sns", "sts"}
_STATUSES = {Blow.THROTTLED: 429, Blow.SERVER_ERROR: 500, Blow.DENIED: 403, Blow.EXPIRED: 403}
_CODES = {
    Blow.THROTTLED: "TooManyRequestsException",
    Blow.SERVER_ERROR: "ServiceException",
    Blow.DENIED: "AccessDeniedException",
    Blow.EXPIRED: "ExpiredTokenException",
}
_QUERY_CODES = _CODES | {
    Blow.THROTTLED: "Throttling",
    Blow.SERVER_ERROR: "InternalFailure",
    Blow.DENIED: "AccessDenied",
    Blow.EXPIRED: "ExpiredToken",
}
_S3_CODES = _QUERY_CODES | {Blow.THROTTLED: "SlowDown", Blow.SERVER_ERROR: "InternalError"}
_S3_STATUSES = _STATUSES | {Blow.THROTTLED: 503, Blow.EXPIRED: 400}


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    service: str

    @property
    def call(self) -> str:
        """Equal for the repetitions of a request. GitHub's client has no number for it."""
        return self.headers.get("amz-sdk-invocation-id") or f"{self.method} {self.target}"

    @property
    def operation(self) -> str:
        """Such as `cloudformation DescribeStacks`, `s3 PUT web`, `apigateway PATCH stages/live`."""
        return f"{self.service} {self._name()}"

    def _name(self) -> str:
        path = urlsplit(self.target).path
        if self.service in _QUERY:
            return parse_qs(self.body.decode()).get("Action", ["?"])[0]
        if named := self.headers.get("x-amz-target"):
            return named.rpartition(".")[2]
        if "/operation/" in path:
            return path.rpartition("/")[2]
        if self.service == "s3":
            return f"{self.method} {_place(path)}"
        if self.service == "apigateway":
            stage = path.partition("/stages/")[2]
            return f"{self.method} stages/{stage if stage == 'live' else 'preview'}"
        if self.service == "lambda":
            # Without the function's name: it has the environment and the slot in it.
            return f"{self.method} {path.partition('/functions/')[2].partition('/')[2] or 'function'}"
        return f"{self.method} {re.sub(r'[0-9]+', 'N', path).partition('/repos/acme/mandala')[2]}"


def _place(path: str) -> str:
    """The part of a bucket that an object lies in."""
    bucket, _, key = path.strip("/").partition("/")
    if "-web-" in bucket:
        return "web"
    _, is_ledger, record = key.partition("/ledger/")
    if is_ledger:
        return f"ledger/{record.partition('/')[0]}"
    return "blobs" if key else "bucket"


@dataclass(frozen=True)
class Strike:
    """The call to be struck: the `occurrence`th of an operation, from 1."""

    operation: str
    occurrence: int
    blow: Blow


@dataclass
class Wire:
    """Counts the calls of one process, and strikes one of them."""

    strike: Strike | None = None
    kill: Callable[[], None] = lambda: None
    interrupt: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    """The operations of all calls, in their order."""
    struck: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Held requests end."""
    _seen: set[str] = field(default_factory=set)
    _counts: Counter[str] = field(default_factory=Counter)
    _target: Request | None = None
    _forwarded: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def blow_for(self, request: Request) -> Blow | None:
        """Count a request. The blow that it gets; None for none."""
        with self._lock:
            strike = self.strike
            # GitHub's client repeats a request without a number: each request of it counts.
            if request.service == GITHUB or request.call not in self._seen:
                self._seen.add(request.call)
                self.calls.append(request.operation)
                self._counts[request.operation] += 1
                place = (request.operation, self._counts[request.operation])
                if strike and place == (strike.operation, strike.occurrence):
                    self._target = request
                    self.struck.set()
                    return strike.blow
            return strike.blow if strike and self._target and self._goes_on(request, self._target) else None

    def _goes_on(self, request: Request, target: Request) -> bool:
        """Whether the blow holds for a later request, too."""
        blow = self.strike.blow if self.strike else None
        is_github = GITHUB in {request.service, target.service}
        if is_github and request.service != target.service:
            return False
        if blow is Blow.EXPIRED:
            return True
        if blow is Blow.DENIED:
            return request.operation == target.operation
        if blow in {Blow.STALL, Blow.SLOW}:
            return not is_github and not self.released.is_set()
        return blow in {Blow.THROTTLED, Blow.SERVER_ERROR, Blow.LOST_ANSWER} and request.call == target.call

    def first_forward(self) -> bool:
        """True once: the answer of a slow request is not repeated."""
        with self._lock:
            first, self._forwarded = not self._forwarded, True
            return first


@contextmanager
def proxy(wire: Wire, upstream: str, service: str = "") -> Iterator[str]:
    """A proxy in front of an endpoint; yields its URL. Without `service` it is AWS's."""
    with _Server(wire, upstream, service) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            wire.released.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, wire: Wire, upstream: str, service: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire, self.upstream, self.service = wire, upstream, service
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body, self.server.service or _service(headers))
        blow = self.server.wire.blow_for(request)
        if blow in REFUSALS:
            self._answer(*refusal(request, blow))
        elif blow is None or blow is Blow.INTERRUPT:
            if blow:
                self.server.wire.interrupt()
            self._forward(request)
        else:
            self._withhold(request, blow)

    def _withhold(self, request: Request, blow: Blow) -> None:
        """Give no answer; the request itself is carried out, or not."""
        wire = self.server.wire
        done = blow in {Blow.LOST_ANSWER, Blow.REPEATED, Blow.DEATH_AFTER}
        if done or (blow is Blow.SLOW and wire.first_forward()):
            self._ask(request)
        if blow in {Blow.DEATH, Blow.DEATH_AFTER}:
            wire.kill()
        if blow in {Blow.STALL, Blow.SLOW}:
            wire.released.wait(_OUTLAST_GITHUB if request.service == GITHUB else _LONGEST_HOLD)
        self.close_connection = True

    def _ask(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)
        skipped = {"host", "expect", "connection", "accept-encoding"}
        sent = {name: value for name, value in request.headers.items() if name not in skipped}
        connection.request(request.method, request.target, request.body, {**sent, "host": address.netloc})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def _forward(self, request: Request) -> None:
        status, headers, content = self._ask(request)
        if self.server.service == GITHUB:
            # GitHub's answers name further addresses.
            here, there = self.server.url, self.server.upstream
            content = content.replace(there.encode(), here.encode())
            headers = {name: value.replace(there, here) for name, value in headers.items()}
        self._answer(status, headers, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        is_head = self.command == "HEAD"
        dropped = {"transfer-encoding", "connection"} | (set() if is_head else {"content-length"})
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in dropped:
                self.send_header(name, value)
        if not is_head:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names it looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Log nothing."""


def _service(headers: Mapping[str, str]) -> str:
    """The service of a signed request: its credential's scope names it."""
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("authorization", ""))
    return found[1] if found else "?"


def refusal(request: Request, blow: Blow) -> tuple[int, dict[str, str], bytes]:
    """A service's own answer: status, headers, content."""
    if request.service == GITHUB:
        return _github_refusal(blow)
    xml = {"Content-Type": "text/xml"}
    if request.service == "s3":
        text = f"<Error><Code>{_S3_CODES[blow]}</Code><Message>Refused</Message></Error>"
        return _S3_STATUSES[blow], xml, text.encode()
    if request.service in _QUERY:
        code = _QUERY_CODES[blow]
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>Refused</Message></Error>"
        )
        status = 400 if blow is Blow.THROTTLED else _STATUSES[blow]
        return status, xml, f"{text}<RequestId>1</RequestId></ErrorResponse>".encode()
    code = _CODES[blow]
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}
    return _STATUSES[blow], headers, json.dumps({"__type": code, "message": "Refused"}).encode()


def _github_refusal(blow: Blow) -> tuple[int, dict[str, str], bytes]:
    # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    status = {Blow.THROTTLED: 403, Blow.SERVER_ERROR: 500, Blow.DENIED: 403, Blow.EXPIRED: 401}[blow]
    headers = {"Content-Type": "application/json"} | ({"Retry-After": "1"} if blow is Blow.THROTTLED else {})
    message = {
        Blow.THROTTLED: "You have exceeded a secondary rate limit.",
        Blow.SERVER_ERROR: "Server Error",
        Blow.DENIED: "Resource not accessible by integration",
        Blow.EXPIRED: "Bad credentials",
    }[blow]
    return status, headers, json.dumps({"message": message}).encode()
