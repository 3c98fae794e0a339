"""Finds the processes that a command leaves behind, those in a session of their own too (Linux)."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

_PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37


@dataclass(frozen=True)
class Orphans:
    """The children of this process that it did not have before: processes that lost their own parent.

    Only children are signalled. Their ids can't go to other processes: that needs a `wait` by this process.
    A child's own children become orphans here when it ends.
    """

    before: frozenset[int]
    signalled: set[tuple[int, int]] = field(default_factory=set)
    """Process ids and signals: some programs take a second SIGTERM for impatience."""
    beyond: set[int] = field(default_factory=set)
    """They belong to root, by `sudo`: this process can't end them."""

    def end(self, number: signal.Signals, *, but: int) -> bool:
        """Signal each orphan once, and return whether any is left. `but` is the command itself."""
        left = [pid for pid in _children() - self.before - self.beyond - {but} if not _reaped(pid)]
        for pid in left:
            if (pid, number) not in self.signalled:
                self.signalled.add((pid, number))
                try:
                    os.kill(pid, number)
                except PermissionError:
                    self.beyond.add(pid)
        return bool(left)


@contextmanager
def adopted_orphans() -> Iterator[Orphans]:
    """Become the parent of the orphans below this process, during the `with` block.

    This process may start nothing else meanwhile. Systems other than Linux have no such thing: a daemon of
    the command stays there. https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
    """
    if sys.platform != "linux":
        yield Orphans(frozenset())
        return
    system = ctypes.CDLL(None)
    earlier = ctypes.c_int()
    system.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(earlier), 0, 0, 0)
    system.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield Orphans(frozenset(_children()))
    finally:
        system.prctl(_PR_SET_CHILD_SUBREAPER, earlier.value, 0, 0, 0)


def _reaped(pid: int) -> bool:
    """Whether a child has ended. Its id is free then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _children() -> set[int]:
    """The ids of this process's children. Empty on systems other than Linux."""
    if sys.platform != "linux":
        return set()
    own = os.getpid()
    return {
        pid for entry in _PROC.iterdir() if entry.name.isdigit() and _parent(pid := int(entry.name)) == own
    }


def _parent(pid: int) -> int:
    """The parent of a process; 0 if it has ended. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[1])  # the name before it may have spaces and parentheses
