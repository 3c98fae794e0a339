"""Patterns and queries of smoke checks. Both meet answers that nobody can foresee, so both are bounded.

Patterns are RE2's. Its time grows with the length of a text, never with the number of ways to match it
(https://github.com/google/re2/wiki/WhyRE2). Meanwhile other threads run: one of them renews the lease.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field

from kanmon.config.section import MistakeError
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from re2 import _Regexp

SEARCHED = 128 * 1024
"""The searched bytes of a text, from its beginning. With the largest program a search takes 5 seconds."""
_LARGEST_PROGRAM = 2000
"""The instructions of a compiled pattern: a page's title needs 20, a letter of any language 1200."""
_LONGEST = 1000
_SHOWN = 100
_MOST_COPIES = 100
"""How often a query may copy an answer: `[a, b]` makes two, and each `|` multiplies them."""
_SYNTAX = "The syntax: https://github.com/google/re2/wiki/Syntax"
_FIXES = {
    "invalid perl operator": "Remove the `(?…`: RE2 does not look ahead or behind. Write two checks.",
    "invalid escape sequence": r"Remove it. RE2 has no `\1` for an earlier group, and has `\z` for `\Z`.",
    "invalid repetition size": "Repeat at most 1000 times.",
}
"""The fix for words of RE2's message. Those of its parser are fixed:
https://github.com/google/re2/blob/main/re2/regexp.cc"""
_FIX = r"Write `\` before a character with a meaning of its own, such as `\(`."


def contains(pattern: str, text: str | bytes) -> bool:
    """Whether the pattern matches anywhere in the first `SEARCHED` bytes of a text."""
    return _compiled(pattern).search(text[:SEARCHED]) is not None


def query(expression: str, document: object) -> tuple[Any, str]:
    """The value of a JMESPath expression in a document, and the problem, if it has none there."""
    try:
        return jmespath.search(expression, document), ""
    except JMESPathError as error:
        return None, f"{expression} can't be evaluated: {error}"
    except Exception:  # noqa: BLE001 - `ceil` of an infinite number raises OverflowError, for example
        return None, f"{expression} can't be evaluated with the values of this answer"


def _compiled(pattern: str) -> _Regexp:
    # Only configs with patterns need the library, and commands should start fast. It keeps 128 patterns.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _pattern(value: str) -> str:
    import re2  # noqa: PLC0415 - see above

    if len(value) > _LONGEST:
        raise _too_large(f"It has {len(value)} characters, more than {_LONGEST}.")
    try:
        program = _compiled(value).programsize
    except re2.error as error:
        (reason,) = error.args
        words = reason.decode("utf-8", "replace")
        if "too large" in words:
            raise _too_large("It is too large for RE2.") from None
        fix = next((fix for begin, fix in _FIXES.items() if words.startswith(begin)), _FIX)
        raise MistakeError(
            f"RE2 can't read the pattern: {cut(words, _SHOWN)}.", f"{fix} {_SYNTAX}."
        ) from None
    if program > _LARGEST_PROGRAM:
        raise _too_large(f"It makes a program of {program} instructions, more than {_LARGEST_PROGRAM}.")
    return value


def _too_large(problem: str) -> MistakeError:
    return MistakeError(problem, "Make it shorter, with smaller numbers in `{…}`, or write two checks.")


def _query(value: str) -> str:
    if len(value) > _LONGEST:
        raise MistakeError(f"It has {len(value)} characters, more than {_LONGEST}.", "Make it shorter.")
    try:
        parsed = jmespath.compile(value).parsed
        json.dumps(parsed, ensure_ascii=False).encode()
        copies = _copies(parsed)
    except (JMESPathError, ValueError, RecursionError):
        raise MistakeError(
            "It is not a JMESPath expression.", "Write, for example, `status` or `items[0].name`."
        ) from None
    if copies > _MOST_COPIES:
        raise MistakeError(
            f"It can copy the answer {copies} times, and Kanmon takes {_MOST_COPIES}.",
            "Write fewer entries into its `[…, …]` and `{…, …}`, or several expressions.",
        )
    return value


def _copies(node: Any) -> int:  # noqa: ANN401 - jmespath's tree has no types
    """How often a query can copy its document: the product of the entries of all its lists and mappings."""
    return math.prod(len(one["children"]) for one in _nodes(node) if one["type"].startswith("multi_select"))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression in RE2's syntax."""
JmesPath = Annotated[str, Field(examples=["status"]), AfterValidator(_query)]
"""A JMESPath expression."""
