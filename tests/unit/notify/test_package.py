"""The notifier's package: all of Lambda's needs, the same bytes for the same code (CD-6, MON-2)."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, get_args

from kanmon.config.notifications import ChannelName
from kanmon.notify.package import HANDLER, notifier_package

if TYPE_CHECKING:
    from pathlib import Path

CHANNELS: tuple[str, ...] = get_args(ChannelName)


def test_the_same_code_is_the_same_bytes() -> None:
    """CD-6: no plan shows a change where there is none."""
    first = notifier_package(CHANNELS)
    notifier_package.cache_clear()
    assert notifier_package(CHANNELS) == first


def test_every_file_is_stored_with_one_time() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(CHANNELS))) as archive:
        entries = archive.infolist()
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert len({entry.date_time for entry in entries}) == 1
    assert len({entry.filename for entry in entries}) == len(entries)


def _run(folder: Path) -> list[str]:
    """Open a channel from the package alone, as on Lambda; Kanmon's modules in use, by their files.

    Beside the package, Lambda's runtime has boto3 and botocore and nothing else of ours.
    """
    (folder / "package.zip").write_bytes(notifier_package(CHANNELS))
    module, _, name = HANDLER.rpartition(".")
    code = f"""
import sys
# -I -S: no site-packages, and no package of this repository.
sys.path.insert(0, {str(folder / "package.zip")!r})
import types
for name in ("boto3", "botocore", "botocore.exceptions"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["botocore.exceptions"].BotoCoreError = sys.modules["botocore.exceptions"].ClientError = OSError
import {module} as handler
from kanmon.notify.channels import channel_module
assert callable(handler.{name})
for name in {CHANNELS!r}:
    for library in channel_module(name).LIBRARIES:
        __import__(library)
for name, module in sys.modules.items():
    if name.partition(".")[0] == "kanmon":
        print(module.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_handler_and_its_channel_run_from_the_package_alone(tmp_path: Path) -> None:
    """MON-2"""
    used = _run(tmp_path)
    assert used
    assert all(file.startswith(str(tmp_path)) for file in used)


def test_every_packed_module_is_used(tmp_path: Path) -> None:
    used = {file.removeprefix(f"{tmp_path}/package.zip/") for file in _run(tmp_path)}
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        packed = {name for name in archive.namelist() if name.startswith("kanmon/")}
    assert packed == used


def test_without_a_channel_it_has_no_library() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(()))) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"kanmon"}


def test_it_has_python_files_only() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(CHANNELS))) as archive:
        assert all(name.endswith(".py") for name in archive.namelist())
