"""Reads coverage reports of several formats to lines and branches.

Cobertura: https://github.com/cobertura/web/blob/master/htdocs/xml/coverage-04.dtd. LCOV:
https://github.com/linux-test-project/lcov/blob/master/man/geninfo.1 (FILES). coverage.py's JSON:
https://coverage.readthedocs.io/en/latest/commands/cmd_json.html.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from kanmon.apptest.documents import HEAD, Closed, Opened, open_text, too_big, unreadable, xml_pieces
from kanmon.apptest.foreign import CLOVER, SONAR, check_json, foreign_coverage
from kanmon.apptest.share import Share
from kanmon.language import phrase

MOST_LINES = 1_000_000
"""The most lines and branches of a report."""
_MOST_ENTRIES = 2 * MOST_LINES
_MOST_VALUES = 4 * MOST_LINES
"""The most values of a JSON report: all are in memory at once. coverage.py has a line up to three times."""
_MOST_WAYS = 1000
"""The most branches of one line. A generated `switch` has some hundred."""
_MOST_SOURCES = 20
NOTHING = Share(0, 0)
Lines = Mapping[int, bool]
"""A line's number, from 1, and whether it ran."""
Branches = Mapping[int, Mapping[str, bool]]
"""A branching line's number, from 1; for each branch by its name, whether it was taken."""


@dataclass
class MeasuredFile:
    """One file of a report."""

    name: str
    sources: tuple[str, ...] = ()
    """The report's base folders for its names."""
    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[int, dict[str, bool]] = field(default_factory=dict)
    line_total: Share = NOTHING
    """The lines of a file that a report has by their number only."""
    branch_total: Share = NOTHING

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

    It has no names for a line's branches, only counts such as `(1/2)`. Some writers have the lines of a class
    in its methods alone; Istanbul has only the first line of each there.
    """
    report = _Cobertura(where)
    for piece in xml_pieces(content, where):
        if isinstance(piece, Opened):
            report.begin(piece)
        elif isinstance(piece, str):
            report.text(piece)
        elif (file := report.end(piece)) is not None:
            yield file
    report.check_whole()


@dataclass
class _Cobertura:
    """What is known of a report between two of its pieces."""

    where: str
    names: list[str] = field(default_factory=list)
    """The open elements."""
    sources: list[str] = field(default_factory=list)
    packages: bool = False
    own: MeasuredFile | None = None
    methods: MeasuredFile | None = None
    count: int = 0
    valid: bool = False
    """Whether the root counts lines."""

    def begin(self, element: Opened) -> None:
        if not self.names:
            if element.name != "coverage":
                raise foreign_coverage(element.name, self.where)
            self.valid = element.attributes.get("lines-valid", "0").strip("0") != ""
        elif len(self.names) == 1:
            self._begin_inner(element)
        if element.name == "class":
            sources = tuple(source.strip() for source in self.sources if source.strip())
            name = element.attributes.get("filename", "")
            self.own, self.methods = MeasuredFile(name, sources), MeasuredFile(name, sources)
        elif element.name == "line" and self.own and self.methods:
            self._line(element, self.methods if "methods" in self.names else self.own)
        elif element.name == "source" and len(self.sources) < _MOST_SOURCES:
            self.sources.append("")
        self.names.append(element.name)

    def _begin_inner(self, element: Opened) -> None:
        """Clover and SonarQube have a root of the same name."""
        if element.name == "packages":
            self.packages = True
        elif not self.packages and element.name in {"project", "file"}:
            raise foreign_coverage(CLOVER if element.name == "project" else SONAR, self.where)

    def _line(self, element: Opened, file: MeasuredFile) -> None:
        try:
            self.count += _cobertura_line(element.attributes, file)
        except ValueError:
            raise unreadable(self.where, phrase("has a line without sensible numbers")) from None
        if self.count > MOST_LINES:
            raise too_big(self.where, phrase("has more than {limit:,} lines and branches", limit=MOST_LINES))

    def text(self, text: str) -> None:
        if self.names[-1:] == ["source"] and self.sources:
            self.sources[-1] += text

    def end(self, element: Closed) -> MeasuredFile | None:
        """The file whose last piece this is."""
        self.names.pop()
        if element.name != "class" or not self.own:
            return None
        file = self.own if self.own.lines else self.methods
        self.own = self.methods = None
        return file

    def check_whole(self) -> None:
        if not self.packages:
            raise unreadable(self.where, phrase("is not Cobertura XML: it has no <packages>"))
        if self.valid and not self.count:
            fix = phrase("Have the tool write each file's lines.")
            raise unreadable(self.where, phrase("has a total of its lines only"), fix)


def _cobertura_line(line: Mapping[str, str], file: MeasuredFile) -> int:
    """Record a line and its branches, and return their number. Some bytes can stand for many branches."""
    number = int(line.get("number", ""))
    file.line(number, hit=int(line.get("hits", "")) > 0)
    counted = re.search(r"\(([0-9]{1,4})/([0-9]{1,4})\)", line.get("condition-coverage", ""))
    taken, ways = (int(counted[1]), int(counted[2])) if counted else (0, 0)
    if ways > _MOST_WAYS:
        raise ValueError  # no line has so many branches
    if ways:
        found = {f"{way + 1}/{ways}": way < taken for way in range(ways)}
        file.branches[number] = either(file.branches.get(number, {}), found)
    return 1 + ways


def either(one: Mapping[str, bool], other: Mapping[str, bool]) -> dict[str, bool]:
    """The branches of a line that two reports have, or two entries of one report.

    Formats name branches differently. With equal names, a branch counts if either has it as taken. With
    different names, only the one with more taken branches counts: both may mean the same branches.
    """
    if one.keys() == other.keys():
        return {way: hit or other[way] for way, hit in one.items()}
    better = max(one, other, key=lambda ways: (sum(ways.values()), len(ways)))
    return dict(better)


def read_lcov(content: bytes, where: str) -> Iterator[MeasuredFile]:
    """Read LCOV's tracefile."""
    record = _Record()
    # Line by line: all lines at once would take ten times the memory of the report.
    for number, entry in enumerate(open_text(content, where)):
        if number > _MOST_ENTRIES:
            raise too_big(where, phrase("has more than {limit:,} entries", limit=_MOST_ENTRIES))
        try:
            file = record.take(entry.strip())
        except ValueError:
            reason = phrase("has a line that is not LCOV: {line}", line=entry[:80].strip())
            raise unreadable(where, reason) from None
        if file:
            yield file
    if record.file:
        raise unreadable(where, phrase("ends in the middle of a file"))


