"""Lists the files of a folder of build output, and refuses unsafe ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.regular_file import size_of
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 100_000
"""The most files and folders of one folder of output."""
_LONGEST = 300


@dataclass(frozen=True)
class TreeFile:
    """One regular file: its path inside the folder (with `/`) and on disk."""

    name: str
    path: Path

    @property
    def executable(self) -> bool:
        """Whether its owner may execute it; a bundle keeps no other permission."""
        return bool(self.path.stat().st_mode & 0o100)


def safe_name(name: str) -> str:
    """Return a path that is safe to write below any folder.

    Raises UNSAFE_PATH otherwise.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise KanmonError(
            Code.UNSAFE_PATH, f"The name {os.fsencode(name)!r} is not in UTF-8.", fix="Rename the file."
        ) from None
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts
    if unsafe or str(path) != name:
        raise KanmonError(Code.UNSAFE_PATH, f"The path {cut(name, _LONGEST)!r} is not allowed in a bundle.")
    return name


def tree_files(folder: Path) -> list[TreeFile]:
    """All files below a folder, sorted by name.

    A symbolic link to a file inside the folder counts as the file (front-end tools make such links).
    UNSAFE_PATH is raised for a link out of the folder, a link to a folder, and any special file.
    BUNDLE_TOO_BIG is raised for too many files.
    """
    root = folder.resolve()
    found: list[TreeFile] = []
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            path = Path(entry.path)
            if entry.is_symlink():
                _refuse_escape(path, root)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                found.append(_file(folder, path))
        if len(found) + len(waiting) > MOST:
            problem = f"The folder has more than {MOST:,} files and folders."
            raise KanmonError(Code.BUNDLE_TOO_BIG, problem, where=str(folder))
    return sorted(found, key=lambda file: file.name)


def refuse_larger(files: Iterable[TreeFile], largest: int, reason: str) -> None:
    """Raise BUNDLE_TOO_BIG for files with more than `largest` bytes together; `reason` is a sentence."""
    sizes = [(file.path.stat().st_size, file) for file in files]
    total = sum(number for number, _ in sizes)
    if total > largest:
        number, file = max(sizes, key=lambda one: one[0])
        problem = f"The files have {size_of(total)} together, the largest {size_of(number)}. {reason}"
        raise KanmonError(Code.BUNDLE_TOO_BIG, problem, where=str(file.path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"The folder can't be read: {error.strerror}."
        raise KanmonError(Code.FILE_REFUSED, problem, where=_shown(folder)) from None


def _file(folder: Path, path: Path) -> TreeFile:
    if not path.is_file():
        raise KanmonError(
            Code.UNSAFE_PATH, "There is something that is not a regular file.", where=_shown(path)
        )
    return TreeFile(safe_name(path.relative_to(folder).as_posix()), path)


def _shown(path: Path) -> str:
    """A path for people, whatever its bytes are."""
    return cut(os.fsencode(path).decode("utf-8", "backslashreplace"), _LONGEST)


def _refuse_escape(link: Path, root: Path) -> None:
    try:
        target = link.resolve()
    except (OSError, RuntimeError):
        problem = "The symbolic link leads to itself."
        raise KanmonError(Code.UNSAFE_PATH, problem, where=_shown(link)) from None
    if not target.is_relative_to(root):
        raise KanmonError(
            Code.UNSAFE_PATH,
            f"The symbolic link leads out of its folder, to {_shown(link.readlink())}.",
            where=_shown(link),
        )
    if not target.is_file():
        raise KanmonError(Code.UNSAFE_PATH, "The symbolic link does not lead to a file.", where=_shown(link))
