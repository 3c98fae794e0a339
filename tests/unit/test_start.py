"""How a step of a composite action finds its Python and its modules."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", ROOT / "actions/start.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Pip:
    """Plays `subprocess`: it installs one file."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.ran: list[list[str]] = []

    def run(self, command: list[str], *, check: bool) -> SimpleNamespace:
        assert not check
        self.ran.append(command)
        if "--target" in command:
            folder = Path(command[command.index("--target") + 1])
            folder.mkdir()
            (folder / "module.py").touch()
        return SimpleNamespace(returncode=self.status)


def test_each_installed_package_is_checked_by_its_hash(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-5."""
    pip = Pip()
    monkeypatch.setattr(start, "subprocess", pip)
    start.install(tmp_path / "kanmon" / "key")
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(pip.ran[0])
    assert all(command[1] == "-P" for command in pip.ran)
    assert [path.name for path in (tmp_path / "kanmon").iterdir()] == ["key"]
    assert (tmp_path / "kanmon" / "key" / "module.py").exists()


def test_only_this_jobs_own_installation_is_run(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-5: another job of a persistent runner could have planted code in the tool cache."""
    planted = tmp_path / "tool-cache" / "kanmon" / start.key()
    planted.mkdir(parents=True)
    (planted / "module.py").write_text("raise SystemExit('planted')")
    monkeypatch.setenv("RUNNER_TOOL_CACHE", str(tmp_path / "tool-cache"))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path / "temp"))
    monkeypatch.delenv("KANMON_REQUIREMENTS", raising=False)
    monkeypatch.setattr(start, "subprocess", Pip())
    folder = start.requirements()
    assert folder == tmp_path / "temp" / "kanmon" / start.key()
    assert (folder / "module.py").read_text() == ""


def test_without_a_folder_of_the_job_nobody_can_guess_it(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-5"""
    for name in ("RUNNER_TEMP", "KANMON_REQUIREMENTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(start.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(start, "subprocess", Pip())
    assert start.requirements() != start.requirements()


def test_the_runners_owner_can_install_beforehand(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / start.key()).mkdir()
    monkeypatch.setenv("KANMON_REQUIREMENTS", str(tmp_path))
    monkeypatch.setattr(start, "subprocess", None)
    assert start.requirements() == tmp_path / start.key()


def test_a_failed_installation_ends_the_step_and_leaves_nothing(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "subprocess", Pip(status=3))
    with pytest.raises(SystemExit) as caught:
        start.install(tmp_path / "kanmon" / "key")
    assert caught.value.code == 3
    assert not list((tmp_path / "kanmon").iterdir())


def test_of_two_installing_steps_the_first_wins(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "subprocess", Pip())
    (tmp_path / "key").mkdir()
    (tmp_path / "key" / "first.py").touch()
    start.install(tmp_path / "key")
    assert [path.name for path in tmp_path.rglob("*.py")] == ["first.py"]


def test_another_python_or_other_requirements_are_installed_anew(
    start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {start.key()}
    with monkeypatch.context() as other:
        other.setattr(start, "sys", SimpleNamespace(version="3.99.0"))
        keys.add(start.key())
    (tmp_path / "requirements.txt").write_text("nothing\n")
    monkeypatch.setattr(start, "REQUIREMENTS", tmp_path / "requirements.txt")
    keys.add(start.key())
    assert len(keys) == 3


def test_a_too_old_python_gives_way_to_a_newer_one(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def become(_: str, command: list[str]) -> None:
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(start, "sys", SimpleNamespace(version_info=(3, 8), argv=["start.py", "deploy"]))
    monkeypatch.setattr(start, "os", SimpleNamespace(execv=become))
    monkeypatch.setattr(start.shutil, "which", lambda name: f"/bin/{name}" if name == "python3.12" else None)
    with pytest.raises(SystemExit):
        start.main()
    assert started == [["/bin/python3.12", "-I", "-S", "-u", "start.py", "deploy"]]


def test_a_runner_without_python_shows_the_fix(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", ROOT / "actions/run", "deploy"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("::error title=Kanmon::This runner has no Python 3.11")


def test_the_app_finds_its_own_modules(tmp_path: Path) -> None:
    """CD-6: Kanmon's libraries are not in the way of imports of the app's commands."""
    (tmp_path / "kanmon.yml").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SHOW, str(ROOT / "actions/start.py")],
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = done.stdout.splitlines()
    assert before == after


SHOW = """
import importlib.util, os, sys, types
spec = importlib.util.spec_from_file_location("start", sys.argv[1])
start = importlib.util.module_from_spec(spec)
spec.loader.exec_module(start)
start.install = lambda runtime: None
sys.modules["kanmon"] = types.ModuleType("kanmon")
sys.modules["kanmon.cli"] = types.ModuleType("kanmon.cli")
sys.modules["kanmon.cli.main"] = types.ModuleType("kanmon.cli.main")
sys.modules["kanmon.cli.main"].main = lambda arguments: print(dict(os.environ))
print(dict(os.environ))
start.main()
"""
