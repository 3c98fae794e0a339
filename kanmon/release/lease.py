"""The lease: one run at a time, safe against runs that died and against late ones (CD-14)."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from kanmon.aws.fence import LONGEST_REQUEST
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import Lease
from kanmon.ledger.writer import LedgerWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kanmon.aws.fence import Fence
    from kanmon.clock import Clock
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Head

LENGTH = timedelta(seconds=60)
"""The life of a lease after its last renewal. All related times are computed from it."""
_HEARTBEAT = LENGTH / 4
_LONGEST_ENDING = timedelta(minutes=10)
"""Time for a run to end by itself after an interrupt: it rolls its release back, and CloudFormation restores
the stacks outside of the slots."""
LARGEST_DRIFT = timedelta(seconds=5)
"""The largest tolerated difference between the clocks of two machines: one writes the end of its lease, the
other compares it with its own time. Synchronized clocks differ by milliseconds."""
LONGEST_WAIT = LENGTH + _LONGEST_ENDING
"""The longest wait of `kanmon recover --wait`: until the other run has ended, or its lease has expired."""


def holder_of(head: Head, now: datetime) -> str | None:
    """The holder of the environment's lease; None when the lease is free or has expired."""
    return head.lease.holder if head.lease and head.lease.expires > now else None


@dataclass
class HeldLease:
    """A lease of this process, with its renewal."""

    writer: LedgerWriter
    clock: Clock
    expires: datetime
    lost: threading.Event = field(default_factory=threading.Event)

    def guard(self) -> None:
        """Raise LEASE_LOST when the lease is not ours any more, or may expire during one request.

        Another machine's clock may be ahead: there the lease expires earlier, by up to LARGEST_DRIFT.
        """
        if self.lost.is_set() or self.clock.now() >= self.expires - LONGEST_REQUEST - LARGEST_DRIFT:
            raise KanmonError(
                Code.LEASE_LOST, phrase("Another run may have taken over; this one stops here.")
            )

    def renew(self) -> None:
        """Extend the lease. Raises LEASE_LOST when another run has it."""
        expires = self.clock.now() + LENGTH

        def extend(head: Head) -> Head:
            return head.model_copy(
                update={"lease": head.lease and head.lease.model_copy(update={"expires": expires})}
            )

        try:
            self.writer.amend_head(extend)
        except KanmonError as error:
            if error.code is Code.LEASE_LOST:
                self.lost.set()
            raise
        # Trust the new time after the write. Otherwise a failed write would leave a lease that only this
        # process believes in, and two runs would act at once.
        self.expires = expires

    def beat(self) -> None:
        """Renew. A failed renewal is repeated at the next beat; `guard` raises when it is too late."""
        with suppress(KanmonError):
            self.renew()


@contextmanager
def lease(ledger: Ledger, clock: Clock, fence: Fence, actor: str) -> Iterator[HeldLease]:
    """Hold the environment's lease; meanwhile nothing passes the fence without it.

    Raises LOCKED while another run holds it.
    """
    holder = f"{actor}@{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    expires = clock.now() + LENGTH

    def acquire(head: Head) -> Head:
        # The check and the new lease are one conditional write. In two writes, two runs could both find the
        # lease free and both take it.
        other = holder_of(head, clock.now())
        if head.lease and other not in {None, holder}:
            problem = phrase(
                "{holder} holds the lease until {until:%H:%M:%S} UTC and renews it while it works.",
                holder=other,
                until=head.lease.expires,
            )
            raise KanmonError(Code.LOCKED, problem)
        return head.model_copy(update={"lease": Lease(holder=holder, expires=expires)})

    held = HeldLease(LedgerWriter.take(ledger, acquire), clock, expires)
    try:
        with clock.every(_HEARTBEAT.total_seconds(), held.beat):
            fence.guard = held.guard
            yield held
    finally:
        fence.guard = None
        # A failed return is harmless: the lease expires. Neither its error nor Ctrl-C may hide the result.
        with suppress(KanmonError, KeyboardInterrupt):
            held.writer.amend_head(lambda head: head.model_copy(update={"lease": None}))
