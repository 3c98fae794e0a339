import json
from pathlib import Path
from typing import Any

import pytest
from mandala.goals import (
    LONGEST_TITLE,
    Action,
    Chart,
    SubGoal,
    parse_chart,
    parse_version,
    progress,
    sub_goals_content,
)
from mandala.routing import ApiError

CONTRACT = Path(__file__).resolve().parents[2] / "contract" / "progress.json"
CASES: list[dict[str, Any]] = json.loads(CONTRACT.read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_progress_is_what_the_page_shows_too(case: dict[str, Any]) -> None:
    actions = tuple(Action(title, done) for title, done in case["actions"])
    assert progress(Chart("Goal", (SubGoal("Block", actions),))) == case["progress"]


def test_a_title_alone_makes_an_empty_chart() -> None:
    chart = parse_chart({"title": "  Run a marathon "})
    assert chart == Chart("Run a marathon")
    assert len(chart.sub_goals) == 8
    assert all(len(sub_goal.actions) == 8 for sub_goal in chart.sub_goals)


def test_what_is_written_is_read_again() -> None:
    chart = Chart("Goal", (SubGoal("走る", (Action("毎朝", True), *[Action()] * 7)),) * 8)
    assert parse_chart({"title": "Goal", "sub_goals": sub_goals_content(chart)}) == chart


def test_keys_of_a_later_release_are_ignored() -> None:
    assert parse_chart({"title": "Goal", "colour": "red", "progress": 1}) == Chart("Goal")


def test_an_empty_action_is_never_done() -> None:
    sub_goals = sub_goals_content(Chart("Goal"))
    sub_goals[0]["actions"][0]["done"] = True
    chart = parse_chart({"title": "Goal", "sub_goals": sub_goals})
    assert chart.sub_goals[0].actions[0] == Action()


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        (None, "must be a string"),
        (7, "must be a string"),
        ("  ", "must not be empty"),
        ("x" * (LONGEST_TITLE + 1), "must not be longer than 120 characters"),
        ("a\0b", "must not contain control characters"),
        ("\ud83d", "must not contain control characters"),
    ],
)
def test_a_bad_title_is_refused(title: object, problem: str) -> None:
    with pytest.raises(ApiError, match=problem) as refused:
        parse_chart({"title": title})
    assert refused.value.status == 400
    assert refused.value.code == "invalid"


def test_the_error_names_the_place() -> None:
    sub_goals = sub_goals_content(Chart("Goal"))
    sub_goals[2]["actions"][3]["done"] = "yes"
    with pytest.raises(ApiError) as refused:
        parse_chart({"title": "Goal", "sub_goals": sub_goals})
    assert refused.value.message == "sub_goals[2].actions[3].done must be true or false."


@pytest.mark.parametrize("sub_goals", [None, {}, [], [{}] * 8, ["x"] * 8, [{"title": "x"}] * 9])
def test_a_bad_shape_is_refused(sub_goals: object) -> None:
    with pytest.raises(ApiError):
        parse_chart({"title": "Goal", "sub_goals": sub_goals})


@pytest.mark.parametrize("version", [None, "1", 1.0, True, 0, 2**31])
def test_a_bad_version_is_refused(version: object) -> None:
    with pytest.raises(ApiError, match="version"):
        parse_version({"version": version})
