"""A new stage of an API is unknown to its first requests (AWS-4)."""

from __future__ import annotations

from embedded.aws import UNKNOWN_REQUESTS
from embedded.edge.arrivals import Arrivals
from embedded.process import REPOSITORY
from kanmon.config.source import load_config

LIVE = {"stageName": "live", "createdDate": 1}


def test_a_new_stage_is_unknown_at_first() -> None:
    arrivals = Arrivals(2)
    assert [arrivals.has_arrived("api", LIVE) for _ in range(4)] == [False, False, True, True]


def test_a_release_that_does_not_wait_for_its_stage_fails() -> None:
    """However the checks share the bad answers, one of them gets enough in a row."""
    checks = load_config(REPOSITORY / "examples/mandala/kanmon.yml").checks
    borne = [check.failures - 1 for check in checks if (check.path or "").startswith("/api/")]
    assert sum(borne) < UNKNOWN_REQUESTS


def test_a_stage_made_again_is_new_again() -> None:
    arrivals = Arrivals(1)
    arrivals.has_arrived("api", LIVE)
    assert arrivals.has_arrived("api", LIVE)
    assert not arrivals.has_arrived("api", {**LIVE, "createdDate": 2})
    assert not arrivals.has_arrived("other", LIVE)
