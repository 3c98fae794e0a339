"""Deployment markers: two metrics that the dashboard draws (MON-1). They never fail a release."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from kanmon.aws.clients import Aws
from kanmon.aws.markers import Marker, Markers
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import METRICS
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


def _denying() -> Any:
    def deny(**_: Any) -> None:
        raise refusal("AccessDenied", "PutMetricData", "not authorized")

    return SimpleNamespace(put_metric_data=deny)


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
