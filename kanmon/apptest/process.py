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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_GRACE = 5.0
"""Seconds for a command to end by itself after SIGTERM; a cancelled job has 10 in all."""
_CHUNK, _LAST_CHUNKS = 65_536, 16
_LOOK, _POLL = 0.1, 0.02

_STEP_VARIABLES = {
    "GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_TOKEN",
}  # fmt: skip


def app_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for the app's own commands.

    In a workflow, some variables are for the step only: its inputs, its token, the runner's tokens (they give
    a job its identity in AWS), and the files for the step's outputs and environment. They are left out: the
    commands come with the pull request and must not write outputs in the step's name (SEC-5).
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return dict(environment)
    return {
        name: value
        for name, value in environment.items()
        if name not in _STEP_VARIABLES and not name.startswith(("INPUT_", "ACTIONS_"))
    }


def run_command(command: str, folder: Path, stream: Callable[[str], None]) -> int:
    """Run a shell command in `folder`.

    Returns its exit status: negative for a signal, -15 for SIGTERM. `stream` gets every printed line at once,
    without the line end. Afterwards no process of the command is left: they get SIGTERM, and SIGKILL after
    five seconds. This also happens when `stream` raises or an interruption comes, before the exception goes
    on.
    """
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
        for line in _lines(_chunks(process)):
            stream(line)
        return process.wait()
    finally:
        _end(process)


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The output of a command until it ends.

    Waiting for the end of the pipe is not enough: a process left running may hold it open for ever.
    """
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with closing(process.stdout) as output, selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while process.poll() is None:
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


def _end(process: subprocess.Popen[bytes]) -> None:
    """End all remaining processes of the command's group."""
    _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while _signal(process, 0) and time.monotonic() < deadline:
        process.poll()
        time.sleep(_POLL)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the command's group and return whether it has any process left."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
