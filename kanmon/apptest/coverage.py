"""The coverage of the app's code: reports in several formats, merged file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.apptest.documents import HEAD, open_text, read_report, too_big, unreadable
from kanmon.apptest.files import MOST_NAMES, Places
from kanmon.apptest.foreign import check_coverage
from kanmon.apptest.formats import FORMATS, MOST_LINES, NOTHING, either
from kanmon.apptest.share import Share
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kanmon.apptest.formats import Branches, Lines


@dataclass(frozen=True)
class FileCoverage:
    """The coverage of one file."""

    file: str
    """The path from the app's folder; for a missing file, the name in the report."""
    line_hits: Lines
    branch_hits: Branches
    line_total: Share = NOTHING
    """The lines of a report that has only their number."""
    branch_total: Share = NOTHING

    @property
    def lines(self) -> Share:
        """The lines that ran."""
        return _known(self.line_hits.values(), self.line_total)

    @property
    def branches(self) -> Share:
        """The branches of the code, and how many were taken."""
        taken = [hit for ways in self.branch_hits.values() for hit in ways.values()]
        return _known(taken, self.branch_total)

    def merged(self, other: FileCoverage) -> FileCoverage:
        """The same file, with the covered lines of both reports, each counted once."""
        lines = dict(self.line_hits)
        for number, hit in other.line_hits.items():
            lines[number] = hit or lines.get(number, False)
        branches = dict(self.branch_hits)
        for number, ways in other.branch_hits.items():
            branches[number] = either(branches.get(number, {}), ways)
        return FileCoverage(
            self.file,
            lines,
            branches,
            _larger(self.line_total, other.line_total),
            _larger(self.branch_total, other.branch_total),
        )


@dataclass(frozen=True)
class Coverage:
    """The coverage of all measured files."""

    files: tuple[FileCoverage, ...]

    @property
    def lines(self) -> Share:
        """The lines of all files."""
        return _sum(file.lines for file in self.files)

    @property
    def branches(self) -> Share:
        """The branches of all files; none when no report measures branches."""
        return _sum(file.branches for file in self.files)

    def worst(self, number: int) -> list[FileCoverage]:
        """The least covered files, the worst first.

        Of two equal ones, the larger file comes first.
        """
        gaps = [file for file in self.files if file.lines.covered < file.lines.total]
        return sorted(gaps, key=lambda file: (file.lines.percent, -file.lines.total, file.file))[:number]


def read_coverage(path: Path, project: Path) -> list[FileCoverage]:
    """The files of one report: Cobertura XML, LCOV or coverage.py's JSON.

    Raises RESULTS_UNREADABLE.
    """
    where = path.relative_to(project).as_posix()
    content = read_report(path, where)
    head = open_text(content, where).read(HEAD)
    check_coverage(head, where)
    read = next((read for begins, read in FORMATS if begins.match(head)), None)
    if read is None:
        raise unreadable(where, phrase("is neither Cobertura XML nor LCOV nor coverage.py's JSON"))
    places = Places(project, path)
    files: list[FileCoverage] = []
    lines = branches = 0
    for file in read(content, where):
        lines += len(file.lines) + file.line_total.total
        branches += sum(map(len, file.branches.values())) + file.branch_total.total
        if len(files) == MOST_NAMES:
            raise too_big(where, phrase("has more than {limit:,} files", limit=MOST_NAMES))
        if lines + branches > MOST_LINES:
            raise too_big(where, phrase("has more than {limit:,} lines and branches", limit=MOST_LINES))
        found = places.find(file.name, file.sources)
        name = found or file.name
        files.append(FileCoverage(name, file.lines, file.branches, file.line_total, file.branch_total))
    return files


def merge(files: Iterable[FileCoverage]) -> Coverage:
    """One entry for each file, in the order of their names."""
    merged: dict[str, FileCoverage] = {}
    for file in files:
        merged[file.file] = merged[file.file].merged(file) if file.file in merged else file
    return Coverage(tuple(merged[name] for name in sorted(merged)))


def _known(hits: Iterable[bool], total: Share) -> Share:
    """The share by single entries, or else by a total.

    Where one report has entries and another a total, no more can be missed than the better of both misses.
    """
    entries = list(hits)
    if not entries:
        return total
    return Share(max(sum(entries), min(total.covered, len(entries))), len(entries))


def _larger(one: Share, other: Share) -> Share:
    """Of two totals of one file: nobody knows which lines both have, so only the larger number is sure."""
    return Share(max(one.covered, other.covered), max(one.total, other.total))


def _sum(shares: Iterable[Share]) -> Share:
    counted = list(shares)
    return Share(sum(share.covered for share in counted), sum(share.total for share in counted))
