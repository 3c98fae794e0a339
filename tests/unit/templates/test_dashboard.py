"""The dashboard: an operator's view of it, and its form for CloudWatch (MON-1, NFR-1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.templates.dashboard import dashboard
from kanmon.templates.observability import observability_template
from kanmon.templates.widgets import body as laid_out
from kanmon.templates.widgets import text
from tests.fakes.app import make_config, make_full_config
from tests.unit.templates.dashboards import Alarms, Dashboard, Graph, Logs, Words
from tests.unit.templates.parsed import parse

if TYPE_CHECKING:
    from kanmon.config.schema import Config

FULL = make_full_config()
SMALL: dict[str, Any] = {
    "database": None,
    "functions": {"a1": {"handler": "a", "artifact": "b"}},
    "api": {"routes": [{"path": "/api/x", "function": "a1"}]},
    "hooks": [],
}
SLOTS_TITLES = {
    "Slots: invocations a minute": "Invocations",
    "Slots: failed invocations": "Errors",
    "Slots: p95 of the slowest function": "Duration",
    "Slots: functions running at once": "ConcurrentExecutions",
    "Slots: throttled": "Throttles",
}


def _read(config: Config) -> Dashboard:
    return Dashboard.model_validate_json(dashboard(config, ["shop-test-api-errors"]))


def _dashboard(**changes: Any) -> Dashboard:
    return _read(make_full_config(**changes))


def _graph(title: str, **changes: Any) -> Graph:
    return _dashboard(**changes).graphs[title]


def _limits(title: str, **changes: Any) -> list[float]:
    annotations = _graph(title, **changes).properties.annotations
    return [limit.value for limit in annotations.horizontal] if annotations else []


@pytest.mark.parametrize("config", [FULL, make_config(**SMALL)], ids=["full", "small"])
def test_widgets_fill_the_width_and_none_is_on_another(config: Config) -> None:
    read = _read(config)
    covered = [field for widget in read.widgets for field in widget.fields]
    assert len(covered) == len(set(covered))
    assert {column for column, _ in covered} == set(range(24))
    assert sum(len(widget.lines) for widget in read.graphs.values()) < 500


def test_a_row_shares_the_width_whatever_is_in_it() -> None:
    for number in range(1, 8):
        read = Dashboard.model_validate_json(laid_out([(3, [text("a")] * number), (2, [text("b")])]))
        assert sum(widget.width for widget in read.widgets) == 48
        assert read.widgets[-1].y == 3
        assert read.widgets[-1].width == 24


def test_the_same_config_draws_the_same() -> None:
    """CD-6"""
    assert dashboard(FULL, ["a"]) == dashboard(make_full_config(), ["a"])


def test_first_comes_how_things_are_and_where_to_look() -> None:
    """MON-1"""
    words, alarms, *_ = _dashboard().widgets
    assert isinstance(words, Words)
    assert isinstance(alarms, Alarms)
    for place in ("#alarmsV2", "#logsV2:logs-insights", "#xray:traces"):
        assert place in words.properties.markdown
    names = [arn.rpartition(":alarm:")[2] for arn in alarms.properties.alarms]
    assert names == ["shop-test-api-errors", "shop-test-blue-rollback", "shop-test-green-rollback"]


def test_the_edge_is_read_where_its_metrics_are() -> None:
    """MON-1: CloudFront's are in us-east-1, wherever the app is."""
    metrics = {
        "Edge: requests a minute": "Requests",
        "Edge: errors": "5xxErrorRate",
        "Edge: cache hits": "CacheHitRate",
    }
    for title, name in metrics.items():
        graph = _graph(title)
        assert name in graph.metrics
        for line in graph.properties.metrics:
            if line[0] == "AWS/CloudFront":
                assert line[2:6] == ["DistributionId", "${Distribution}", "Region", "Global"]
                assert line[-1]["region"] == "us-east-1"
    assert _limits("Edge: cache hits") == [80]


def test_the_api() -> None:
    """MON-1, NFR-1: requests, error rates, p50, p95 and p99, beside their targets."""
    latency = _graph("API: latency")
    assert [line.stat for line in latency.lines[:3]] == ["p50", "p95", "p99"]
    assert latency.properties.metrics[0][:6] == [
        "AWS/ApiGateway",
        "Latency",
        "ApiName",
        "shop-test",
        "Stage",
        "live",
    ]
    assert _limits("API: latency") == [2000]
    assert _limits("API: latency", thresholds={"api_p95": "300ms"}) == [300]
    assert _limits("API: errors") == [5, 0.5]
    assert {"Count", "4XXError", "5XXError"} <= set(_graph("API: requests a minute").metrics)


