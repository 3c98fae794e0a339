"""The notifier's package for Lambda: the notifier, the channels and their libraries.

It comes from this installation. Files are stored, not compressed. The same files then give the same bytes
with every version of zlib, and a plan never shows a false change of the notifier.
"""

from __future__ import annotations

import io
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.notify.channels import channel_module

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLER = "kanmon.notify.notifier.handle"
_FILES = (
    "__init__.py",
    "codes.py",
    "documentation.py",
    "errors.py",
    "japanese/notify.toml",
    "language.py",
    "text.py",
    "notify/__init__.py",
    "notify/channels/__init__.py",
    "notify/meanings.py",
    "notify/message.py",
    "notify/notifier.py",
)
"""The notifier, the modules it imports besides those of the channels, and the Japanese texts of this room.

Those of other rooms are no part of it: else a plan would show a change of the notifier for each of them.
"""


@cache
def notifier_package(channels: tuple[str, ...]) -> bytes:
    """The zip for these channels. The same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(_files(channels)):
            # Each entry has one time, the earliest in the zip format.
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    return target.getvalue()


def _files(channels: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    package = Path(__file__).parents[1]
    for module in (*_FILES, *(f"notify/channels/{name}.py" for name in channels)):
        yield from _python_files(package / module, package.parent)
    for library in {library for name in channels for library in channel_module(name).LIBRARIES}:
        spec = find_spec(library)
        assert spec  # noqa: S101 - the channel's module imports it
        assert spec.origin  # noqa: S101 - it is a package with a file
        folder = Path(spec.origin).parent
        yield from _python_files(folder, folder.parent)


def _python_files(path: Path, root: Path) -> Iterator[tuple[str, Path]]:
    for file in [path] if path.is_file() else path.rglob("*.py"):
        yield file.relative_to(root).as_posix(), file
