"""Lists the files of a folder of build output, and refuses unsafe ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kanmon.codes import Code
from kanmon.errors import KanmonError


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
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts
    if unsafe or str(path) != name:
        raise KanmonError(Code.UNSAFE_PATH, f"The path {name!r} is not allowed in a bundle.")
    return name


def tree_files(folder: Path) -> list[TreeFile]:
    """All files below a folder, sorted by name.

    A symbolic link to a file inside the folder counts as the file (front-end tools make such links).
    UNSAFE_PATH is raised for a link out of the folder, a link to a folder, and any special file.
    """
    root = folder.resolve()
    found: list[TreeFile] = []
    for directory, folders, names in os.walk(folder, followlinks=False):
        for name in [*folders, *names]:
            path = Path(directory, name)
            if path.is_symlink():
                _refuse_escape(path, root)
        found += [_file(folder, Path(directory, name)) for name in names]
    return sorted(found, key=lambda file: file.name)


def _file(folder: Path, path: Path) -> TreeFile:
    if not path.is_file():
        raise KanmonError(Code.UNSAFE_PATH, "There is something that is not a regular file.", where=str(path))
    return TreeFile(safe_name(path.relative_to(folder).as_posix()), path)


def _refuse_escape(link: Path, root: Path) -> None:
    try:
        target = link.resolve()
    except (OSError, RuntimeError):
        problem = "The symbolic link leads to itself."
        raise KanmonError(Code.UNSAFE_PATH, problem, where=str(link)) from None
    if not target.is_relative_to(root):
        raise KanmonError(
            Code.UNSAFE_PATH,
            f"The symbolic link leads out of its folder, to {link.readlink()}.",
            where=str(link),
        )
    if not target.is_file():
        raise KanmonError(Code.UNSAFE_PATH, "The symbolic link does not lead to a file.", where=str(link))
