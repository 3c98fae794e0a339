"""The child's half of the handshake with `process.py` (standard library only: runs in both venvs).

A child reads one JSON line of settings from stdin, answers one JSON line on stdout when it can
serve, and lives no longer than its parent: the pipe's other end closes even if the parent is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GRACE_SECONDS = 5.0


def read_settings() -> dict[str, Any]:
    """The settings from the parent. From here on the parent's end is watched."""
    settings: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    return settings


def announce(facts: Mapping[str, Any]) -> None:
    """Report to the parent: this process serves. Later output goes to the log (stderr)."""
    sys.stdout.write(json.dumps(dict(facts)) + "\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def loopback_socket() -> socket.socket:
    """A socket bound to a free port: no other process can take the port in between."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    bound.listen(512)
    return bound


def end_group() -> None:
    """Kill the rest of this process's own group (function workers), itself included."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _end_with_parent() -> None:
    with contextlib.suppress(OSError):
        while sys.stdin.buffer.read(4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    end_group()
    os._exit(1)
