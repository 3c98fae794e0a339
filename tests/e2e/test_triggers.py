"""Triggers are on in the live slot on the embedded AWS, switched by change sets of the deployed template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_TRIGGERS = """\
queues:
  later: {function: migrate}

schedules:
  nightly: {expression: "cron(0 18 * * ? *)", function: migrate}

hooks:
"""


def _triggers(project: Project) -> dict[str, tuple[str, str]]:
    """By slot, the states of its schedule and of its queue's consumer."""
    scheduler, functions = project.client("scheduler"), project.client("lambda")
    states = {}
    for schedule in scheduler.list_schedules(NamePrefix=f"mandala-{project.name}-")["Schedules"]:
        slot = next(slot for slot in ("blue", "green") if f"-{slot}-" in schedule["Name"])
        name = f"mandala-{project.name}-{slot}-migrate"
        [source] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        states[slot] = (schedule["State"], source["State"])
    return states


def test_schedules_and_queues_are_on_in_the_live_slot_alone(project: Project) -> None:
    """CD-8, CD-10: a release, the next one and a rollback switch them."""
    project.edit_config(lambda text: text.replace("hooks:\n", _TRIGGERS, 1))
    project.release().check()
    on, off = ("ENABLED", "Enabled"), ("DISABLED", "Disabled")
    assert _triggers(project) == {"blue": on}
    assert "nothing to change" in project.release().check().output
    visible_change(project, "two")
    output = project.release().check().output
    assert output.index("the triggers of r1 are off") < output.index("the triggers of r2 are on")
    assert _triggers(project) == {"blue": off, "green": on}
    project.kanmon("rollback", "--yes").check()
    assert _triggers(project) == {"blue": on, "green": off}
    assert project.live() == ("r1", "r1")
