"""An audience sees Kanmon's output and the jobs' ends, and nothing of the machinery (CD-2)."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from demo.screen import THEME, Screen
from embedded.actions.execution import Line
from embedded.github.workflows import Job, now

CHECKOUT = "actions/setup-node@820762786026740c76f36085b0efc47a31fe5020"


@pytest.fixture
def screen() -> Screen:
    return Screen(Console(file=io.StringIO(), theme=THEME, soft_wrap=True), ["taro"])


def line(text: str, job: str = "Release/release/Deploy", step: str = "Deploy", group: str = "") -> Line:
    return Line(1.0, job, step, text, group)


def test_a_line_is_shown_with_its_job(screen: Screen) -> None:
    screen.line(line("    0.1s    → the API serves the green slot"))
    assert screen.shown == ["Deploy    │     0.1s    → the API serves the green slot"]


@pytest.mark.parametrize(
    "noise",
    [
        line("v22.1.0", step=CHECKOUT),
        line("begun", step="Report to GitHub: begin"),
        line("Error: Job 'Deploy' failed", step=""),
        line("exit status 1"),
        line(".......... [ 31%]", job="deploy-production/Test", step="Test", group="The tests"),
        line(""),
    ],
)
def test_the_machinery_is_not_shown(screen: Screen, noise: Line) -> None:
    screen.line(noise)
    assert screen.shown == []


def test_a_long_value_of_the_plan_is_shown_whole(screen: Screen) -> None:
    """TRU-1"""
    words = [f"host-{number}.example.com" for number in range(20)]
    screen.page(f"- `web.content_security_policy: {' '.join(words)}`")
    assert isinstance(screen.console.file, io.StringIO)
    shown = screen.console.file.getvalue()
    assert [word for word in words if word not in shown] == []


def test_the_commands_of_folded_lines_are_shown(screen: Screen) -> None:
    screen.line(line("$ python3 -m pytest", job="deploy-production/Test", step="Test", group="The tests"))
    assert screen.shown == ["Test      │ $ python3 -m pytest"]


def test_an_annotation_is_shown_as_one_line(screen: Screen) -> None:
    screen.line(line("  ❗  ::error title=Kanmon KNM-501::KNM-501: goals: status is 500%0Amore"))
    assert screen.shown == ["Deploy    │ ✗ KNM-501: goals: status is 500"]


def test_the_plan_is_shown_once(screen: Screen) -> None:
    text = "  mandala-production-api: no change"
    screen.line(line(text, job="Release/release/Plan", step="Plan", group="The plan"))
    screen.line(line(text))
    assert screen.shown == [f"Plan      │ {text}"]


def test_a_job_is_shown_waiting_and_at_its_end(screen: Screen) -> None:
    job = Job(7, "Deploy", "production", status="waiting")
    screen.job(job)
    job.status, job.conclusion, job.started, job.completed = "completed", "failure", job.created, now()
    screen.job(job)
    waits, ended = screen.shown
    assert waits == "Deploy    │ ⏸ waits for taro to approve"
    assert ended.startswith("Deploy    │ ✗ failure after 0.")
