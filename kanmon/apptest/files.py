"""Finds the reports of the tests, and the app's files by their names in a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


MOST_NAMES = 30_000
"""The most names of one report to look up on the disk. They take some seconds."""
_MOST_SOURCES = 20


class Stamp(NamedTuple):
    """Facts of a file; every write changes at least one, even with the same content."""

    inode: int
    size: int
    modified: int
    changed: int


def stamps(patterns: Iterable[str], project: Path) -> dict[Path, Stamp]:
    """The present files matching any of the patterns, with their stamps."""
    return {path: _stamp(path) for pattern in patterns for path in _matches(pattern, project)}


def fresh_files(pattern: str, project: Path, before: Mapping[Path, Stamp]) -> list[Path]:
    """The files matching `pattern` and written since `before`, sorted by name.

    The report of an earlier run must not count for this one. Stamps decide, not the clock: the clock and
    the file system have different ticks. Raises RESULTS_MISSING when there are none.
    """
    matches = _matches(pattern, project)
    fresh = [path for path in matches if _stamp(path) != before.get(path)]
    if not fresh:
        problem = phrase("The commands wrote no file that matches `{pattern}`.", pattern=pattern)
        if matches:
            problem = phrase(
                "The commands wrote no file that matches `{pattern}`, only {number} from before.",
                pattern=pattern,
                number=len(matches),
            )
        raise KanmonError(Code.RESULTS_MISSING, problem)
    return fresh


def check_inside(path: Path, project: Path) -> None:
    """Refuse a report that is a link out of the app's folder.

    Raises UNSAFE_PATH.
    """
    if not path.resolve().is_relative_to(project.resolve()):
        problem = phrase("The report leads out of the app's folder.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=path.relative_to(project).as_posix())


def _matches(pattern: str, project: Path) -> list[Path]:
    return sorted(path for path in project.glob(pattern) if path.is_file())


def _stamp(path: Path) -> Stamp:
    facts = path.stat()
    return Stamp(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


@dataclass(frozen=True)
class Places:
    """Finds the app's files by their names in a report.

    Tools name files from their working directory: the app's folder, or a folder between it and the report.
    """

    project: Path
    report: Path
    _known: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict, repr=False, compare=False)

    def find(self, name: str, sources: tuple[str, ...] = ()) -> str:
        """The file's path from the app's folder, with `/`; empty when the file is missing.

        `sources` are the report's own base folders for its names.
        """
        key = (name, sources)
        if key not in self._known:
            if len(self._known) >= MOST_NAMES:
                return ""
            self._known[key] = self._find(name, sources)
        return self._known[key]

    @cached_property
    def _home(self) -> Path:
        return self.project.resolve()

    @cached_property
    def _ways(self) -> list[Path]:
        return [folder for folder in self.report.parents if folder.is_relative_to(self.project)]

    def _find(self, name: str, sources: tuple[str, ...]) -> str:
        if not name or "\0" in name:
            return ""
        home = self._home
        for folder in (*(Path(source) for source in sources[:_MOST_SOURCES]), home, *self._ways):
            found = _real_file(home / folder / name)
            if found and found.is_relative_to(home):
                return found.relative_to(home).as_posix()
        return ""


def _real_file(path: Path) -> Path | None:
    try:
        return path.resolve() if path.is_file() else None
    except (OSError, ValueError):  # the name is impossible in a file system
        return None
