"""Packs a folder into a zip.

Its bytes depend on names, contents, executable bits and links' targets alone.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kanmon.bundle.tree import TreeFile

_UNIX = 3
_LEVEL = 6
_LINK = 0o120777
_CHUNK = 1024 * 1024


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack(files: Iterable[TreeFile], target: Path) -> None:
    """Write the files as a deterministic zip.

    Lambda needs readable files: 0644, or 0755 for executables
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html). It unpacks links as links:
    https://github.com/aws/aws-sam-cli/pull/1140, https://github.com/microsoft/rushstack/issues/2045.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for file in files:
            # Each entry has one time, the earliest in the zip format.
            entry = zipfile.ZipInfo(file.name)
            entry.create_system = _UNIX
            if file.target is not None:
                entry.external_attr = _LINK << 16
                archive.writestr(entry, file.target)
                continue
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if file.executable else 0o100644) << 16
            with file.path.open("rb") as content, archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed, _CHUNK)


def compressor() -> str:
    """The compressor and its level, for the manifest: they too decide the packed bytes."""
    return f"zlib {zlib.ZLIB_RUNTIME_VERSION} level {_LEVEL}"
