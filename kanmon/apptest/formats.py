"""Reads coverage reports of several formats to lines and branches.

Cobertura: https://github.com/cobertura/web/blob/master/htdocs/xml/coverage-04.dtd. LCOV:
https://github.com/linux-test-project/lcov/blob/master/man/geninfo.1 (FILES). coverage.py's JSON:
https://coverage.readthedocs.io/en/latest/commands/cmd_json.html.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from kanmon.apptest.documents import parse_xml, too_big, unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_LINES = 1_000_000
"""The most lines and branches of a report."""
_MOST_ENTRIES = 2 * MOST_LINES
_MOST_WAYS = 1000
"""The most branches of one line. A generated `switch` has some hundred."""
Lines = Mapping[int, bool]
"""A line's number, from 1, and whether it ran."""
Branches = Mapping[int, Mapping[str, bool]]
"""A branching line's number, from 1; for each branch by its name, whether it was taken."""


@dataclass(frozen=True)
class MeasuredFile:
    """One file of a report."""

    name: str
    sources: tuple[str, ...] = ()
    """The report's base folders for its names."""
    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[int, dict[str, bool]] = field(default_factory=dict)

    def line(self, number: int, *, hit: bool) -> None:
        """Record a line; it counts as run if any of its entries has a hit."""
        if number > 0:
            self.lines[number] = hit or self.lines.get(number, False)

    def branch(self, number: int, way: str, *, hit: bool) -> None:
        """Record one branch of a line, by its name."""
        ways = self.branches.setdefault(number, {})
        ways[way] = hit or ways.get(way, False)


def read_cobertura(content: bytes, where: str) -> Iterator[MeasuredFile]:
    """Read Cobertura XML.

    It has no names for a line's branches, only counts such as `(1/2)`.
    """
    root = parse_xml(content, where)
    if root.tag != "coverage" or root.find("packages") is None:
        raise unreadable(where, f"is not Cobertura XML: it begins with <{root.tag[:40]}>")
    sources = tuple(source.text.strip() for source in root.iterfind("sources/source") if source.text)
    count = 0
    for part in root.iter("class"):
        file = MeasuredFile(part.get("filename", ""), sources)
        for line in part.iterfind("lines/line"):
            try:
                count += _cobertura_line(line, file)
            except ValueError:
                raise unreadable(where, "has a line without sensible numbers") from None
            if count > MOST_LINES:
                raise too_big(where, f"has more than {MOST_LINES:,} lines and branches")
        yield file


def _cobertura_line(line: Element, file: MeasuredFile) -> int:
    """Record a line and its branches, and return their number. Some bytes can stand for many branches."""
    number = int(line.get("number", ""))
    file.line(number, hit=int(line.get("hits", "")) > 0)
    counted = re.search(r"\(([0-9]{1,4})/([0-9]{1,4})\)", line.get("condition-coverage", ""))
    taken, ways = (int(counted[1]), int(counted[2])) if counted else (0, 0)
    if ways > _MOST_WAYS:
        raise ValueError("no line has so many branches")
    for way in range(ways):
        file.branch(number, f"{way + 1}/{ways}", hit=way < taken)
    return 1 + ways


def read_lcov(content: bytes, where: str) -> Iterator[MeasuredFile]:
    """Read LCOV's tracefile."""
    file = None
    # Line by line: all lines at once would take ten times the memory of the report.
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors="replace")
    for number, entry in enumerate(text):
        if number > _MOST_ENTRIES:
            raise too_big(where, f"has more than {_MOST_ENTRIES:,} entries")
        key, _, value = entry.strip().partition(":")
        if key == "SF":
            file = MeasuredFile(value)
        elif key == "end_of_record" and file:
            yield file
            file = None
        elif key in {"DA", "BRDA"}:
            try:
                _lcov_line(key, value, file)
            except (ValueError, AttributeError):
                raise unreadable(where, f"has a line that is not LCOV: {entry[:80]}") from None
    if file:
        raise unreadable(where, "ends in the middle of a file")


def _lcov_line(key: str, value: str, file: MeasuredFile | None) -> None:
    if file is None:
        raise ValueError("not in a file")
    number, _, rest = value.partition(",")
    if key == "DA":
        file.line(int(number), hit=int(rest.partition(",")[0]) > 0)
    else:
        way, _, taken = rest.rpartition(",")
        file.branch(int(number), way, hit=taken != "-" and int(taken) > 0)


_T = TypeVar("_T")
_AtMost = Annotated[list[_T], Field(max_length=MOST_LINES)]


class _JsonFile(BaseModel):
    executed_lines: _AtMost[int]
    missing_lines: _AtMost[int]
    executed_branches: _AtMost[tuple[int, int]] = []
    missing_branches: _AtMost[tuple[int, int]] = []


class _JsonReport(BaseModel):
    files: dict[str, _JsonFile]


def read_json(content: bytes, where: str) -> Iterator[MeasuredFile]:
    """Read coverage.py's JSON report.

    A branch's name is the number of its target line.
    """
    try:
        report = _JsonReport.model_validate_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "too_long":
            raise too_big(where, f"has more than {MOST_LINES:,} lines or branches in one file") from None
        place = ".".join(str(part) for part in first["loc"])[:80]
        raise unreadable(where, f"is not coverage.py's JSON: {place}: a wrong value") from None
    for name, entry in report.files.items():
        file = MeasuredFile(name)
        for hit, lines in ((True, entry.executed_lines), (False, entry.missing_lines)):
            for number in lines:
                file.line(number, hit=hit)
        for hit, arcs in ((True, entry.executed_branches), (False, entry.missing_branches)):
            for number, way in arcs:
                file.branch(number, str(way), hit=hit)
        yield file


FORMATS: tuple[tuple[re.Pattern[bytes], Callable[[bytes, str], Iterator[MeasuredFile]]], ...] = (
    (re.compile(rb"(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\x00?<"), read_cobertura),
    (re.compile(rb"(\xef\xbb\xbf)?\s*\{"), read_json),
    (re.compile(rb"(\xef\xbb\xbf)?\s*(TN:|SF:)"), read_lcov),
)
"""For each format: the beginning of its reports as a pattern, and its reader."""
