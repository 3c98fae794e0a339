"""Runs the real `kanmon` as a process, shows its output as it comes, and keeps every line with its time."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

STOP_SECONDS = 3.0
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NOT_INHERITED = ("AWS_", "GIT_", "GITHUB_SHA", "KANMON_")


@dataclass(frozen=True)
class OutputLine:
    """One line of output, and when it came."""

    at: float
    text: str
    job: str = ""
    """Its job, in a workflow."""


@dataclass(frozen=True)
class Ran:
    """An ended command."""

    command: str
    """The command as a person types it."""
    status: int
    began: float
    ended: float
    lines: tuple[OutputLine, ...]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began

    @property
    def transcript(self) -> str:
        """Its output on the terminal."""
        return "\n".join(line.text for line in self.lines)


def typed(arguments: Sequence[str]) -> str:
    """The command as a person types it."""
    return shlex.join(["kanmon", *arguments])


@dataclass
class Lines:
    """Puts chunks of output together to lines without colours."""

    kept: list[OutputLine] = field(default_factory=list)
    _rest: bytes = b""

    def add(self, chunk: bytes, at: float) -> None:
        """Add output, and when it came."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self.kept += [OutputLine(at, _COLOURS.sub("", line.decode("utf-8", "replace"))) for line in whole]

    def end(self, at: float) -> tuple[OutputLine, ...]:
        """All lines, the unfinished one too."""
        if self._rest:
            self.add(b"\n", at)
        return tuple(self.kept)


@dataclass(frozen=True)
class Kanmon:
    """The command, its config and its AWS."""

    program: Path
    config: Path
    environment: Mapping[str, str]
    stop_seconds: float = STOP_SECONDS
    """How long it may take to end after an interruption."""

    def read(self, *arguments: str) -> str:
        """Run without showing anything; returns the output. Raises CalledProcessError."""
        done = subprocess.run(
            self._command(arguments), env=self._variables(), capture_output=True, text=True, check=True
        )
        return done.stdout

    def run(self, *arguments: str) -> Ran:
        """Run with the output shown live."""
        began = time.time()
        # A process group of its own: Ctrl-C reaches the demo alone, and the demo ends the whole group.
        process = subprocess.Popen(
            self._command(arguments),
            env=self._variables() | _look(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        lines = Lines()
        try:
            assert process.stdout is not None
            while chunk := os.read(process.stdout.fileno(), 65536):
                lines.add(chunk, time.time())
                _show(chunk)
            status = process.wait()
        except BaseException:
            _end(process, self.stop_seconds)
            raise
        ended = time.time()
        return Ran(typed(arguments), status, began, ended, lines.end(ended))

    def _command(self, arguments: Sequence[str]) -> list[str]:
        name, *rest = arguments
        return [str(self.program), name, "--config", str(self.config), *rest]

    def _variables(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        return {**mine, **self.environment}


def _show(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _look() -> dict[str, str]:
    """The command writes into a pipe. These variables describe the demo's own terminal."""
    if not sys.stdout.isatty():
        return {}
    return {
        "COLUMNS": str(shutil.get_terminal_size().columns),
        **({} if "NO_COLOR" in os.environ else {"FORCE_COLOR": "1"}),
    }


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    if process.stdout:
        process.stdout.close()
