"""Runs a case as a process of its own, with limits, and finds what no input may cause."""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from embedded.process import REPOSITORY
from kanmon.cli.main import main

if TYPE_CHECKING:
    from tests.fuzz.case import Case

CPU, MEMORY, HELD = 10.0, 500 * 1024**2, 60.0
"""The most seconds of CPU, bytes of memory, and seconds until a process counts as held."""
_ADDRESSES = 4 * 1024**3
_STATUSES = {0, 1, 2, 3}
_OWN = ("GITHUB_", "AWS_", "RUNNER_", "KANMON_", "INPUT_")


@dataclass(frozen=True)
class Ran:
    """A process that has ended."""

    group: str
    name: str
    status: int
    output: str
    cpu: float
    memory: int
    held: bool

    @property
    def problems(self) -> list[str]:
        """What no input may cause."""
        found = {
            "traceback": "Traceback (most recent call last)" in self.output,
            "KNM-999": "KNM-999" in self.output,
            "CPU": self.cpu > CPU,
            "memory": self.memory > MEMORY,
            "held": self.held,
            "status": self.status not in _STATUSES and not self.held,
            "no code": self.status == 2 and not re.search("KNM-[0-9]{3}", self.output),
            "Python's words": bool(re.search(r"\b[A-Z]\w+(Error|Exception)\b|recursion depth", self.output)),
        }
        return [name for name, true in found.items() if true]


def run(case: Case, endpoint: str) -> Ran:
    """Run a case in a folder of its own. `endpoint` answers as AWS does to a question for the account."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder, log = Path(name, "app"), Path(name, "log")
        folder.mkdir()
        _prepare(case, folder)
        child = os.fork()
        if not child:
            _become(case, folder, log, endpoint)
        status, usage, held = _wait(child)
        _remove(folder)
        output = log.read_text("utf-8", "replace") if log.exists() else ""
    return Ran(
        case.group, case.name, status, output, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, held
    )


def _prepare(case: Case, folder: Path) -> None:
    """Write the input in a process of its own: its memory must not count as the command's."""
    child = os.fork()
    if not child:
        try:
            case.prepare(folder)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"{case.name} could not be written"


def _become(case: Case, folder: Path, log: Path, endpoint: str) -> NoReturn:
    """Be the process of a case."""
    status = 99
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CPU, (int(HELD), int(HELD)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(target, 1)
        os.dup2(target, 2)
        # Pytest puts its own files there: the output would miss the log.
        sys.stdout = TextIOWrapper(FileIO(1, "w", closefd=False), "utf-8")
        sys.stderr = TextIOWrapper(FileIO(2, "w", closefd=False), "utf-8", "backslashreplace")
        os.chdir(folder)
        for name in [name for name in os.environ if name.startswith(_OWN)]:
            del os.environ[name]
        os.environ.update(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_ENDPOINT_URL=endpoint,
            COLUMNS="200",
        )
        for name, value in case.environment.items():
            os.environ[name] = value.replace("FOLDER", str(folder))
        if case.shell:
            os.environ["PYTHONPATH"] = str(REPOSITORY)
            command = [sys.executable, "-m", "kanmon", *case.arguments]
            os.execvp("bash", ["bash", "-c", f'"$@" {case.shell}', "bash", *command])
        status = main(list(case.arguments))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as Python's own end would
        traceback.print_exc()
        status = 1
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(status)


def _wait(child: int) -> tuple[int, resource.struct_rusage, bool]:
    process = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([process], [], [], HELD)
    finally:
        os.close(process)
    if not ended:
        os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), usage, not ended


def _remove(folder: Path) -> None:
    """Remove a folder of any depth and permissions."""
    subprocess.run(["chmod", "-R", "u+rwx", folder], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", folder], check=True)
