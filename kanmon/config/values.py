"""Kinds of value for several sections of the config."""

from __future__ import annotations

import re
from typing import Annotated

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


def _query(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"is not a JMESPath expression: {error}") from error
    return value


NAME_PATTERN = r"^[a-z](-?[a-z0-9])+$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=32)]
"""Lower-case letters, digits and single hyphens, as part of AWS resource names.

Aurora's rules are the strictest: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""
Pattern = Annotated[str, AfterValidator(_pattern)]
JmesPath = Annotated[str, AfterValidator(_query)]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s#]*$")]
Percent = Annotated[int, Field(ge=1, le=100)]
