"""Durations as people write them in the config: `30s`, `5m`, `1h`, `500ms`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PATTERN = r"^(\d+(?:\.\d+)?)(ms|s|m|h)$"


def parse_duration(value: object) -> object:
    """Turn `5m` into 300.0 seconds; a number passes as seconds already.

    Raises ValueError when a text is not a duration.
    """
    return seconds(value) if isinstance(value, str) else value


def seconds(text: str) -> float:
    """The seconds of `5m`.

    Raises ValueError when it is not a duration.
    """
    match = re.fullmatch(_PATTERN, text)
    if match is None:
        raise ValueError("is not a duration such as 30s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


Duration = Annotated[
    float,
    Field(ge=0, allow_inf_nan=False),
    BeforeValidator(parse_duration),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _PATTERN}, {"type": "number", "minimum": 0}]}),
]
"""Seconds; written as `30s`, `5m`, `1h`, `500ms` or a plain number of seconds."""
