"""The notifier's package: all of Lambda's needs, the same bytes for the same code (CD-6, MON-2)."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from typing import TYPE_CHECKING, get_args

from kanmon.config.notifications import ChannelName
from kanmon.notify.package import HANDLER, notifier_package
from tests.texts import PACKAGE, calls
from tests.unit.notify.alarm_events import ALARM

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


def _run(folder: Path, shown: str) -> list[str]:
    """Open a channel from the package alone, as on Lambda, and run the code for the lines to show.

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
{shown}
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _modules(folder: Path) -> list[str]:
    """Kanmon's modules in use, by their files."""
    shown = """
for name, module in sys.modules.items():
    if name.partition(".")[0] == "kanmon":
        print(module.__file__)
"""
    return _run(folder, shown)


def test_the_handler_and_its_channel_run_from_the_package_alone(tmp_path: Path) -> None:
    """MON-2"""
    used = _modules(tmp_path)
    assert used
    assert all(file.startswith(str(tmp_path)) for file in used)


def test_every_packed_module_is_used(tmp_path: Path) -> None:
    used = {file.removeprefix(f"{tmp_path}/package.zip/") for file in _modules(tmp_path)}
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        packed = {name for name in archive.namelist() if re.match(r"kanmon/.*\.py$", name)}
    assert packed == used


def test_without_a_channel_it_has_no_library() -> None:
    with zipfile.ZipFile(io.BytesIO(notifier_package(()))) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"kanmon"}


def test_a_message_is_in_japanese_from_the_package_alone(tmp_path: Path) -> None:
    """DOC-1, MON-2"""
    shown = f"""
from kanmon.language import speak
speak({{"KANMON_LANG": "ja"}})
message = handler.alarm_message({ALARM!r}, "shop-test", "ap-northeast-1")
import json
print(json.dumps(dict(message.links)))
"""
    [links] = _run(tmp_path, shown)
    assert list(json.loads(links)) == ["アラーム", "ダッシュボード"]


def test_it_has_each_text_of_its_messages() -> None:
    """DOC-1: a text in the table of another room would come in English."""
    table = tomllib.loads((PACKAGE / "japanese/notify.toml").read_text("utf-8"))
    modules = ["notifier.py", "meanings.py", *(f"channels/{name}.py" for name in CHANNELS)]
    texts = {
        ast.literal_eval(text)
        for module in modules
        for _, text in calls(ast.parse((PACKAGE / "notify" / module).read_text("utf-8")))
        if isinstance(text, ast.Constant)
    }
    assert len(texts) > len(modules)
    assert texts - table.keys() == set()


def test_it_has_python_files_and_the_texts_of_this_room_only() -> None:
    """CD-6: another room's text changes nothing of it."""
    with zipfile.ZipFile(io.BytesIO(notifier_package(CHANNELS))) as archive:
        others = [name for name in archive.namelist() if not name.endswith(".py")]
    assert others == ["kanmon/japanese/notify.toml"]
