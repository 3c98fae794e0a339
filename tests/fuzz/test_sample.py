"""A sample of the hostile inputs; `scripts/fuzz` takes all of them (TRU-6).

Each is a fork of this process: starting Python anew would take longer than most inputs.
"""

from __future__ import annotations

import pytest

from tests.fuzz.inputs import all_cases
from tests.fuzz.running import run

CASES = {f"{case.group}: {case.name}": case for case in all_cases()}
SAMPLE = (
    "config: laughs",
    "config: merges of a large mapping",
    "config: laughs as a key",
    "config: payload: a hexadecimal integer",
    "config: an impossible value after a block",
    "config: a pipe",
    "config: zeros without end",
    "config: expect: a backreference",
    "results: laughs",
    "results: pattern ./ 2",
    "coverage: 9999 branches in 20,000 lines",
    "trees: a sparse function",
    "state machines: placeholders",
    "bundles: a pipe",
    "bundles: no function",
    "environment: GITHUB_RUN_ID='x' build",
)


def test_there_are_at_least_400_inputs_of_different_names() -> None:
    assert len(CASES) == len(all_cases()) >= 400


@pytest.mark.parametrize("name", SAMPLE)
def test_an_input_ends_in_time_with_a_code(name: str) -> None:
    ran = run(CASES[name], "http://127.0.0.1:9")
    assert ran.problems == [], ran.output
    assert "KNM-" in ran.output
