"""Compares what a command printed with what its guide states."""

from __future__ import annotations

import re

ELLIPSIS = "…"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What differs from run to run, and nothing else: `r41` and an exit status stay as they are.
_VARYING = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "TIME"),
        (r"\b\d{4}-\d\d-\d\d\b", "DATE"),
        (r"\b\d{1,2}:\d\d(?::\d\d)?\b", "TIME"),
        (
            r"\b\d+(?:\.\d+)?(?: ?(?:ms|s|min|h|m|KB|MB|B|秒|分))(?: \d+ (?:s|min|秒))?(?![A-Za-z\d])",
            "AMOUNT",
        ),
        (r"\b[0-9a-f]{7,}…?", "HEX"),
        (r"\b\d{12}\b", "ACCOUNT"),
    )
)
_SPACES = re.compile(r"\s+")


def first_difference(expected: str, printed: str) -> str:
    """The first stated line that was not printed in its place; empty if all were.

    A line of `…` alone stands for any lines, also for none; `…` within a line for any text. The stated lines
    may begin and end anywhere in the output. Times, dates, amounts with a unit and hex digits may differ.
    """
    lines = [_plain(line) for line in printed.splitlines() if line.strip()]
    wanted = [line for line in map(_plain, expected.splitlines()) if line]
    at, free = 0, True
    for line in wanted:
        if line == ELLIPSIS:
            free = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split(ELLIPSIS))))
        places = range(at, len(lines) if free else min(at + 1, len(lines)))
        found = next((place for place in places if pattern.fullmatch(lines[place])), None)
        if found is None:
            return line
        at, free = found + 1, False
    return ""


def _plain(line: str) -> str:
    text = _SPACES.sub(" ", _COLOURS.sub("", line)).strip()
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text
