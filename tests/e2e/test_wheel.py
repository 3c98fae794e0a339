"""The package as a wheel, built from its source distribution: it finds its templates."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

from embedded.process import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def built(kind: str, source: Path, target: Path) -> Path:
    """Build one kind of distribution; its file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    [file] = target.iterdir()
    return file


def rendered(package: Path, target: Path) -> dict[str, str]:
    """All templates of the reference app, rendered by the package in a folder."""
    config = REPOSITORY / "examples/mandala/kanmon.yml"
    subprocess.run(
        [sys.executable, "-m", "kanmon", "render", "--config", str(config), "--output", str(target)],
        cwd=package,
        env={"PYTHONPATH": str(package)},
        check=True,
        capture_output=True,
    )
    return {file.name: file.read_text("utf-8") for file in target.iterdir()}


def test_an_installed_wheel_finds_the_templates(tmp_path: Path) -> None:
    """In the repository they are behind the link `kanmon/infra`; a wheel has them as files."""
    source, site = tmp_path / "source", tmp_path / "site"
    with tarfile.open(built("sdist", REPOSITORY, tmp_path / "sdist")) as archive:
        archive.extractall(source, filter="data")
    [root] = source.iterdir()
    with zipfile.ZipFile(built("wheel", root, tmp_path / "wheel")) as wheel:
        wheel.extractall(site)
    assert rendered(site, tmp_path / "installed") == rendered(REPOSITORY, tmp_path / "repository")
