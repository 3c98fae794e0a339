"""The fence: the one place where a run without its lease is kept from changing anything in AWS (CD-14).

A suspended process wakes up and does not know how much time has passed. By then another run may have rolled
its release back. Without the fence the process would move users to the failed release again.

The ledger is not behind the fence. Its writes are conditional, and one of them renews the lease.

One window stays. AWS can't compare a lease in `UpdateStage` or `DeleteObjects`, so a request that passed the
fence may be carried out when the lease has expired. The fence therefore wants more time on the lease than one
such request may take. Only a process that is suspended in the microseconds between the fence and the socket,
for longer than the rest of its lease, gets through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_TIMEOUT, READ_TIMEOUT = timedelta(seconds=3), timedelta(seconds=12)
"""Of the requests that move users."""
LONGEST_REQUEST = CONNECT_TIMEOUT + READ_TIMEOUT
"""The longest time of one such request. Each repetition passes the fence again."""
_READS = ("Get", "List", "Describe", "Head")


@dataclass
class Fence:
    """Stands before every change in AWS. It is open as long as nobody needs a lease."""

    guard: Callable[[], None] | None = None
    """Raises LEASE_LOST when this run has no lease any more."""

    def pass_through(self, operation: str) -> None:
        """Let a request through, such as `UpdateStage`. Raises LEASE_LOST for a change without the lease."""
        if self.guard and not operation.startswith(_READS):
            self.guard()
