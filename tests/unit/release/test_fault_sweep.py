"""A single failure at a call of a run ends in a whole release, and a re-run converges (CD-13).

This is a sample of the cases of `scripts/fault-sweep`, which takes them all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fakes.process import Blow
from tests.sweep.memory import calls_of, cases_of, sweep
from tests.sweep.report import Report
from tests.sweep.scenes import SCENES
from tests.sweep.wire import Request

if TYPE_CHECKING:
    from pathlib import Path

STEP = 13
"""Every 13th case. So many blows there are: from call to call the sample takes another one."""


@pytest.mark.parametrize("number", range(len(SCENES)), ids=list(SCENES))
def test_users_are_on_a_whole_release_after_any_failure(number: int) -> None:
    """CD-13, CD-14, CD-7, CD-10, NFR-2"""
    report = sweep(list(SCENES)[number], number, STEP)
    assert report.cases.total() > 0
    assert not report.violations, "\n".join(map(str, report.violations))


@pytest.mark.parametrize(
    ("method", "rest", "name"),
    [("GET", "", "lambda GET function"), ("POST", "/invocations", "lambda POST invocations")],
)
def test_a_call_has_one_name_in_all_environments_and_slots(method: str, rest: str, name: str) -> None:
    """CD-13: a case is chosen in one environment, and struck in another."""
    functions = ("mandala-sweep-1-blue-api", "mandala-sweep-2-green-api")
    requests = [
        Request(method, f"/2015-03-31/functions/{function}{rest}", {}, b"", "lambda")
        for function in functions
    ]
    assert [request.operation for request in requests] == [name, name]


def test_every_blow_strikes_every_scene(tmp_path: Path) -> None:
    """CD-13: the summary of a whole sweep has all of them."""
    report = Report()
    for name, make in SCENES.items():
        calls = calls_of(make())
        report.calls[name] = len(calls)
        for case in cases_of(name, calls):
            report.add(case, "")
    report.write(tmp_path / "summary.json")
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    struck = {(name, blow) for name, scene in summary["scenes"].items() for blow in scene["blows"]}
    assert struck == {(name, blow.value) for name in SCENES for blow in Blow}
    assert sum(summary["blows"].values()) == summary["cases"]
    assert summary["cases"] == sum(scene["cases"] for scene in summary["scenes"].values())
    assert summary["calls"] == sum(report.calls.values())
    assert summary["violations"] == 0
