"""Escapes foreign text in Markdown. Readers see the text unchanged, and it has no effect (SEC-5).

GitHub Flavored Markdown, https://github.github.com/gfm/. Strangers write commit messages, branch names, file
names and test results. None of these may become an element, a link, a mention or a reference.
"""

from __future__ import annotations

import re
from html import escape

_PUNCTUATION = re.compile(r"([!-/:-@[-`{-~])")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# GitHub looks for mentions, references and addresses in the rendered text. An escape in the source doesn't
# stop it. A zero-width space stops it, and is invisible.
_LIVELY = re.compile(r"(@|#|GH-(?=\d)|www(?=\.)|:(?=/))", re.IGNORECASE)


def text(value: str) -> str:
    """One line of text, shown unchanged. Line breaks become spaces, control characters are left out."""
    return _PUNCTUATION.sub(r"\\\1", _quiet(value))


def html(value: str) -> str:
    """The same inside an HTML element: Markdown has no effect there."""
    return escape(_quiet(value))


def _quiet(value: str) -> str:
    return _LIVELY.sub("\\1\u200b", _INVISIBLE.sub("", " ".join(value.split())))


def code(value: str) -> str:
    """A code span. You can also use it in a table."""
    line = _INVISIBLE.sub("", " ".join(value.split())).replace("|", "\N{BROKEN BAR}")
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def code_block(value: str) -> str:
    """A code block of several lines, unchanged. Put it at the beginning of a line."""
    lines = "\n".join(_INVISIBLE.sub("", line) for line in value.expandtabs().splitlines())
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"{fence}text\n{lines}\n{fence}"
