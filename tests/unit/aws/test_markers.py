"""Deployment markers: two metrics that the dashboard draws (MON-1). They never fail a release."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from kanmon.aws.clients import Aws
from kanmon.aws.markers import Marker, Markers
from kanmon.cli.ending import put_marker
from kanmon.errors import Code, KanmonError
from kanmon.model import Result
from kanmon.naming import METRICS
from kanmon.release.steps import Outcome
from kanmon.templates.dashboard import dashboard
from tests.fakes.app import make_config
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudwatch import CloudWatchClient


@pytest.fixture
def cloudwatch() -> Iterator[CloudWatchClient]:
    with mock_aws():
        yield Aws("ap-northeast-1").cloudwatch


def _metrics(cloudwatch: CloudWatchClient) -> list[str]:
    return [metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="Kanmon")["Metrics"]]


def _denying() -> Any:
    def deny(**_: Any) -> None:
        raise refusal("AccessDenied", "PutMetricData", "not authorized")

    return SimpleNamespace(put_metric_data=deny)


def _context(cloudwatch: Any, warnings: list[KanmonError]) -> Any:
    account = SimpleNamespace(aws=SimpleNamespace(cloudwatch=cloudwatch))
    return SimpleNamespace(config=make_config(), account=account, warn=warnings.extend)


@pytest.mark.parametrize("marker", Marker)
def test_a_marker_is_a_metric_of_the_app(cloudwatch: CloudWatchClient, marker: Marker) -> None:
    """MON-1"""
    Markers(cloudwatch, "shop", "test").put(marker)
    [metric] = cloudwatch.list_metrics(Namespace="Kanmon")["Metrics"]
    assert metric["MetricName"] == marker.value
    assert metric["Dimensions"] == [
        {"Name": "App", "Value": "shop"},
        {"Name": "Environment", "Value": "test"},
    ]


def test_a_refused_marker_is_an_error() -> None:
    with pytest.raises(KanmonError, match="PutMetricData") as caught:
        Markers(_denying(), "shop", "test").put(Marker.RELEASE)
    assert caught.value.code is Code.AWS_DENIED


def test_the_dashboard_draws_the_markers() -> None:
    """MON-1: the dashboard and the markers don't know each other."""
    drawn = json.loads(dashboard(make_config(), []))
    lines = [line for widget in drawn["widgets"] for line in widget["properties"].get("metrics", [])]
    where = ("App", "shop", "Environment", "test")
    assert {tuple(line[:6]) for line in lines if line[0] == METRICS} == {
        (METRICS, marker.value, *where) for marker in Marker
    }


@pytest.mark.parametrize("result", Result)
def test_an_outcome_that_moved_users_puts_one_marker(cloudwatch: CloudWatchClient, result: Result) -> None:
    warnings: list[KanmonError] = []
    put_marker(_context(cloudwatch, warnings), Outcome(result, "r2"))
    expected = {Result.STABLE: ["Releases"], Result.ROLLED_BACK: ["Rollbacks"]}.get(result, [])
    assert _metrics(cloudwatch) == expected
    assert warnings == []


def test_a_marker_that_fails_is_a_warning() -> None:
    warnings: list[KanmonError] = []
    put_marker(_context(_denying(), warnings), Outcome(Result.STABLE, "r2"))
    [warning] = warnings
    assert warning.code is Code.MARKER_FAILED
    assert "PutMetricData" in warning.message
