"""What an operator asks the logs first, in the language of Logs Insights (MON-4).

What Lambda itself says is in JSON: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
In a group that functions share, the stream's name says which it was:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanmon.config import Config

_FUNCTION = r"| parse @logStream /\d+\/\d+\/\d+\/(?<function>[^\[]*)\[/"
_FAILED = "| filter level in ['ERROR', 'FATAL', 'CRITICAL'] or record.status in ['error', 'timeout']"
_REPORT = '| filter type = "platform.report"'


@dataclass(frozen=True)
class Query:
    """A query with a name."""

    name: str
    text: str


def last_errors(prefix: str) -> Query:
    """What went wrong, the latest first."""
    what = "coalesce(message, errorMessage, record.errorType, record.status) as what"
    return _slots(
        prefix, "last errors", _FAILED, f"| fields @timestamp, @log, function, {what}", *_first("@timestamp")
    )


def saved_queries(config: Config) -> list[Query]:
    """All that there is something to ask for."""
    of_slots = _of_slots(config.prefix) if config.functions else []
    return of_slots + ([_failed_requests(config.prefix)] if config.api else [])


def _of_slots(prefix: str) -> list[Query]:
    time, start = "record.metrics.durationMs", "record.metrics.initDurationMs"
    return [
        last_errors(prefix),
        _slots(
            prefix,
            "errors by function",
            _FAILED,
            "| stats count(*) as errors, latest(@timestamp) as last by @log, function",
            *_first("errors"),
        ),
        _slots(
            prefix,
            "slowest requests",
            _REPORT,
            f"| fields @timestamp, @log, function, {time} as milliseconds, record.requestId as request",
            *_first("milliseconds"),
        ),
        _slots(
            prefix,
            "cold starts",
            f"{_REPORT} and ispresent({start})",
            f"| stats count(*) as starts, pct({start}, 95) as p95, max({start}) as slowest by @log, function",
            *_first("p95"),
        ),
    ]


def _failed_requests(prefix: str) -> Query:
    return _query(
        prefix,
        "failed requests",
        [f"/aws/apigateway/{prefix}-api"],
        "| filter status >= 500",
        "| fields @timestamp, method, path, status, canary, integrationStatus, integrationError, error",
        *_first("@timestamp"),
    )


def _slots(prefix: str, name: str, *lines: str) -> Query:
    groups = [f"/aws/lambda/{prefix}-{slot}" for slot in ("blue", "green")]
    return _query(prefix, name, groups, _FUNCTION, *lines)


def _query(prefix: str, name: str, groups: list[str], *lines: str) -> Query:
    """Groups by the beginnings of their names: green's is not there before the second release.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Source.html
    """
    source = f"SOURCE logGroups(namePrefix: {groups})"
    return Query(f"{prefix}/{name}", "\n".join([source, *lines]))


def _first(field: str) -> tuple[str, str]:
    return f"| sort {field} desc", "| limit 100"
