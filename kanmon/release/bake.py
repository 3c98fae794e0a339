"""Bakes a release: watches its checks and its alarms for a while, at some share of traffic (CD-8, MON-2).

It watches two rollback alarms: one of the release's slot, and one of the resources shared by both slots.

- A new alarm ends the operation like a failed check. The stable release gives no comparison here: an alarm
  measures the live app, and a release in the other slot has no traffic to measure.
- An old alarm (from before the operation) does not count until it has been quiet: the release may be its fix.
- A missing alarm does not fire: an app may have none.
- Unreadable alarms before the first change end the operation: nobody is on the release yet.
- Unreadable alarms during a bake are a note. At the end of a bake they hold the release. No fault is known,
  so it is not rolled back. No success is known either, so it goes no further. A person decides.

A rollback has no bake: its target was stable before, and there is no better target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.aws.refusals import fix_before
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.naming import app_rollback_alarm, slot_rollback_alarm
from kanmon.release.decide import obey
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.aws.alarms import FiringAlarm
    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.model import Slot
    from kanmon.release.steps import Steps

_POLL_SECONDS = 5.0


@dataclass
class Bake:
    """The alarms of one operation. Example: `mandala-production-blue-rollback`."""

    steps: Steps
    alarms: tuple[str, ...]
    excused: set[str] = field(default_factory=set)
    """Alarms firing since before the operation, without a pause."""

    @classmethod
    def begin(cls, steps: Steps, prefix: str, slot: Slot) -> Bake:
        """Read the alarms before the first change. Raises the error of AWS when they can't be read."""
        bake = cls(steps, (slot_rollback_alarm(prefix, slot), app_rollback_alarm(prefix)))
        firing = steps.services.alarms.firing(bake.alarms)
        steps.journal.record_alarms(firing, before=True)
        bake.excused = {alarm.name for alarm in firing}
        return bake

    def watch(self, checks: Sequence[Check], target: Target, seconds: float) -> bool:
        """Watch for some seconds; True when a person promotes the release before their end.

        The alarms are read at least once, at the end. Raises ChecksFailedError, ALARM_FIRED,
        ALARMS_UNREADABLE, ABORT_REQUESTED.
        """
        clock = self.steps.services.clock
        end = clock.monotonic() + seconds
        while (remaining := end - clock.monotonic()) > 0:
            if obey(self.steps.services, self.steps.journal):
                # Look at the alarms once more. Otherwise one that fires now would not count.
                self._read_alarms(last=False)
                return True
            self._read_alarms(last=False)
            clock.pause(min(remaining, _POLL_SECONDS))
            self.steps.check(checks, target)
        # The alarms come last, after the checks. Otherwise an alarm during the last checks would be missed,
        # and the release would go on.
        self._read_alarms(last=True)
        return False

    def _read_alarms(self, *, last: bool) -> None:
        journal = self.steps.journal
        try:
            firing = self.steps.services.alarms.firing(self.alarms)
        except KanmonError as error:
            if last:
                fix = fix_before(error.message, phrase(Code.ALARMS_UNREADABLE.fix))
                raise KanmonError(
                    Code.ALARMS_UNREADABLE, error.message, where=error.where, fix=fix
                ) from error
            journal.emit(EventKind.NOTE, phrase("the alarms can't be read: {failure}", failure=error.message))
            return
        self.excused &= {alarm.name for alarm in firing}
        fired = [alarm for alarm in firing if alarm.name not in self.excused]
        if fired:
            journal.record_alarms(fired)
            problem = sentences(*map(_sentence, fired))
            raise KanmonError(Code.ALARM_FIRED, problem, fix=Code.ALARM_FIRED.fix_with(ALARM=fired[0].name))


def _sentence(alarm: FiringAlarm) -> str:
    return phrase("{alarm} fires: {reason}.", alarm=alarm.name, reason=alarm.reason.rstrip("."))
