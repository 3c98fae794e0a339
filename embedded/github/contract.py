"""GitHub's own description of its API. Every request and every response is checked against it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema_path import SchemaPath
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .loopback import Message, Reply

_HOST = "https://api.github.com"


@dataclass
class _Request:
    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    body: bytes | None
    content_type: str

    @classmethod
    def of(cls, message: Message, path: str) -> _Request:
        parameters = RequestParameters(
            query=ImmutableMultiDict(dict(message.query)), header=Headers(dict(message.headers))
        )
        kind = message.headers.get("content-type", "application/json")
        return cls(_HOST, path, message.method.lower(), parameters, message.body or None, kind)


@dataclass(frozen=True)
class _Response:
    status_code: int
    data: bytes
    headers: Mapping[str, str]
    content_type: str = "application/json"


class Contract:
    """The trimmed description. Requests may hold nothing else."""

    def __init__(self, description: Path) -> None:
        if not description.exists():
            raise FileNotFoundError(f"{description}: make it by `python -m embedded.github`")
        document = json.loads(description.read_text("utf-8"))
        spec = SchemaPath.from_dict(document)
        self.operations = {
            (method.upper(), path) for path, methods in document["paths"].items() for method in methods
        }
        # The description is GitHub's own. Its prose was cut, so it would fail its own validation.
        unchecked: Any = None
        forbid = Config(spec_validator_cls=unchecked, additional_properties_default_policy="forbid")
        self._strict = OpenAPI(spec, forbid)
        self._open = OpenAPI(spec, Config(spec_validator_cls=unchecked))

    def request_faults(self, message: Message, path: str) -> list[str]:
        """The faults of a request; `path` has every parameter encoded whole."""
        return _faults(self._strict.iter_request_errors(_Request.of(message, path)))

    def response_faults(self, message: Message, path: str, reply: Reply) -> list[str]:
        """The faults of a response."""
        response = _Response(reply.status, reply.body, reply.headers)
        return _faults(self._open.iter_response_errors(_Request.of(message, path), response))


def _faults(errors: Iterable[Exception]) -> list[str]:
    """Each fault with the place in the body where there is one."""
    faults: list[str] = []
    for error in errors:
        inner = getattr(error.__cause__, "schema_errors", None)
        faults += [f"{item.json_path}: {item.message[:300]}" for item in inner] if inner else [str(error)]
    return faults
