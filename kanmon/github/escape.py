"""Escapes foreign text in Markdown. Readers see the text unchanged, and it has no effect (SEC-5).

GitHub Flavored Markdown, https://github.github.com/gfm/. Strangers write commit messages, branch names, file
names and test results. None of these may become an element, a link, a mention or a reference.
"""

from __future__ import annotations

import re
from html import escape

from kanmon.text import inert, one_line, visible

_PUNCTUATION = re.compile(r"([!-/:-@[-`{-~])")


def text(value: str) -> str:
    """One line of text, shown unchanged. Line breaks become spaces, control characters are left out."""
    return _PUNCTUATION.sub(r"\\\1", inert(value))


def html(value: str) -> str:
    """The same inside an HTML element: Markdown has no effect there."""
    return escape(inert(value))


def code(value: str) -> str:
    """A code span. You can also use it in a table."""
    line = one_line(value).replace("|", "\N{BROKEN BAR}")
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def code_block(value: str) -> str:
    """A code block of several lines, unchanged. Put it at the beginning of a line."""
    lines = visible(value).expandtabs().rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"{fence}text\n{lines}\n{fence}"
