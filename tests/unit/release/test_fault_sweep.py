"""A single failure at a call of a run ends in a whole release, and a re-run converges (CD-13).

This is a sample of the cases of `scripts/fault-sweep`, which takes them all.
"""

from __future__ import annotations

import pytest

from tests.sweep.memory import sweep
from tests.sweep.scenes import SCENES

STEP = 13
"""Every 13th case. So many blows there are: from call to call the sample takes another one."""


@pytest.mark.parametrize("number", range(len(SCENES)), ids=list(SCENES))
def test_users_are_on_a_whole_release_after_any_failure(number: int) -> None:
    """CD-13, CD-14, CD-7, CD-10, NFR-2"""
    report = sweep(list(SCENES)[number], number, STEP)
    assert report.cases.total() > 0
    assert not report.violations, "\n".join(map(str, report.violations))
