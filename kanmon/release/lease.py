"""The lease: one run at a time, against runs that die and against runs that come back late (CD-14)."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Head, Lease, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = timedelta(seconds=60)
_HEARTBEAT = 15.0


def _now() -> datetime:
    return datetime.now(UTC)


def holder_of(head: Head) -> str | None:
    """Who holds the environment's lease; None when nobody does any more."""
    return head.lease.holder if head.lease and head.lease.expires > _now() else None


@dataclass
class HeldLease:
    """A lease that this process holds and keeps renewing."""

    ledger: Ledger
    token: int
    expires: datetime
    lost: threading.Event = field(default_factory=threading.Event)

    def guard(self) -> None:
        """Make sure, before a change, that the lease is still ours. Raises LEASE_LOST."""
        if self.lost.is_set() or _now() >= self.expires:
            raise KanmonError(Code.LEASE_LOST, "Another run may have taken over; this one stops here.")

    def renew(self) -> None:
        """Prolong the lease; note when another run has taken it."""
        expires = _now() + _LENGTH

        def prolong(head: Head) -> Head:
            if head.lease is None or head.lease.token != self.token:
                self.lost.set()
                return head
            return head.model_copy(update={"lease": head.lease.model_copy(update={"expires": expires})})

        self.ledger.amend_head(prolong)
        if not self.lost.is_set():
            self.expires = expires

    def keep_renewing(self, ended: threading.Event) -> None:
        """Renew until `ended`. A renewal that fails is tried again: `guard` knows when it's too late."""
        while not ended.wait(_HEARTBEAT):
            try:
                self.renew()
            except KanmonError:
                continue


@contextmanager
def lease(ledger: Ledger, actor: str) -> Iterator[HeldLease]:
    """Hold the environment's lease. Raises LOCKED while another run holds it."""
    holder = f"{actor}@{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    expires = _now() + _LENGTH

    def take(head: Head) -> Head:
        other = holder_of(head)
        if head.lease and other not in {None, holder}:
            until = head.lease.expires.strftime("%H:%M:%S UTC")
            told = f"{other} holds the lock until {until} and renews it while it works."
            raise KanmonError(Code.LOCKED, told)
        token = head.leases + 1
        mine = Lease(holder=holder, token=token, expires=expires)
        return head.model_copy(update={"leases": token, "lease": mine})

    token = ledger.amend_head(take).leases
    held = HeldLease(ledger, token, expires)
    ended = threading.Event()
    heartbeat = threading.Thread(target=held.keep_renewing, args=(ended,), name="lease", daemon=True)
    heartbeat.start()
    try:
        yield held
    finally:
        ended.set()
        heartbeat.join()
        # A lease that can't be returned expires; that must not hide how the work ended.
        with suppress(KanmonError):
            ledger.amend_head(lambda head: _returned(head, token))


def _returned(head: Head, token: int) -> Head:
    ours = head.lease is not None and head.lease.token == token
    return head.model_copy(update={"lease": None}) if ours else head
