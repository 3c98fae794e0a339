"""One shell for a whole guide: each block goes on with the folder and the variables of the one before."""

from __future__ import annotations

import codecs
import os
import pty
import re
import shlex
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

READER = "hanako"
PATIENCE = 240.0
"""Seconds for one block."""
# All variables are exported, so that the next block has them. A block ends at its first failing command.
_BLOCK = """\
set -aeo pipefail
[ ! -f "$GUIDE_STATE" ] || . "$GUIDE_STATE" 2>/dev/null || true
cd "$(cat "$GUIDE_STATE.folder" 2>/dev/null || pwd)"
GUIDE_ACTOR=%s
"""
_KEEP = """\
trap 'status=$?; export -p > "$GUIDE_STATE"; pwd > "$GUIDE_STATE.folder"; exit $status' EXIT
"""


@dataclass
class Running:
    """A block under way."""

    process: subprocess.Popen[bytes]
    terminal: int | None = None
    """A person's side of the terminal."""
    answers: list[str] = field(default_factory=list)
    """What the person will type, each at its question: an unfinished line that ends with a space."""
    output: str = ""
    """Everything printed so far, with the answers."""
    over: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_line(self, pattern: str) -> bool:
        """Wait until a line with this pattern is printed; False if the block ended or hangs without it."""
        wanted = re.compile(pattern)
        with self.news:
            self.news.wait_for(lambda: wanted.search(self.output) or self.over, PATIENCE)
            return bool(wanted.search(self.output))

    def end(self) -> int:
        """Wait for the end; the status."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            status = -1
        # A command may leave a process behind that holds the output open.
        self._reader.join(3)
        return status

    def kill(self) -> None:
        """End the block with all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            with self.news:
                self.output += decoder.decode(chunk)
                if self.answers and self.output.endswith(" "):
                    self._type(self.answers.pop(0))
                self.news.notify_all()
        with self.news:
            self.over = True
            self.news.notify_all()

    def _type(self, answer: str) -> None:
        assert self.terminal is not None
        os.write(self.terminal, f"{answer}\n".encode())
        self.output += f"{answer}\n"


@dataclass
class Shell:
    """A shell in a fresh folder."""

    folder: Path
    """Where the guide begins."""
    state: Path
    environment: Mapping[str, str]
    blocks: list[Running] = field(default_factory=list)

    def start(
        self, script: str, typed: tuple[str, ...] = (), person: str = "", *, beside: bool = False
    ) -> Running:
        """Start a block. `typed` are a person's answers; without them nobody sits at the terminal.

        A block `beside` another is a terminal of its own: it ends at any time, and leaves no variable.
        """
        file = self.state.with_name(f"{self.state.name}.{len(self.blocks)}.sh")
        begin = _BLOCK % shlex.quote(person or READER) + ("" if beside else _KEEP)
        file.write_text(begin + script, "utf-8")
        terminal = pty.openpty() if typed else None
        process = subprocess.Popen(
            ["bash", str(file)],
            cwd=self.folder,
            env={**self.environment, "GUIDE_STATE": str(self.state)},
            stdin=terminal[1] if terminal else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if terminal:
            os.close(terminal[1])
        running = Running(process, terminal[0] if terminal else None, list(typed))
        self.blocks.append(running)
        return running

    @property
    def place(self) -> Path:
        """The folder in which the shell is now."""
        folder = self.state.with_name(f"{self.state.name}.folder")
        return type(self.folder)(folder.read_text("utf-8").strip()) if folder.exists() else self.folder

    def stop(self) -> None:
        """End what the blocks left."""
        for block in self.blocks:
            block.kill()
            if block.terminal is not None:
                os.close(block.terminal)
