"""Release marks on the dashboard (MON-1), which never fail a release."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from kanmon.aws import Aws
from kanmon.cli.marks import mark
from kanmon.cloudformation.templates.dashboard import dashboard
from kanmon.errors import Code
from kanmon.ledger import Result
from kanmon.marks import NAMESPACE, Mark
from kanmon.release.session import Outcome
from tests.fakes.app import make_config
from tests.fakes.objects import refusal


def _account(cloudwatch: Any) -> Any:
    return SimpleNamespace(config=make_config(), aws=SimpleNamespace(cloudwatch=cloudwatch))


@mock_aws
@pytest.mark.parametrize("result", Result)
def test_a_run_that_moved_users_leaves_one_mark(result: Result) -> None:
    cloudwatch = Aws("ap-northeast-1").cloudwatch
    assert mark(_account(cloudwatch), Outcome(result, "r2")) == []
    expected = {Result.STABLE: ["Releases"], Result.ROLLED_BACK: ["Rollbacks"]}.get(result, [])
    found = cloudwatch.list_metrics(Namespace="Kanmon")["Metrics"]
    assert [metric["MetricName"] for metric in found] == expected
    dimensions = [{"Name": "App", "Value": "shop"}, {"Name": "Environment", "Value": "test"}]
    assert all(metric["Dimensions"] == dimensions for metric in found)


def test_a_mark_that_cannot_be_put_is_a_warning() -> None:
    def deny(**_: Any) -> None:
        raise refusal("AccessDenied", "PutMetricData", "not authorized")

    [warning] = mark(_account(SimpleNamespace(put_metric_data=deny)), Outcome(Result.STABLE, "r2"))
    assert warning.code is Code.MARK_FAILED
    assert "PutMetricData" in warning.message


def test_the_dashboard_draws_the_marks_that_are_put() -> None:
    """The two rooms don't know each other."""
    drawn = json.loads(dashboard(make_config(), []))
    lines = [line for widget in drawn["widgets"] for line in widget["properties"].get("metrics", [])]
    where = ("App", "shop", "Environment", "test")
    assert {tuple(line[:6]) for line in lines if line[0] == NAMESPACE} == {
        (NAMESPACE, mark.value, *where) for mark in Mark
    }
