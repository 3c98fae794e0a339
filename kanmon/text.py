"""Forms of texts and numbers for people. The filter between foreign text and its readers is here, too.

Strangers write commit messages, names, reasons, test results, answers and alarms. Such a text is shown, and
it does nothing: in the terminal, a log, Markdown, a mail and Slack (TRU-5).
"""

from __future__ import annotations

import re

from kanmon.language import LANGUAGES, phrase, spoken

_COLOUR = re.compile("(?:\x1b\\[|\x9b)[0-9;:]*m")
_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What some program takes for the end of a line, besides `\\n`."""
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Persian and Indic scripts join letters by two of them, emoji by all: these stay behind a visible sign."""
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters: they move the cursor, and begin a terminal's commands
    # Default_Ignorable_Code_Point but the joiners: shown as nothing or as a blank, and bidirectional controls
    # reorder a text. https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u2800\ufff9-\ufffb"  # a blank letter of Braille, and the controls of annotations
    "\ud800-\udfff"  # halves of characters: no encoding has them
    "]"
)
_NOTHING_JOINED = re.compile(rf"[{_JOINERS}](?<!\S.)[{_JOINERS}]*")
# GitHub, mail programs and chats look for links, mentions and references in the shown text. An escape doesn't
# stop them. A zero-width space does, and nobody sees it.
_LIVELY = re.compile(r"(@|#|GH-(?=\d)|www(?=\.)|:(?=/))", re.IGNORECASE)
_HASH = re.compile(r"^([0-9a-f]{12})[0-9a-f]{28}(?:[0-9a-f]{24})?")
"""A commit's hash by SHA-1 or SHA-256, shortened."""
_LONGEST_COMMIT = 40
_ADDRESS = re.compile(r"(https://[\w.-]+|http://127\.0\.0\.1)(:\d+)?([/?#][\w./%?=&#~:+,;-]*)?", re.ASCII)


def is_address(text: str) -> bool:
    """Whether a link may go there: a plain HTTPS address, as of GitHub, the AWS console and the app.

    It has no user name, and nothing that ends a link in Markdown or in Slack. This machine needs no HTTPS.
    """
    return _ADDRESS.fullmatch(text) is not None


def visible(text: str) -> str:
    """A foreign text with nothing invisible in it, except the joiners of scripts and emoji.

    Left out: colours, control characters, all that Unicode shows as nothing, bidirectional controls among it,
    blank letters and halves of characters. Every line break becomes a line feed.
    """
    if text.isascii() and text.isprintable():  # most lines of a log: tests may print a million
        return text
    return _NOTHING_JOINED.sub("", _INVISIBLE.sub("", _BREAK.sub("\n", _COLOUR.sub("", text))))


def inert(text: str) -> str:
    """A foreign text on one line, without a link, a mention or a reference for whoever looks for them."""
    return _LIVELY.sub("\\1\u200b", one_line(text))


def cut(text: str, length: int) -> str:
    """Cut a text to at most `length` characters, with an ellipsis (`…`) for the rest."""
    return text if len(text) <= length else text[: length - 1] + "…"


def one_line(text: str, length: int | None = None) -> str:
    """Put a foreign text on one line, of at most `length` characters, with nothing invisible in it."""
    line = " ".join(visible(text).split())
    return line if length is None else cut(line, length)


def short_commit(commit: str) -> str:
    """The first 12 characters of a commit's hash. A suffix stays, such as `-dirty`."""
    return cut(_HASH.sub(r"\1", commit), _LONGEST_COMMIT)


def counted(number: int, thing: str) -> str:
    """A number with its noun: `1 AWS call`, `2 AWS calls`. Japanese has no plural.

    The Japanese table has the singular with its number: `{number} AWS call`.
    """
    singular = "{number} " + thing
    plural = "s" if number != 1 and spoken() == LANGUAGES[0] else ""
    return phrase(singular, number=number) + plural


def duration(seconds: float) -> str:
    """A duration such as `1.05 s`, `12.3 s` or `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return phrase("{minutes} min {rest} s", minutes=minutes, rest=rest)
    if seconds >= 10:  # noqa: PLR2004
        return phrase("{seconds:.3g} s", seconds=seconds)
    return phrase("{seconds:.2f} s", seconds=seconds)


def yaml_quoted(text: str) -> str:
    """Any text as a double-quoted YAML scalar in plain ASCII. The YAML reader gets the same text back.

    JSON's escapes do not work: YAML has no surrogate pairs (https://yaml.org/spec/1.2.2/#57-escaped-characters).
    """
    plain = (char if " " <= char <= "~" and char not in '"\\' else f"\\U{ord(char):08X}" for char in text)
    return '"' + "".join(plain) + '"'
