"""Filter patterns of CloudWatch Logs: what is broken at sight is refused here, not only by the deploy.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from kanmon.config.section import MistakeError
from kanmon.language import phrase

_CLOSING = {"{": "}", "[": "]", "(": ")"}
_WHOLE = re.compile(r"""(["%])(?:\\.|(?!\1)[^\\])*\1|(?<=\[)'[^']*'(?=\])""", re.DOTALL)
"""A text in quotes, a regular expression, or a key as in `$.['a.b']`. Brackets in them are characters."""


def _log_pattern(value: str) -> str:
    rest = _WHOLE.sub("_", value).strip()
    if sign := _unpaired(rest):
        raise MistakeError(
            phrase("In the filter pattern, a `{sign}` has no counterpart.", sign=sign),
            phrase("Write its counterpart, or put the text with it in double quotes."),
        )
    if not re.search(r"[^\s{}()\[\]]", rest):
        raise MistakeError(
            phrase("The filter pattern is empty."),
            phrase('Write a word, such as `ERROR`, or `{ $.level = "ERROR" }` for entries in JSON.'),
        )
    if rest[0] in "{[" and _end(rest) < len(rest):
        raise MistakeError(
            phrase("The filter pattern goes on after its `{sign}`.", sign=_CLOSING[rest[0]]),
            phrase('Put the text in double quotes, such as `"[ERROR] failed"`.'),
        )
    return value


def _unpaired(rest: str) -> str:
    """The first sign without its counterpart, if there is one."""
    opened: list[str] = []
    for sign in rest:
        if sign in {'"', "%"}:
            return sign
        if sign in _CLOSING:
            opened.append(sign)
        elif sign in _CLOSING.values() and (not opened or _CLOSING[opened.pop()] != sign):
            return sign
    return opened[-1] if opened else ""


def _end(rest: str) -> int:
    """The place after the counterpart of the first bracket."""
    depth = 0
    for place, sign in enumerate(rest, 1):
        depth += (sign in _CLOSING) - (sign in _CLOSING.values())
        if not depth:
            return place
    return len(rest)


LogPattern = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_log_pattern)]
"""A filter pattern for entries of a log."""
