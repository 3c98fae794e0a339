"""Requests and responses as API Gateway passes them, errors as clients see them, and the routes."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# A full chart with the longest titles is about 60 kB.
LONGEST_BODY = 256 * 1024


class ApiError(Exception):
    """A refusal: becomes the status and `{"error": {"code", "message"}}`."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    path: str
    body: bytes = b""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Read a Lambda proxy event of a REST API (payload version 1)."""
        body = event.get("body") or ""
        if event.get("isBase64Encoded"):
            try:
                content = base64.b64decode(body, validate=True)
            except (binascii.Error, ValueError):
                raise ApiError(400, "invalid_body", "The body is not valid base64.") from None
        else:
            content = str(body).encode("utf-8", "surrogatepass")
        return cls(
            str(event.get("httpMethod", "GET")).upper(), str(event.get("path") or "/"), content
        )

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        if len(self.body) > LONGEST_BODY:
            raise ApiError(413, "too_large", f"The body is longer than {LONGEST_BODY} bytes.")
        try:
            content = json.loads(self.body)
        # RecursionError: brackets nested a thousand deep.
        except (ValueError, RecursionError):
            raise ApiError(400, "invalid_json", "The body is not valid JSON.") from None
        if not isinstance(content, dict):
            raise ApiError(400, "invalid_json", "The body must be a JSON object.")
        return content


@dataclass(frozen=True)
class Response:
    """One HTTP answer; `content` None means no body."""

    status: int
    content: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def refusal(cls, error: ApiError) -> "Response":
        """The answer for an error, in the one form that all errors have."""
        content = {"error": {"code": error.code, "message": error.message}}
        return cls(error.status, content, error.headers)

    def to_event(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """The Lambda proxy answer, with `headers` on it whatever happened."""
        own = dict(self.headers)
        if self.content is not None:
            own["content-type"] = "application/json; charset=utf-8"
        body = "" if self.content is None else json.dumps(self.content, ensure_ascii=False)
        return {
            "statusCode": self.status,
            "headers": {**own, **headers},
            "body": body,
            "isBase64Encoded": False,
        }


Action = Callable[..., Response]


class Router:
    """Finds the function for a method and a path; `{name}` stands for one segment."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, list[str], Action]] = []

    def add(self, method: str, pattern: str, action: Action) -> None:
        """Send `method pattern` to `action(request, **segments)`."""
        self._routes.append((method, pattern.split("/"), action))

    def dispatch(self, request: Request) -> Response:
        """Run the matching function, or refuse with 404 or 405."""
        segments = request.path.rstrip("/").split("/")
        allowed: list[str] = []
        for method, pattern, action in self._routes:
            names = _match(pattern, segments)
            if names is None:
                continue
            if method == request.method:
                return action(request, **names)
            allowed.append(method)
        if allowed:
            raise ApiError(
                405,
                "method_not_allowed",
                f"{request.method} is not allowed here.",
                {"allow": ", ".join(allowed)},
            )
        raise ApiError(404, "not_found", "There is nothing at this address.")


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    names: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{") and segment:
            names[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return names
