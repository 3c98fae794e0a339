"""A goal: its shape, its limits, its progress, and where goals are kept."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mandala.routing import ApiError

SUB_GOALS = 8
ACTIONS = 8
LONGEST_TITLE = 120
_LARGEST_VERSION = 2**31 - 1


@dataclass(frozen=True)
class Action:
    """One thing to do; an empty title is an empty cell."""

    title: str = ""
    done: bool = False


@dataclass(frozen=True)
class SubGoal:
    """One block of the chart."""

    title: str = ""
    actions: tuple[Action, ...] = (Action(),) * ACTIONS


@dataclass(frozen=True)
class Chart:
    """What a person writes: the goal's title and the blocks around it."""

    title: str
    sub_goals: tuple[SubGoal, ...] = (SubGoal(),) * SUB_GOALS


@dataclass(frozen=True)
class Goal:
    """A chart that is kept: with an id, and a version that every change raises by one."""

    id: str
    version: int
    chart: Chart


class VersionConflict(Exception):
    """The goal was changed since the version that the change was based on."""


class GoalStore(Protocol):
    """Where goals are kept. An id that isn't there (or can't be one) gives None or False."""

    def schema(self) -> int:
        """The number of the newest migration that was applied; proves that the store answers."""

    def list(self) -> list[Goal]:
        """All goals, the oldest first."""

    def get(self, id: str) -> Goal | None:
        """One goal."""

    def create(self, chart: Chart) -> Goal:
        """Keep a new goal, as version 1."""

    def replace(self, id: str, version: int, chart: Chart) -> Goal | None:
        """Change the goal if it still is at `version`; else VersionConflict."""

    def delete(self, id: str) -> bool:
        """Delete the goal; returns whether it was there."""


def parse_chart(content: Mapping[str, Any]) -> Chart:
    """Read a chart from a request.

    Unknown keys are ignored: during a release, pages of the next version use this API.
    """
    title = _title(content.get("title"), "title")
    if not title:
        raise _invalid("title", "must not be empty")
    if "sub_goals" not in content:
        return Chart(title)
    sub_goals = _eight(content["sub_goals"], "sub_goals")
    return Chart(title, tuple(_sub_goal(s, f"sub_goals[{i}]") for i, s in enumerate(sub_goals)))


def parse_version(content: Mapping[str, Any]) -> int:
    """Read the version that a change is based on."""
    version = content.get("version")
    # type() and not isinstance(): True is an int too.
    if type(version) is not int or not 1 <= version <= _LARGEST_VERSION:
        raise _invalid("version", "must be the whole number that the goal was read with")
    return version


def sub_goals_content(chart: Chart) -> list[dict[str, Any]]:
    """The blocks as JSON has them, for clients and for the database."""
    return [
        {
            "title": sub_goal.title,
            "actions": [{"title": a.title, "done": a.done} for a in sub_goal.actions],
        }
        for sub_goal in chart.sub_goals
    ]


def progress(chart: Chart) -> dict[str, int]:
    """How far the goal is; empty cells don't count, and only all done is 100 per cent."""
    named = [a for sub_goal in chart.sub_goals for a in sub_goal.actions if a.title]
    done = sum(a.done for a in named)
    return {"done": done, "total": len(named), "percent": done * 100 // max(len(named), 1)}


def goal_summary(goal: Goal) -> dict[str, Any]:
    """A goal as the list shows it."""
    return {
        "id": goal.id,
        "title": goal.chart.title,
        "version": goal.version,
        "progress": progress(goal.chart),
    }


def goal_content(goal: Goal) -> dict[str, Any]:
    """A goal as clients see it."""
    return {**goal_summary(goal), "sub_goals": sub_goals_content(goal.chart)}


def _sub_goal(content: Any, where: str) -> SubGoal:
    content = _object(content, where)
    actions = _eight(content.get("actions"), f"{where}.actions")
    return SubGoal(
        _title(content.get("title"), f"{where}.title"),
        tuple(_action(a, f"{where}.actions[{i}]") for i, a in enumerate(actions)),
    )


def _action(content: Any, where: str) -> Action:
    content = _object(content, where)
    title = _title(content.get("title"), f"{where}.title")
    done = content.get("done")
    if not isinstance(done, bool):
        raise _invalid(f"{where}.done", "must be true or false")
    return Action(title, done and bool(title))


def _object(content: Any, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise _invalid(where, "must be an object")
    return content


def _eight(content: Any, where: str) -> list[Any]:
    if not isinstance(content, list) or len(content) != SUB_GOALS:
        raise _invalid(where, f"must be a list of exactly {SUB_GOALS}")
    return content


def _title(content: Any, where: str) -> str:
    if not isinstance(content, str):
        raise _invalid(where, "must be a string")
    title = content.strip()
    if len(title) > LONGEST_TITLE:
        raise _invalid(where, f"must not be longer than {LONGEST_TITLE} characters")
    # Control characters and halves of surrogate pairs: JSON has them, PostgreSQL refuses them.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in title):
        raise _invalid(where, "must not contain control characters")
    return title


def _invalid(where: str, problem: str) -> ApiError:
    return ApiError(400, "invalid", f"{where} {problem}.")
