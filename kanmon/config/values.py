"""Kinds of value for several sections of the config."""

from __future__ import annotations

import re
from typing import Annotated

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field

from kanmon.config.section import MistakeError, written


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise MistakeError(
            f"It is not a regular expression: {error}.",
            r"Write `\` before a character with a meaning of its own, such as `\(`.",
        ) from error
    return value


def _query(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise MistakeError(
            "It is not a JMESPath expression.", "Write, for example, `status` or `items[0].name`."
        ) from error
    return value


Name = Annotated[
    str,
    Field(max_length=32),
    written(
        r"^[a-z](-?[a-z0-9])+$",
        "Use two or more lower-case letters, digits and single hyphens. Begin with a letter.",
        "my-app",
    ),
]
"""Lower-case letters, digits and single hyphens, as part of AWS resource names.

Aurora's rules are the strictest: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression of Python."""
JmesPath = Annotated[str, Field(examples=["status"]), AfterValidator(_query)]
"""A JMESPath expression."""
UrlPath = Annotated[
    str, written(r"^/[^\s#]*$", "Begin with `/`. Leave out spaces and `#`.", "/api/health?full=1")
]
"""A path below the app's domain, with its query."""
LogicalId = Annotated[
    str,
    written(r"^[A-Za-z0-9]{1,255}$", "Write one id as the plan names it, without wildcards.", "MailQueue"),
]
"""The logical id of a resource. A wildcard would open a stack's policy for all of its state.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
"""
ShellCommand = Annotated[str, Field(min_length=1, examples=["npm run build"])]
"""A command for the shell, not empty."""
Percent = Annotated[int, Field(ge=1, le=100)]
"""A whole number from 1 to 100."""