@pytest.mark.parametrize("title", SLOTS_TITLES)
def test_both_slots_are_there_in_their_colours(title: str) -> None:
    """MON-1: of all functions of each, whichever there are."""
    blue, green = (line for line in _graph(title).lines if line.expression and line.y_axis == "left")
    assert blue.label == "blue"
    assert green.label == "green"
    assert blue.color == "#1f77b4"
    assert green.color == "#2ca02c"
    assert f'(MetricName="{SLOTS_TITLES[title]}") FunctionName=shop-test-blue' in blue.expression
    assert blue.expression.replace("-blue", "-green") == green.expression
    assert len(re.findall(r"SEARCH\('(.*?)'", blue.expression)[0]) < 1024


def test_state_machines_where_there_are_some() -> None:
    """MON-1"""
    assert not [title for title in _read(make_config()).graphs if title.startswith("State machines")]
    failed = _graph("State machines: failed executions").lines[0].expression
    bad, ended = re.findall(r"\((MetricName.*?)\) StateMachineArn=shop-test-blue'", failed)
    assert re.findall("Executions[A-Za-z]+", bad) == [
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    ]
    assert re.findall("Executions[A-Za-z]+", ended)[0] == "ExecutionsSucceeded"
    assert len(failed) < 2048
    assert _limits("State machines: failed executions") == [10]


def test_errors_in_the_logs_of_both_slots() -> None:
    """MON-4"""
    for slot, line in zip(
        ("blue", "green"), _graph("Slots: errors in the logs").properties.metrics, strict=False
    ):
        assert line[:2] == ["Kanmon/shop-test", f"{slot}-errors"]


def test_releases_have_markers_where_users_and_slots_are_shown() -> None:
    """MON-1: every graph with effects of a release has them, minute by minute, on an axis of their own."""
    with_markers = {
        title: graph for title, graph in _dashboard().graphs.items() if "Releases" in graph.metrics
    }
    assert set(with_markers) >= {
        *SLOTS_TITLES,
        "Edge: requests a minute",
        "Edge: errors",
        "API: latency",
        "API: errors",
    }
    for graph in with_markers.values():
        where = ["App", "shop", "Environment", "test"]
        (releases,) = (line for line in graph.properties.metrics if line[:2] == ["Kanmon", "Releases"])
        (rollbacks,) = (line for line in graph.properties.metrics if line[:2] == ["Kanmon", "Rollbacks"])
        assert releases[2:6] == where
        assert rollbacks[2:6] == where
        assert releases[-1] | {"id": "", "visible": False} == {"id": "", "stat": "Sum", "visible": False}
        drawn = {
            line.expression: line.y_axis for line in graph.lines if line.label in {"release", "rollback"}
        }
        assert drawn == {"FILL(mrelease, 0)": "right", "FILL(mrollback, 0)": "right"}
        assert graph.properties.period == 60
        assert graph.properties.y_axis["right"].max == 1
    assert _dashboard().period_override == "inherit"


def test_the_database_beside_its_capacity() -> None:
    """MON-1, NFR-1"""
    assert _limits("Database: connections") == [45]
    assert _limits("Database: capacity (ACU)") == [2.0]
    assert _limits("Database: latency") == [500]
    wanted = {
        "Database: connections": "DatabaseConnections",
        "Database: capacity (ACU)": "ServerlessDatabaseCapacity",
        "Database: processor": "CPUUtilization",
        "Database: latency": "CommitLatency",
    }
    for title, name in wanted.items():
        first = _graph(title).properties.metrics[0]
        assert first[:4] == ["AWS/RDS", name, "DBClusterIdentifier", "${DatabaseCluster}"]


def test_the_last_errors_are_read_from_both_slots() -> None:
    """MON-4"""
    *_, logs = _dashboard().widgets
    assert isinstance(logs, Logs)
    assert logs.properties.query.startswith(
        "SOURCE logGroups(namePrefix: ['/aws/lambda/shop-test-blue', '/aws/lambda/shop-test-green'])\n| "
    )


def test_its_references_to_the_stack_exist() -> None:
    """Sub accepts names of parameters and pseudo parameters only."""
    for config in (FULL, make_config(**SMALL)):
        template = parse(observability_template(config))
        body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
        named = re.findall(r"\$\{([^}]*)\}", body)
        pseudo = {"AWS::Region", "AWS::Partition", "AWS::AccountId"}
        assert set(named) <= pseudo | set(template["Parameters"])
