"""Foreign text in Markdown: whatever it is, it shows as itself and does nothing (SEC-5).

GitHub Flavored Markdown, https://github.github.com/gfm/. Commit messages, branch names, file names and test
results are written by strangers; none of them may become an element, a link, a mention or a reference.
"""

from __future__ import annotations

import re
from html import escape

_PUNCTUATION = re.compile(r"([!-/:-@[-`{-~])")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# GitHub looks for mentions, references and addresses in the text that was rendered, so that an escape in
# the source doesn't stop it; a zero-width space does, and nobody sees it.
_LIVELY = re.compile(r"(@|#|GH-(?=\d)|www(?=\.)|:(?=/))", re.IGNORECASE)


def text(value: str) -> str:
    """A line of text that shows as itself; line breaks become spaces, control characters are left out."""
    return _PUNCTUATION.sub(r"\\\1", _quiet(value))


def html(value: str) -> str:
    """The same inside an HTML element, where Markdown is not read."""
    return escape(_quiet(value))


def _quiet(value: str) -> str:
    return _LIVELY.sub("\\1\u200b", _INVISIBLE.sub("", " ".join(value.split())))


def code(value: str) -> str:
    """A code span, which may stand in a table too."""
    line = _INVISIBLE.sub("", " ".join(value.split())).replace("|", "\N{BROKEN BAR}")
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def code_block(value: str) -> str:
    """Several lines as they are, in a block of their own. Stands at the beginning of a line."""
    lines = "\n".join(_INVISIBLE.sub("", line) for line in value.expandtabs().splitlines())
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"{fence}text\n{lines}\n{fence}"
