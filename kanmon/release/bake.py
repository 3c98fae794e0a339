"""Bakes a release: watches its checks and its alarms for a while, at some share of traffic (CD-8, MON-2).

Two composite alarms gate a release: that of the slot it is in, and that of what both slots share.

- One that began to fire since the attempt began ends it like a failed check, without asking the stable
  release for comparison: an alarm measures what is live, and nothing else can be asked of it.
- One that fired before does not count until it has been quiet: it may be what the release mends.
- An alarm that doesn't exist does not fire: an app may have none.
- Alarms that can't be read say nothing, neither good nor bad. Before anything is changed that ends the
  attempt: nobody is on the release yet. Later a look may fail as long as the last one of a bake does not;
  if that fails too, the release is held where it is. It is not taken back, since nothing is known to be
  wrong with it, and goes no further, since nothing is known to be right: a person decides.

A rollback is not baked: it goes to what was stable, and nothing better is known to go to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.cloudformation import app_gate, slot_gate
from kanmon.errors import Code, KanmonError
from kanmon.release.events import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.checks import FiringAlarm, Target
    from kanmon.config import Check
    from kanmon.ledger import Slot
    from kanmon.release.session import Session

_LOOK_EVERY = 5.0


@dataclass
class Bake:
    """What is watched during one attempt."""

    session: Session
    gates: tuple[str, ...]
    excused: set[str] = field(default_factory=set)
    """Gates that have been firing ever since before the attempt."""

    @classmethod
    def begin(cls, session: Session, prefix: str, slot: Slot) -> Bake:
        """Look before anything is changed. Raises what the alarms raise when they can't be read."""
        bake = cls(session, (slot_gate(prefix, slot), app_gate(prefix)))
        firing = session.world.alarms.firing(bake.gates)
        session.journal.record_alarms(firing, before=True)
        bake.excused = {alarm.name for alarm in firing}
        return bake

    def watch(self, checks: Sequence[Check], target: Target, seconds: float) -> None:
        """Watch for some seconds; the alarms are looked at once at least, in the end.

        Raises ChecksFailedError, ALARM_FIRED, ALARMS_UNREADABLE.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look(last=False)
            self.session.world.pause(min(left, _LOOK_EVERY))
            self.session.check(checks, target)
        self._look(last=True)

    def _look(self, *, last: bool) -> None:
        journal = self.session.journal
        try:
            firing = self.session.world.alarms.firing(self.gates)
        except KanmonError as error:
            if last:
                raise KanmonError(Code.ALARMS_UNREADABLE, error.message, where=error.where) from error
            journal.tell(Kind.NOTE, f"the alarms can't be read: {error.message}")
            return
        self.excused &= {alarm.name for alarm in firing}
        fired = [alarm for alarm in firing if alarm.name not in self.excused]
        if fired:
            journal.record_alarms(fired)
            raise KanmonError(Code.ALARM_FIRED, " ".join(_told(alarm) for alarm in fired))


def _told(alarm: FiringAlarm) -> str:
    return f"{alarm.name} fires: {alarm.reason.rstrip('.')}."
