"""Reads a file from somebody else: a regular file only, and a limited number of bytes.

Nobody ever writes to a named pipe, and `/dev/zero` never ends: either would hold the process.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {
    stat.S_IFDIR: deferred("a folder"),
    stat.S_IFIFO: deferred("a named pipe"),
    stat.S_IFSOCK: deferred("a socket"),
    stat.S_IFCHR: deferred("a device"),
    stat.S_IFBLK: deferred("a device"),
}


class RefusedFileError(Exception):
    """A file that can't be read. Its text completes the sentence "The file …"."""


class TooBigError(RefusedFileError):
    """A file with more bytes than allowed."""


def read_regular(path: Path, largest: int) -> bytes:
    """The content of a regular file with at most `largest` bytes.

    Raises FileNotFoundError for a missing file, TooBigError for a larger one, RefusedFileError for all else.
    """
    try:
        kind = _KINDS.get(stat.S_IFMT(path.stat().st_mode))
        if kind:
            raise RefusedFileError(phrase("is {kind}, not a regular file", kind=phrase(kind)))
        # The kind may change in between. Without O_NONBLOCK, opening a named pipe waits for its other end.
        with open(path, "rb", opener=_without_waiting) as file:
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RefusedFileError(phrase("can't be read: {reason}", reason=error.strerror)) from None
    except ValueError:
        raise RefusedFileError(phrase("has an impossible name")) from None
    if len(content) > largest:
        raise TooBigError(phrase("is larger than {size}", size=size_of(largest)))
    return content


def size_of(number: int) -> str:
    """A number of bytes for people: `128 kB`, `50 MB`."""
    return f"{number // 1024**2} MB" if number >= 1024**2 else f"{number // 1024} kB"


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
