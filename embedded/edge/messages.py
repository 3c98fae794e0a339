"""Requests and responses as they pass through the edge. Header names are lower case throughout."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import unquote

Headers = dict[str, list[str]]


@dataclass(frozen=True)
class Request:
    """A viewer's request; `uri` and `query` are as sent, not decoded."""

    method: str
    uri: str
    query: str = ""
    headers: Headers = field(default_factory=dict)
    body: bytes = b""
    viewer_ip: str = "127.0.0.1"
    id: str = ""

    def header(self, name: str) -> str | None:
        """A header's values as one, or None."""
        values = self.headers.get(name)
        return None if values is None else ", ".join(values)

    def cookies(self) -> list[tuple[str, str]]:
        """The cookies in their order."""
        return cookies_of(self.headers)

    def without(self, *names: str) -> Request:
        """The same request without some headers."""
        return replace(self, headers={k: v for k, v in self.headers.items() if k not in names})


@dataclass(frozen=True)
class Response:
    """An answer on its way to the viewer."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """A header's values as one, or None."""
        values = self.headers.get(name)
        return None if values is None else ", ".join(values)

    def with_headers(self, **headers: str) -> Response:
        """The same with headers set (underscores stand for hyphens)."""
        added = {name.replace("_", "-"): [value] for name, value in headers.items()}
        return replace(self, headers={**self.headers, **added})


def cookies_of(headers: Headers) -> list[tuple[str, str]]:
    """Cookie pairs of a request's headers."""
    pairs = [part.strip() for line in headers.get("cookie", []) for part in line.split(";")]
    split = (pair.partition("=") for pair in pairs if pair)
    return [(name, value) for name, _equals, value in split]


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Query string parameters, not decoded."""
    split = (part.partition("=") for part in query.split("&") if part)
    return [(name, value) for name, _equals, value in split]


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """Query string parameters, decoded once, `+` as a blank."""
    return [
        (unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
        for name, value in query_pairs(query)
    ]


def text_response(status: int, text: str, content_type: str = "text/plain") -> Response:
    """A short answer of the edge's own."""
    return Response(status, {"content-type": [content_type]}, text.encode())


def refused(status: int, why: str) -> Response:
    """CloudFront's own error: marked as such, with a reason for engineers."""
    response = text_response(status, f"CloudFront (loopback edge): {why}\n")
    return response.with_headers(x_cache="Error from cloudfront")
