"""Kinds of value for several sections of the config."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, JsonValue

from kanmon.config.section import MistakeError, written
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping


def finite(values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Refuse `.nan` and `.inf`: JSON has no such numbers. Raises MistakeError."""
    waiting: list[tuple[tuple[int | str, ...], JsonValue]] = [
        ((key,), value) for key, value in values.items()
    ]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            problem = phrase("JSON has no number {value}.", value=value)
            raise MistakeError(problem, phrase("Write a finite number, or text in quotes."), at=place)
        if isinstance(value, dict):
            waiting += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, index), inner) for index, inner in enumerate(value)]
    return values


Name = Annotated[
    str,
    Field(max_length=32),
    written(
        r"^[a-z](-?[a-z0-9])+$",
        deferred("Use two or more lower-case letters, digits and single hyphens. Begin with a letter."),
        "my-app",
    ),
]
"""Lower-case letters, digits and single hyphens, as part of AWS resource names.

Aurora's rules are the strictest: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""
UrlPath = Annotated[
    str,
    Field(
        max_length=8192
    ),  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    written(
        r"^/[^\s#\x00-\x1f\x7f-\x9f]*$",
        deferred("Begin with `/`. Leave out spaces, control characters and `#`."),
        "/api/health?full=1",
    ),
]
"""A path below the app's domain, with its query."""
LogicalId = Annotated[
    str,
    written(
        r"^[A-Za-z0-9]{1,255}$",
        deferred("Write one id as the plan names it, without wildcards."),
        "MailQueue",
    ),
]
"""The logical id of a resource. A wildcard would open a stack's policy for all of its state.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
"""
# https://www.rfc-editor.org/rfc/rfc9110#name-tokens and #name-field-values
HeaderName = Annotated[
    str,
    Field(max_length=256),
    written(
        r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        deferred("Use letters, digits and hyphens, without `:`."),
        "content-type",
    ),
]
"""The name of an HTTP header."""
HeaderValue = Annotated[
    str,
    Field(max_length=8192),
    written(
        r"^([!-~]([ -~]*[!-~])?)?$",
        deferred("Use plain ASCII characters in one line, without spaces around them."),
        "application/json",
    ),
]
"""The value of an HTTP header. A line break in it would begin another header."""
Payload = Annotated[dict[str, JsonValue], AfterValidator(finite)]
"""An event in JSON."""
ShellCommand = Annotated[str, Field(min_length=1, examples=["npm run build"])]
"""A command for the shell, not empty."""
Percent = Annotated[int, Field(ge=1, le=100)]
"""A whole number from 1 to 100."""
