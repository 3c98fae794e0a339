"""Texts of strangers: every character that there is, and pieces that some program obeys."""

from __future__ import annotations

import re
import unicodedata

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

ALLOWED = {"\t", "\n", "\u200c", "\u200d"}
"""Invisible characters with a use: joiners of scripts and emoji."""
_VISIBLE_FORMATS = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
"""Signs around numbers. Unicode calls them formats, and everybody sees them."""


def invisible(text: str) -> set[str]:
    """The characters of a shown text that nobody sees, and some program obeys."""
    return {
        one
        for one in text
        if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and one not in ALLOWED
        and not _VISIBLE_FORMATS.match(one)
    }
