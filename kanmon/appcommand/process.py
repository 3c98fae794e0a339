"""Runs one command of the app: passes its output on at once, and leaves no process behind."""

from __future__ import annotations

import codecs
import io
import os
import selectors
import signal
import subprocess
import time
from contextlib import closing
from typing import IO, TYPE_CHECKING

from kanmon.appcommand.descendants import adopted_orphans
from kanmon.appcommand.scrub import app_environment, hide_process, kept_runner_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kanmon.appcommand.descendants import Orphans

GRACE = 5.0
"""Seconds for a command to end by itself after SIGTERM; a cancelled job has 10 in all."""
_KILLED = 3.0
_CHUNK, _LAST_CHUNKS = 65_536, 16
_LOOK, _POLL = 0.1, 0.02


def run_command(
    command: str,
    folder: Path,
    stream: Callable[[str], None],
    *,
    grace: float = GRACE,
    tick: Callable[[], None] = lambda: None,
) -> int:
    """Run a shell command in `folder`, without secrets and without the runner's files (TRU-3).

    Returns its exit status: negative for a signal, -15 for SIGTERM. `stream` gets every printed line at once,
    without the line end. Afterwards no process of the command is left: they get SIGTERM, and SIGKILL after
    `grace` seconds. This also happens when `stream` or `tick` raises or an interruption comes, before the
    exception goes on; `tick` is called many times a second. Left are only processes of root, and daemons on
    systems other than Linux.
    """
    hide_process()  # before the command exists
    with kept_runner_files(os.environ), adopted_orphans() as orphans:
        process = subprocess.Popen(  # noqa: S603 - running the app's own commands is its purpose
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
            cwd=folder,
            env=app_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            for line in _lines(_chunks(process, tick)):
                stream(line)
            return process.wait()
        finally:
            _end(process, orphans, grace)


def _chunks(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> Iterator[bytes]:
    """The output of a command until it ends.

    Waiting for the end of the pipe is not enough: a process left running may hold it open for ever.
    """
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with closing(process.stdout) as output, selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while process.poll() is None:
            tick()
            if selector.select(_LOOK):
                chunk = _read(output)
                if not chunk:
                    return
                yield chunk
        for _ in range(_LAST_CHUNKS):  # more than a pipe holds
            if not selector.select(0) or not (chunk := _read(output)):
                return
            yield chunk


def _read(output: IO[bytes]) -> bytes:
    return os.read(output.fileno(), _CHUNK)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines, each as soon as it is complete; a very long line is passed on in pieces."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    rest = ""
    for chunk in chunks:
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from whole
        if len(rest) > _CHUNK:
            yield rest
            rest = ""
    rest += decoder.decode(b"", final=True)
    if rest:
        yield from rest.removesuffix("\n").split("\n")


def _end(process: subprocess.Popen[bytes], orphans: Orphans, grace: float) -> None:
    """End all remaining processes of the command: those of its group, and its orphans."""
    # Nothing withstands SIGKILL, but a busy machine needs a moment for it.
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, _KILLED)):
        _signal_group(process, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            process.poll()
            orphans_left = orphans.end(number, but=process.pid)
            if not orphans_left and not _signal_group(process, 0):
                break
            time.sleep(_POLL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the command's group and return whether it has any process left."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
