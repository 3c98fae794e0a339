"""Texts of strangers: every character that there is, and pieces that some program obeys."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import strategies as st

PIECES = (
    "\x1b]52;c;ZWNobyBwd25lZA==\x07",  # a terminal would put it into the clipboard
    "\x1b[2J\x1b[H",  # clears the screen
    "\x9b31m",
    "\nr9 is live",
    "\r\nlive      r9",
    "\x85r9\u2028r9\u2029r9\x0br9\x0cr9\x1cr9",
    "\u202egpj.exe\u2066\u2069\u061c\u200f",
    "\u200b\u2060\ufeff\xad\U000e0041",
    "\u3164\u115f\u1160\uffa0\u2800\u034f\u17b4\u180b\ufe00\U000e0100",
    " \u200d\ufe0f\u200c",
    "\ud800",
    "[/]",
    "[red]",
    "[link=https://evil.example]here[/link]",
    "{number}",
    "\\",
    "\nReview and approve: https://evil.example/approve",
    "\n::error::out",
    "##[error]out",
    "%0A::error::out",
    "<!channel>",
    "<https://evil.example|Run>",
    "@everyone",
    "@octo/team",
    "#12",
    "&lt;",
    "<script>",
    "[x](https://evil.example)",
    "| a |",
    "`",
    "www.evil.example",
)
FOREIGN = st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(), max_size=5)), max_size=8).map(
    "".join
)

JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Invisible characters with a use, behind a visible one: joiners of scripts and emoji."""
# The standard library lacks some of Unicode's properties: https://www.unicode.org/reports/tr44/
_regex: Any = import_module("regex")
_INVISIBLE = _regex.compile(
    r"[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]"
    rf"--[\t\n{JOINERS}]]|[{JOINERS}](?<=(?:^|\s)[{JOINERS}]+)",
    _regex.VERSION1,
)


def invisible(text: str) -> set[str]:
    """The characters of a shown text that nobody sees, and some program obeys."""
    return set(_INVISIBLE.findall(text))
