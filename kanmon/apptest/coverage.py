"""The coverage of the app's code: reports in several formats, merged file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.apptest.documents import read_report, too_big, unreadable
from kanmon.apptest.files import MOST_NAMES, Places
from kanmon.apptest.formats import FORMATS, MOST_LINES
from kanmon.apptest.share import Share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kanmon.apptest.formats import Branches, Lines


@dataclass(frozen=True)
class FileCoverage:
    """The coverage of one file."""

    file: str
    """The path from the app's folder; for a missing file, the name in the report."""
    line_hits: Lines
    branch_hits: Branches

    @property
    def lines(self) -> Share:
        """The lines that ran."""
        return Share(sum(self.line_hits.values()), len(self.line_hits))

    @property
    def branches(self) -> Share:
        """The branches of the code, and how many were taken."""
        taken = [hit for ways in self.branch_hits.values() for hit in ways.values()]
        return Share(sum(taken), len(taken))

    def merged(self, other: FileCoverage) -> FileCoverage:
        """The same file, with the covered lines of both reports, each counted once."""
        lines = dict(self.line_hits)
        for number, hit in other.line_hits.items():
            lines[number] = hit or lines.get(number, False)
        branches = dict(self.branch_hits)
        for number, ways in other.branch_hits.items():
            branches[number] = _either(branches.get(number, {}), ways)
        return FileCoverage(self.file, lines, branches)


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
    read = next((read for begins, read in FORMATS if begins.match(content)), None)
    if read is None:
        raise unreadable(where, "is neither Cobertura XML nor LCOV nor coverage.py's JSON")
    places = Places(project, path)
    files: list[FileCoverage] = []
    lines = branches = 0
    for file in read(content, where):
        lines += len(file.lines)
        branches += sum(map(len, file.branches.values()))
        if len(files) == MOST_NAMES:
            raise too_big(where, f"has more than {MOST_NAMES:,} files")
        if lines + branches > MOST_LINES:
            raise too_big(where, f"has more than {MOST_LINES:,} lines and branches")
        found = places.find(file.name, file.sources)
        files.append(FileCoverage(found or file.name, file.lines, file.branches))
    return files


def merge(files: Iterable[FileCoverage]) -> Coverage:
    """One entry for each file, in the order of their names."""
    merged: dict[str, FileCoverage] = {}
    for file in files:
        merged[file.file] = merged[file.file].merged(file) if file.file in merged else file
    return Coverage(tuple(merged[name] for name in sorted(merged)))


def _either(one: Mapping[str, bool], other: Mapping[str, bool]) -> Mapping[str, bool]:
    """The branches of a line in two reports.

    Formats name branches differently. With equal names, a branch counts if either report has it as taken.
    With different names, only the report with more taken branches counts: both may mean the same branches.
    """
    if one.keys() == other.keys():
        return {way: hit or other[way] for way, hit in one.items()}
    return max(one, other, key=lambda ways: (sum(ways.values()), len(ways)))


def _sum(shares: Iterable[Share]) -> Share:
    counted = list(shares)
    return Share(sum(share.covered for share in counted), sum(share.total for share in counted))
