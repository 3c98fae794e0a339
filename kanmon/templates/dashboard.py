"""The dashboard: both slots, the releases, and the app's targets as lines (MON-1, NFR-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import SLOTS, Slot
from kanmon.naming import LIVE_STAGE, METRICS, RELEASES_METRIC, ROLLBACKS_METRIC, slot_rollback_alarm
from kanmon.templates.queries import last_errors
from kanmon.templates.slot_graphs import COLOURS, load, slots, state_machines
from kanmon.templates.widgets import Limit, Line, Widget, alarms, body, graph, math, metric, query, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kanmon.config.database import Database
    from kanmon.config.schema import Config

_GREY, _ORANGE, _RED, _PURPLE, _PINK = "#7f7f7f", "#ff7f0e", "#d62728", "#9467bd", "#e377c2"
# CloudFront's metrics are always in this region, for an app in any region:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/monitoring-using-cloudwatch.html
EDGE_REGION = "us-east-1"


def dashboard(config: Config, alarm_names: Iterable[str]) -> str:
    """The dashboard's JSON, for `Fn::Sub` with `Distribution` and, with a database, `DatabaseCluster`."""
    markers = _markers(config)
    rows: list[tuple[int, Sequence[Widget]]] = [
        (5, [_heading(config), _alarms(config, alarm_names)]),
        (6, _edge(config, markers)),
    ]
    if config.api:
        rows.append((6, _api(config, markers)))
    if config.functions:
        rows += [(6, slots(config, markers)), (6, load(config, markers))]
    if config.state_machines:
        rows.append((6, state_machines(config, markers)))
    if config.database:
        rows.append((6, _database(config, config.database)))
    if config.functions:
        rows.append((8, [query("Last errors", last_errors(config.prefix).with_source)]))
    return body(rows)


def _heading(config: Config) -> Widget:
    console = "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
    return text(
        f"## {config.app} {config.environment}\n"
        "Kanmon made this dashboard and overwrites changes by hand.\n\n"
        "Purple: a release became stable. Pink: a release was rolled back. Red: a target or a limit.\n\n"
        f"[Alarms]({console}#alarmsV2:?search={config.prefix}) | "
        f"[Saved queries]({console}#logsV2:logs-insights) | "
        f"[Traces]({console}#xray:traces/query) | "
        f"[Service map]({console}#xray:service-map/map)"
    )


def _alarms(config: Config, names: Iterable[str]) -> Widget:
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    rollback_alarms = [slot_rollback_alarm(config.prefix, slot) for slot in SLOTS]
    return alarms("Alarms", [arn + name for name in (*names, *rollback_alarms)])


def _markers(config: Config) -> list[Line]:
    """Thin vertical lines. A release or a rollback counts 1 in its minute; all other minutes count 0."""
    where = {"App": config.app, "Environment": config.environment}
    kinds = ((RELEASES_METRIC, "release", _PURPLE), (ROLLBACKS_METRIC, "rollback", _PINK))
    lines = []
    for name, label, color in kinds:
        lines.append(metric(METRICS, name, where, id=f"m{label}", stat="Sum", visible=False))
        lines.append(math(f"FILL(m{label}, 0)", label, color=color, yAxis="right"))
    return lines


def _edge(config: Config, markers: list[Line]) -> list[Widget]:
    def of(name: str, label: str, color: str, stat: str = "Average") -> Line:
        where = {"DistributionId": "${Distribution}", "Region": "Global"}
        return metric("AWS/CloudFront", name, where, stat=stat, label=label, color=color, region=EDGE_REGION)

    errors = [of("4xxErrorRate", "4xx", _ORANGE), of("5xxErrorRate", "5xx", _RED)]
    most = Limit(config.thresholds.api_error_percent, "at most")
    hits = [of("CacheHitRate", "hits", _GREY)]
    return [
        graph("Edge: requests a minute", [of("Requests", "requests", _GREY, "Sum")], markers=markers),
        graph("Edge: errors", errors, most, unit="%", markers=markers),
        graph("Edge: cache hits", hits, Limit(80, "at least"), unit="%"),
    ]


def _api(config: Config, markers: list[Line]) -> list[Widget]:
    def of(name: str, stat: str, **options: str | bool) -> Line:
        where = {"ApiName": config.prefix, "Stage": LIVE_STAGE}
        return metric("AWS/ApiGateway", name, where, stat=stat, **options)

    requests = [
        of("Count", "Sum", label="requests", color=_GREY),
        of("4XXError", "Sum", label="4xx", color=_ORANGE),
        of("5XXError", "Sum", label="5xx", color=_RED),
    ]
    # The average of these counts is their share of the requests:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    shares = [
        of("4XXError", "Average", id="f4", visible=False),
        of("5XXError", "Average", id="f5", visible=False),
        math("100 * f4", "4xx", color=_ORANGE),
        math("100 * f5", "5xx", color=_RED),
    ]
    colors = {"p50": _GREY, "p95": _ORANGE, "p99": _RED}
    latency = [of("Latency", stat, label=stat, color=color) for stat, color in colors.items()]
    targets = config.thresholds
    alarm = Limit(targets.api_error_percent, "alarm")
    return [
        graph("API: requests a minute", requests, markers=markers),
        graph("API: errors", shares, alarm, Limit(0.5, "99.5 % availability"), unit="%", markers=markers),
        graph(
            "API: latency", latency, Limit(targets.api_p95 * 1000, "p95 target"), unit="ms", markers=markers
        ),
    ]


def _database(config: Config, database: Database) -> list[Widget]:
    def of(name: str, stat: str = "Average", **options: str | bool) -> Line:
        return metric("AWS/RDS", name, {"DBClusterIdentifier": "${DatabaseCluster}"}, stat=stat, **options)

    connections = Limit(config.thresholds.database_connections, "alarm")
    latency = [
        of("CommitLatency", label="commit", color=_GREY),
        of("ReadLatency", id="read", visible=False),
        of("WriteLatency", id="write", visible=False),
        math("1000 * read", "read", color=COLOURS[Slot.BLUE]),
        math("1000 * write", "write", color=_ORANGE),
    ]
    return [
        graph("Database: connections", [of("DatabaseConnections", "Maximum", color=_GREY)], connections),
        graph(
            "Database: capacity (ACU)",
            [of("ServerlessDatabaseCapacity", "Maximum", color=_GREY)],
            Limit(database.capacity.max, "at most"),
        ),
        graph("Database: processor", [of("CPUUtilization", "Maximum", color=_GREY)], unit="%"),
        graph("Database: latency", latency, Limit(500, "query target"), unit="ms"),
    ]
