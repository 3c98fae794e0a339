"""Background work follows the live slot on the embedded AWS, by change sets of what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_WORK = """\
queues:
  later: {function: migrate}

schedules:
  nightly: {expression: "cron(0 18 * * ? *)", function: migrate}

hooks:
"""


def _at_work(project: Project) -> dict[str, tuple[str, str]]:
    """By slot, the states of its schedule and of its queue's consumer."""
    scheduler, functions = project.client("scheduler"), project.client("lambda")
    states = {}
    for schedule in scheduler.list_schedules(NamePrefix=f"mandala-{project.name}-")["Schedules"]:
        slot = next(slot for slot in ("blue", "green") if f"-{slot}-" in schedule["Name"])
        name = f"mandala-{project.name}-{slot}-migrate"
        [source] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        states[slot] = (schedule["State"], source["State"])
    return states


def test_schedules_and_queues_are_at_work_in_the_live_slot_alone(project: Project) -> None:
    """CD-8, CD-10: turned on with a release, taken along by the next one and by a rollback."""
    project.edit_config(lambda text: text.replace("hooks:\n", _WORK, 1))
    project.release().check()
    on, off = ("ENABLED", "Enabled"), ("DISABLED", "Disabled")
    assert _at_work(project) == {"blue": on}
    assert "nothing to change" in project.release().check().output
    visible_change(project, "two")
    told = project.release().check().output
    assert told.index("background work of r1 is off") < told.index("background work of r2 is on")
    assert _at_work(project) == {"blue": off, "green": on}
    project.kanmon("rollback", "--yes").check()
    assert (_at_work(project), project.live()) == ({"blue": on, "green": off}, ("r1", "r1"))
