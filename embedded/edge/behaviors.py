"""The cache behavior of a request ("Path pattern" in the CloudFront developer guide).

`*` stands for any characters, `?` for one; letters match by case; the first pattern in the
listed order wins; the default behavior is last. The original URI decides: a function's new URI
changes the object, never the behavior.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class HasPattern(Protocol):
    """Anything chosen by path."""

    @property
    def pattern(self) -> str:
        """The path pattern."""


B = TypeVar("B", bound=HasPattern)


def choose(behaviors: Sequence[B], uri: str) -> B:
    """The behavior for a URI; the last, the default, matches everything."""
    return next(b for b in behaviors if _expression(b.pattern).fullmatch(uri))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    expressions = [{"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern]
    leading = "" if pattern.startswith(("/", "*")) else "/"
    return re.compile(leading + "".join(expressions), re.DOTALL)
