"""The notifier's package: the code of the chat channels, for alarms, to run on Lambda.

It comes from this installation: Kanmon's own modules, and the libraries of the channels in use. Files are
stored, not compressed. The same files then give the same bytes with every version of zlib, and a plan never
shows a false change of the notifier.
"""

from __future__ import annotations

import io
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.bundle.pack import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLER = "kanmon.notify.notifier.handle"
_MODULES = ("__init__.py", "errors.py", "text.py", "notify")


@cache
def notifier_package(libraries: tuple[str, ...]) -> bytes:
    """The zip, with the same bytes for the same files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(_files(libraries)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    return target.getvalue()


def _files(libraries: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    package = Path(__file__).parents[1]
    for module in _MODULES:
        yield from _python_files(package / module, package.parent)
    for library in libraries:
        spec = find_spec(library)
        assert spec  # noqa: S101 - the channel's module imports it
        assert spec.origin  # noqa: S101 - it is a package with a file
        folder = Path(spec.origin).parent
        yield from _python_files(folder, folder.parent)


def _python_files(path: Path, root: Path) -> Iterator[tuple[str, Path]]:
    for file in [path] if path.is_file() else path.rglob("*.py"):
        yield file.relative_to(root).as_posix(), file
