"""S3 on loopback, in memory: each request takes a fixed time more, and is counted by its kind."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from benchmarks.endpoint import IDENTITY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 1000
_WHEN = "2026-01-02T12:00:00.000Z"
_MODIFIED = "Fri, 02 Jan 2026 12:00:00 GMT"


@dataclass
class LoopbackS3:
    """The server: its objects by path, and the requests so far."""

    delay: float
    """Seconds of each request."""
    url: str = ""
    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    """Content and headers by `bucket/key`."""
    requests: Counter[str] = field(default_factory=Counter)


@contextmanager
def loopback_s3(delay: float) -> Iterator[LoopbackS3]:
    """The server while it serves."""
    served = LoopbackS3(delay)

    class Handler(_Handler):
        s3 = served

    with serving(Handler) as served.url:
        yield served


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer in two packets waits for the client's delayed acknowledgement: 40 ms.
    wbufsize = -1
    s3: LoopbackS3

    def _answer(self) -> None:
        time.sleep(self.s3.delay)
        parts = urlsplit(self.path)
        key, query = unquote(parts.path).lstrip("/"), parse_qs(parts.query, keep_blank_values=True)
        body = self._body()
        listing = self.command == "GET" and "/" not in key.rstrip("/")
        self.s3.requests["LIST" if listing else self.command] += 1
        if listing:
            return self._send(200, self._list(key.rstrip("/"), query), {"Content-Type": "application/xml"})
        if self.command == "PUT":
            return self._put(key, body)
        found = self.s3.objects.get(key)
        if found is None:
            return self._send(404, b"", {})
        content, headers = found
        return self._send(200, content, headers)

    def do_POST(self) -> None:
        """Answer STS."""
        self._body()
        self._send(200, IDENTITY, {"Content-Type": "text/xml"})

    do_GET = do_HEAD = do_PUT = _answer  # noqa: N815 - the names it looks for

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked" or self.headers.get(
            "x-amz-decoded-content-length"
        ):
            raise RuntimeError("this S3 takes plain bodies")
        if self.headers.get("expect"):
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _put(self, key: str, body: bytes) -> None:
        if self.headers.get("if-none-match") == "*" and key in self.s3.objects:
            return self._send(412, b"<Error><Code>PreconditionFailed</Code></Error>", {})
        kept = {
            name: value
            for name, value in self.headers.items()
            if name.lower().startswith(
                ("x-amz-meta-", "x-amz-checksum-sha256", "content-type", "cache-control")
            )
        }
        kept |= {
            "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
            "Last-Modified": _MODIFIED,
        }
        if "x-amz-checksum-sha256" in {name.lower() for name in kept}:
            kept["x-amz-checksum-type"] = "FULL_OBJECT"
        self.s3.objects[key] = (body, kept)
        return self._send(200, b"", {"ETag": kept["ETag"]})

    def _list(self, bucket: str, query: dict[str, list[str]]) -> bytes:
        prefix = f"{bucket}/{query.get('prefix', [''])[0]}"
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        keys = sorted(key for key in self.s3.objects if key.startswith(prefix))
        keys = [key.removeprefix(f"{bucket}/") for key in keys]
        page = [key for key in keys if key > after][:_PAGE]
        more = bool(page) and page[-1] != keys[-1]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_WHEN}</LastModified>"
            f"<ETag>{escape(headers['ETag'])}</ETag><Size>{len(content)}</Size></Contents>"
            for key in page
            for content, headers in [self.s3.objects[f"{bucket}/{key}"]]
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"<KeyCount>{len(page)}</KeyCount>{token}{items}</ListBucketResult>"
        ).encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Log nothing."""