@dataclass
class _Record:
    """The record of one file, as far as it was read.

    It may have the number of its lines only, as for files that no test loads: `LF` and `LH` count then.
    """

    file: MeasuredFile | None = None
    totals: dict[str, int] = field(default_factory=dict)

    def take(self, entry: str) -> MeasuredFile | None:
        """Take an entry, and return the file with its last one.

        Raises ValueError for an entry that is out of place, or no number.
        """
        key, _, value = entry.partition(":")
        if key == "SF":
            if self.file:
                raise ValueError  # the last record has no end
            self.file, self.totals = MeasuredFile(value.strip()), {}
        elif key == "DA":
            number, _, rest = value.partition(",")
            self._open.line(int(number), hit=int(rest.partition(",")[0]) > 0)
        elif key == "BRDA":
            number, _, rest = value.partition(",")
            way, _, taken = rest.rpartition(",")
            self._open.branch(int(number), way, hit=taken != "-" and int(taken) > 0)
        elif key in {"LF", "LH", "BRF", "BRH"}:
            self.totals[key] = max(0, int(value))
        elif key == "end_of_record" and self.file:
            file, self.file = self.file, None
            file.line_total = NOTHING if file.lines else self._total("LF", "LH")
            file.branch_total = NOTHING if file.branches else self._total("BRF", "BRH")
            return file
        return None

    @property
    def _open(self) -> MeasuredFile:
        if self.file is None:
            raise ValueError
        return self.file

    def _total(self, found: str, hit: str) -> Share:
        total = self.totals.get(found, 0)
        return Share(min(self.totals.get(hit, 0), total), total)


_T = TypeVar("_T")
_AtMost = Annotated[list[_T], Field(max_length=MOST_LINES, fail_fast=True)]


class _JsonFile(BaseModel):
    executed_lines: _AtMost[int]
    missing_lines: _AtMost[int]
    executed_branches: _AtMost[tuple[int, int]] = []
    missing_branches: _AtMost[tuple[int, int]] = []


class _JsonReport(BaseModel):
    files: Annotated[dict[str, _JsonFile], Field(fail_fast=True)]


def read_json(content: bytes, where: str) -> Iterator[MeasuredFile]:
    """Read coverage.py's JSON report.

    A branch's name is the number of its target line.
    """
    report = _json_report(content, where)
    for name, entry in report.files.items():
        file = MeasuredFile(name)
        for hit, lines in ((True, entry.executed_lines), (False, entry.missing_lines)):
            for number in lines:
                file.line(number, hit=hit)
        for hit, arcs in ((True, entry.executed_branches), (False, entry.missing_branches)):
            for number, way in arcs:
                file.branch(number, str(way), hit=hit)
        yield file


def _json_report(content: bytes, where: str) -> _JsonReport:
    if sum(map(content.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise too_big(where, phrase("has more than {limit:,} values", limit=_MOST_VALUES))
    text = open_text(content, where)
    # Mostly the bytes themselves: their text would take as much memory again.
    wide = text.encoding.startswith("utf-16")
    try:
        return _JsonReport.model_validate_json(text.read() if wide else content.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "too_long":
            reason = phrase("has more than {limit:,} lines or branches in one file", limit=MOST_LINES)
            raise too_big(where, reason) from None
        check_json(open_text(content, where).read(HEAD), where)
        place = ".".join(str(part) for part in first["loc"])[:80]
        reason = phrase("is not coverage.py's JSON: {place}: a wrong value", place=place)
        raise unreadable(where, reason) from None


FORMATS: tuple[tuple[re.Pattern[str], Callable[[bytes, str], Iterator[MeasuredFile]]], ...] = (
    (re.compile(r"\s*<"), read_cobertura),
    (re.compile(r"\s*\{"), read_json),
    (re.compile(r"\s*(#[^\n]*\n\s*)*(TN:|SF:)"), read_lcov),
)
"""For each format: the beginning of its reports as a pattern, and its reader."""
