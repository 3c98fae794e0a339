"""The notifier's package: all that Lambda needs, the same bytes for the same code (CD-6, MON-2)."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from kanmon.bundle.notifier_package import HANDLER, notifier_package
from kanmon.notify.channels.slack import LIBRARIES

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_code_is_the_same_bytes() -> None:
    """CD-6: no plan shows a change where there is none."""
    first = notifier_package(LIBRARIES)
    notifier_package.cache_clear()
    assert notifier_package(LIBRARIES) == first


def test_every_file_is_stored_with_one_time() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(LIBRARIES))) as archive:
        entries = archive.infolist()
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert len({entry.date_time for entry in entries}) == 1
    assert len({entry.filename for entry in entries}) == len(entries)


def test_the_handler_and_its_channel_run_from_the_package_alone(tmp_path: Path) -> None:
    """MON-2: beside the package, Lambda's runtime has boto3 and botocore and nothing else of ours."""
    (tmp_path / "package.zip").write_bytes(notifier_package(LIBRARIES))
    module, _, name = HANDLER.rpartition(".")
    code = f"""
import sys
# -I -S: no site-packages, and no package of this repository.
sys.path.insert(0, {str(tmp_path / "package.zip")!r})
import types
for name in ("boto3", "botocore", "botocore.exceptions"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["botocore.exceptions"].BotoCoreError = sys.modules["botocore.exceptions"].ClientError = OSError
import {module} as handler
from kanmon.notify.channels import channel_module
assert callable(handler.{name})
assert channel_module("slack").open_channel("https://hooks.slack.com/services/T/B/x")
assert handler.__file__.startswith({str(tmp_path)!r}), handler.__file__
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


def test_it_holds_nothing_that_alarms_do_not_need() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(()))) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {"kanmon"}
    assert all(name.endswith(".py") for name in names)
    assert not [name for name in names if name.startswith(("kanmon/cli/", "kanmon/release/"))]
