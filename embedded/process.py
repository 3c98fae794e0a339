"""One process of the embedded AWS: start, wait until it serves, notice its death, stop it.

Every process leads a process group of its own: Ctrl-C reaches only its parent, and its own
children can be stopped with it by its id. The other half is `child.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[1]
TAIL_CHARACTERS = 4000
STOP_SECONDS = 5.0


class EmbeddedProcessError(RuntimeError):
    """A process of the embedded AWS ended by itself, or never served."""


@dataclass
class Process:
    """A running child with its log."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    facts: dict[str, Any]

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
    ) -> Process:
        """Start `command`. It imports its modules, then waits for `send`."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                list(command),
                cwd=REPOSITORY,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        return cls(name, popen, log, {})

    def send(self, settings: Mapping[str, Any]) -> None:
        """Send the child its settings. The pipe stays open: its end is the child's sign of our end."""
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(json.dumps(dict(settings)).encode() + b"\n")
            self.popen.stdin.flush()
        except BrokenPipeError:
            raise self.death() from None

    def wait_ready(self, timeout: float = 60.0) -> dict[str, Any]:
        """Block until the child serves; returns its announcement."""
        assert self.popen.stdout is not None
        readable, _, _ = select.select([self.popen.stdout], [], [], timeout)
        line = self.popen.stdout.readline() if readable else b""
        if not line:
            raise self.death()
        self.facts = json.loads(line)
        return self.facts

    def check(self) -> None:
        """Raise if the process is no longer there."""
        if self.popen.poll() is not None:
            raise self.death()

    def death(self) -> EmbeddedProcessError:
        """How it ended: its exit status and the end of its log."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(1.0)
        status = self.popen.returncode
        end = "did not get ready" if status is None else f"ended with status {status}"
        tail = self.log.read_text(errors="replace")[-TAIL_CHARACTERS:]
        return EmbeddedProcessError(f"{self.name} {end}; the end of {self.log}:\n{tail}")

    def stop(self) -> None:
        """Ask it to end, then make it; its own children go with it."""
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self.popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
