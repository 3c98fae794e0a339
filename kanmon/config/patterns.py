"""Patterns of smoke checks. They meet answers that nobody can foresee, so they are bounded.

Patterns are RE2's. Its time grows with the length of a text, never with the number of ways to match it
(https://github.com/google/re2/wiki/WhyRE2). Meanwhile other threads run: one of them renews the lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from kanmon.config.section import MistakeError
from kanmon.language import deferred, phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from re2 import _Regexp

SEARCHED = 128 * 1024
"""The searched bytes of a text, from its beginning. With the largest program a search takes 5 seconds."""
_LARGEST_PROGRAM = 2000
"""The instructions of a compiled pattern: a page's title needs 20, a letter of any language 1200."""
_LONGEST = 1000
_SHOWN = 100
_FIXES = {
    "invalid perl operator": deferred(
        "Remove the `(?…`: RE2 does not look ahead or behind. Write two checks."
    ),
    "invalid escape sequence": deferred(
        r"Remove it. RE2 has no `\1` for an earlier group, and has `\z` for `\Z`."
    ),
    "invalid repetition size": deferred("Repeat at most 1000 times."),
}
"""The fix for words of RE2's message. Those of its parser are fixed:
https://github.com/google/re2/blob/main/re2/regexp.cc"""
_FIX = deferred(r"Write `\` before a character with a meaning of its own, such as `\(`.")


def contains(pattern: str, text: str | bytes) -> bool:
    """Whether the pattern matches anywhere in the first `SEARCHED` bytes of a text."""
    return _compiled(pattern).search(text[:SEARCHED]) is not None


def _compiled(pattern: str) -> _Regexp:
    # Only configs with patterns need the library, and commands should start fast. It keeps 128 patterns.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _pattern(value: str) -> str:
    import re2  # noqa: PLC0415 - see above

    if len(value) > _LONGEST:
        raise _too_large(
            phrase("It has {number} characters, more than {most}.", number=len(value), most=_LONGEST)
        )
    try:
        program = _compiled(value).programsize
    except re2.error as error:
        (reason,) = error.args
        words = reason.decode("utf-8", "replace")
        if "too large" in words:
            raise _too_large(phrase("It is too large for RE2.")) from None
        fix = next((fix for begin, fix in _FIXES.items() if words.startswith(begin)), _FIX)
        problem = phrase("RE2 can't read the pattern: {reason}.", reason=cut(words, _SHOWN))
        fix = phrase("{fix} The syntax: https://github.com/google/re2/wiki/Syntax.", fix=phrase(fix))
        raise MistakeError(problem, fix) from None
    if program > _LARGEST_PROGRAM:
        raise _too_large(
            phrase(
                "It makes a program of {number} instructions, more than {most}.",
                number=program,
                most=_LARGEST_PROGRAM,
            )
        )
    return value


def _too_large(problem: str) -> MistakeError:
    fix = phrase("Make it shorter, with smaller numbers in `{…}`, or write two checks.")
    return MistakeError(problem, fix)


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression in RE2's syntax."""
