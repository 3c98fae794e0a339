"""The end of a command with changes: what it puts on the dashboard (MON-1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kanmon.cli.ending import put_marker
from kanmon.errors import Code, KanmonError
from kanmon.model import Result
from kanmon.release.steps import Outcome
from tests.fakes.app import make_config
from tests.fakes.objects import refusal


class Metrics:
    """CloudWatch, as far as it takes metrics."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_metric_data(self, **data: Any) -> None:
        self.names += [metric["MetricName"] for metric in data["MetricData"]]


class NoMetrics:
    """CloudWatch for somebody without a right to it."""

    def put_metric_data(self, **_: Any) -> None:
        raise refusal("AccessDenied", "PutMetricData", "not authorized")


def _context(cloudwatch: Any, warnings: list[KanmonError]) -> Any:
    account = SimpleNamespace(aws=SimpleNamespace(cloudwatch=cloudwatch))
    return SimpleNamespace(config=make_config(), account=account, warn=warnings.extend)


@pytest.mark.parametrize("result", Result)
def test_an_outcome_that_moved_users_puts_one_marker(result: Result) -> None:
    metrics, warnings = Metrics(), list[KanmonError]()
    put_marker(_context(metrics, warnings), Outcome(result, "r2"))
    expected = {Result.STABLE: ["Releases"], Result.ROLLED_BACK: ["Rollbacks"]}.get(result, [])
    assert metrics.names == expected
    assert warnings == []


def test_a_marker_that_fails_is_a_warning() -> None:
    warnings: list[KanmonError] = []
    put_marker(_context(NoMetrics(), warnings), Outcome(Result.STABLE, "r2"))
    [warning] = warnings
    assert warning.code is Code.MARKER_FAILED
    assert "PutMetricData" in warning.message
