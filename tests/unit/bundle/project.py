"""A small app as it is after its build commands ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.bundle.build import build_bundle
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.manifest import Bundle
    from kanmon.config.schema import Config

CODE = "def api(*_): ...\ndef migrate(*_): ...\n"
"""The functions of the fakes' config."""
_FILES = {
    "build/api/shop.py": CODE,
    "build/api/lib/a.py": "a = 1",
    "build/api/run.sh": "#!/bin/sh",
    "web/dist/index.html": "<script src=assets/app-1.js>",
    "web/dist/assets/app-1.js": "1",
    "web/dist/sw.js": "2",
}


def make_project(folder: Path) -> Path:
    """Write the app's files below a folder."""
    for name, text in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "build/api/run.sh").chmod(0o755)
    return folder


def build(project: Path, config: Config | None = None, target: str = "out/bundle") -> Bundle:
    """Build the app's bundle."""
    return build_bundle(
        config or make_config(),
        project,
        project / target,
        commit="c" * 40,
        on_command=lambda _: None,
        on_line=lambda _: None,
    )


def contents(bundle: Bundle) -> dict[str, bytes]:
    """Every file of a bundle on disk."""
    return {
        str(path.relative_to(bundle.folder)): path.read_bytes()
        for path in bundle.folder.rglob("*")
        if path.is_file()
    }
