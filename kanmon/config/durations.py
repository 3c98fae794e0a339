"""Durations as people write them in the config: `30s`, `5m`, `1h`, `500ms`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from kanmon.language import deferred

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PATTERN = r"^(\d+(?:\.\d+)?)(ms|s|m|h)$"
DURATION_FORMS: list[JsonSchemaValue] = [
    {
        "type": "string",
        "pattern": _PATTERN,
        "patternErrorMessage": deferred("Use a number with a unit, such as `500ms`, `30s`, `5m` or `1h`."),
    },
    {"type": "number", "minimum": 0},
]
"""The two forms of a duration in the JSON schema: text with a unit, and seconds."""


def parse_duration(value: object) -> object:
    """Turn `5m` into 300.0 seconds; a number passes as seconds already.

    Raises ValueError when a text is not a duration.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(_PATTERN, value)
    if match is None:
        raise ValueError("not a duration")  # for a programmer: people read the words of the form
    return float(match[1]) * _SECONDS[match[2]]


Duration = Annotated[
    float,
    Field(ge=0, le=432_000, allow_inf_nan=False),
    BeforeValidator(parse_duration),
    WithJsonSchema({"anyOf": DURATION_FORMS, "examples": ["5m"]}),
]
"""Seconds; written as `30s`, `5m`, `1h`, `500ms` or a plain number of seconds.

At most five days, as long as a job may run:
https://docs.github.com/en/actions/reference/limits

Write a field's default as a user does, with `validate_default=True`: the reference and the schema print it.
"""
