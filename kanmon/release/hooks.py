"""Hooks: functions of the idle slot. They run before it takes traffic. Example: a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.naming import slot_logs, slot_resource_name
from kanmon.release.events import EventKind
from kanmon.text import cut

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.model import Slot
    from kanmon.release.journal import Journal
    from kanmon.release.ports import Services

_SHOWN = 500
"""Characters of an answer to show."""


def run_hooks(services: Services, journal: Journal, config: Config, release: str, slot: Slot) -> list[str]:
    """Invoke the hooks one after the other, and return their answers. Raises HOOK_FAILED.

    A hook must be idempotent: a second deploy of the same release invokes it again.
    """
    answers = []
    for hook in config.hooks:
        event = {"kanmon": {"hook": hook.name, "release": release, "slot": slot}, **hook.payload}
        function = slot_resource_name(config.prefix, slot, hook.function)
        answer = services.functions.invoke(function, event, logs=slot_logs(config.prefix, slot))
        journal.emit(EventKind.HOOK, cut(answer, _SHOWN), hook=hook.name)
        answers.append(answer)
    return answers
