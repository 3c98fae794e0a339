"""Lists the files of a folder of build output, and refuses unsafe ones."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kanmon.bundle.linked_modules import is_undeclared, way_out
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 100_000
"""The most files and folders of one folder of output."""
_LONGEST = 300
_NAMED = 3
_NOT_NAMES = frozenset({"", ".", ".."})
_LEADS_OUT = deferred("The symbolic link leads out of its folder, to {target}.")
_LEADS_NOWHERE = deferred("The symbolic link leads to nothing, {target}.")


@dataclass(frozen=True)
class TreeFile:
    """One regular file, or a kept link: its path inside the folder (with `/`) and on disk."""

    name: str
    path: str
    size: int
    """Its bytes. A kept link has those of its target's name."""
    executable: bool
    """Whether its owner may execute it; a bundle keeps no other permission."""
    target: str | None = None
    """Where a kept link leads, relative to the link's own folder."""


def safe_name(name: str, where: Path | str | None = None) -> str:
    """Return a path that is safe to write below any folder.

    Raises UNSAFE_PATH otherwise, with `where`.
    """
    problem, fix = None, None
    try:
        name.encode()
    except UnicodeEncodeError:
        problem = phrase("The name {name} is not in UTF-8. Names of files must be.", name=shown(name))
        fix = phrase("Rename the file.")
    if "\\" in name or "\0" in name or not _NOT_NAMES.isdisjoint(name.split("/")):
        problem = phrase("The path {path} is not allowed in a bundle.", path=repr(cut(name, _LONGEST)))
    if problem:
        raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(where) if where else None, fix=fix)
    return name


def tree_files(folder: Path, *, keep_links: bool = False, without: Path | None = None) -> list[TreeFile]:
    """All files below a folder, sorted by name.

    A symbolic link to a file inside the folder counts as the file (front-end tools make such links). With
    `keep_links`, each link to a file or a folder inside stays a link, for a zip. The folder `without` is no
    part of it.
    UNSAFE_PATH is raised for a link out of the folder or to nothing, and any special file; without
    `keep_links` for a link to a folder, too. BUNDLE_TOO_BIG is raised for too many files.
    """
    root = folder.resolve()
    left_out = os.path.relpath(without.resolve(), root) if without else None
    found: list[TreeFile] = []
    waiting = [(os.fspath(folder), "")]
    while waiting:
        inside, before = waiting.pop()
        for entry in _entries(inside):
            name = before + entry.name
            if entry.is_dir(follow_symlinks=False):
                if name != left_out:
                    waiting.append((entry.path, f"{name}/"))
            elif entry.is_symlink():
                found += _link(name, Path(entry.path), root, keep_links)
            else:
                found.append(_file(name, entry.path, entry.stat()))
        if len(found) + len(waiting) > MOST:
            problem = phrase("The folder has more than {limit:,} files and folders.", limit=MOST)
            raise KanmonError(Code.BUNDLE_TOO_BIG, problem, where=shown(folder))
    _refuse_empty_targets(found, folder)
    return sorted(found, key=lambda file: file.name)


def _refuse_empty_targets(found: list[TreeFile], folder: Path) -> None:
    """Raise UNSAFE_PATH for a kept link to something without files: a zip has files only."""
    links = [(file, file.target) for file in found if file.target is not None]
    if not links:
        return
    there = {".", *(file.name for file in found)}
    for file in found:
        above = os.path.dirname(file.name)  # noqa: PTH120 - a tenth of a path's time
        while above and above not in there:
            there.add(above)
            above = os.path.dirname(above)  # noqa: PTH120
    for file, leads in links:
        target = os.path.normpath(PurePosixPath(file.name).parent / leads)
        if target not in there:
            problem = phrase(
                "The symbolic link leads to a folder without files, {target}.", target=shown(leads)
            )
            raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(folder / file.name))


def refuse_larger(files: Iterable[TreeFile], largest: int, owner: str, reason: str, where: str) -> None:
    """Raise BUNDLE_TOO_BIG for files with more than `largest` bytes together.

    `owner` has the files, such as "The web directory". `reason` is a sentence about the limit.
    """
    sizes = [(file.size, file.name) for file in files]
    total = sum(size for size, _ in sizes)
    if total > largest:
        names = ", ".join(f"{cut(name, _LONGEST)} ({size:,})" for size, name in nlargest(_NAMED, sizes))
        problem = phrase(
            "{owner} has files of {total:,} bytes together. {reason} The largest: {names}.",
            owner=owner,
            total=total,
            reason=reason,
            names=names,
        )
        raise KanmonError(Code.BUNDLE_TOO_BIG, problem, where=where)


def shown(path: Path | str) -> str:
    """A path for people, whatever its bytes are."""
    return cut(os.fsencode(path).decode("utf-8", "backslashreplace"), _LONGEST)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = phrase("The folder can't be read: {reason}.", reason=error.strerror)
        raise KanmonError(Code.FILE_REFUSED, problem, where=shown(folder)) from None


def _file(name: str, path: str, status: os.stat_result) -> TreeFile:
    if not stat.S_ISREG(status.st_mode):
        problem = phrase("There is something that is not a regular file.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(path))
    return TreeFile(safe_name(name, path), path, status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _link(name: str, link: Path, root: Path, keep: bool) -> list[TreeFile]:
    """The file that a link counts as, or the kept link. Nothing for a link that nobody needs."""
    try:
        target = link.resolve()
    except (OSError, RuntimeError):
        problem = phrase("The symbolic link leads to itself.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(link)) from None
    outside = not target.is_relative_to(root)
    if outside or not target.exists():
        if keep and is_undeclared(name):
            return []
        problem = phrase(_LEADS_OUT if outside else _LEADS_NOWHERE, target=shown(link.readlink()))
        raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(link), fix=way_out(name, root))
    if keep:
        # The place without other links on the way: it is right wherever the package is unpacked.
        place = os.path.relpath(target, (root / name).parent)
        return [
            TreeFile(
                safe_name(name, link), str(link), len(os.fsencode(place)), executable=False, target=place
            )
        ]
    if not target.is_file():
        problem = phrase("The symbolic link does not lead to a file.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=shown(link))
    return [_file(name, os.fspath(link), target.stat())]
