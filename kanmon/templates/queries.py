"""An operator's first questions to the logs, as queries for Logs Insights (MON-4).

Lambda writes its own log lines as JSON:
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
Several functions share a log group. The stream's name contains the function's name:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.model import SLOTS
from kanmon.naming import api_logs, slot_logs

if TYPE_CHECKING:
    from kanmon.config.schema import Config

_FUNCTION = r"parse @logStream /\d+\/\d+\/\d+\/(?<function>[^\[]*)\[/"
# Python's runtime writes `log_level` for an exception of the handler.
_FAILED = (
    "filter level in ['ERROR', 'FATAL', 'CRITICAL'] or log_level = 'ERROR' "
    "or record.status in ['error', 'timeout']"
)
_REPORT = 'filter type = "platform.report"'


@dataclass(frozen=True)
class SavedQuery:
    """A query with a name."""

    name: str
    text: str
    groups: tuple[str, ...]
    """Its log groups. Those of the second slot do not exist before the second release."""

    @property
    def with_source(self) -> str:
        """The query with its log groups, each found by the beginning of its name.

        A dashboard needs this; the console refuses `SOURCE` in a saved query.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Source.html
        """
        return f"SOURCE logGroups(namePrefix: {list(self.groups)})\n| {self.text}"


def last_errors(prefix: str) -> SavedQuery:
    """The errors in the logs, the latest first."""
    what = "coalesce(message, errorMessage, record.errorType, record.status) as what"
    return _slots(
        prefix, "last errors", _FAILED, f"fields @timestamp, @log, function, {what}", *_first("@timestamp")
    )


def saved_queries(config: Config) -> list[SavedQuery]:
    """The queries of an app: for slots if it has functions, for failed requests if it has an API."""
    of_slots = _of_slots(config.prefix) if config.functions else []
    return of_slots + ([_failed_requests(config.prefix)] if config.api else [])


def _of_slots(prefix: str) -> list[SavedQuery]:
    time, start = "record.metrics.durationMs", "record.metrics.initDurationMs"
    return [
        last_errors(prefix),
        _slots(
            prefix,
            "errors by function",
            _FAILED,
            "stats count(*) as errors, latest(@timestamp) as last by @log, function",
            *_first("errors"),
        ),
        _slots(
            prefix,
            "slowest requests",
            _REPORT,
            f"fields @timestamp, @log, function, {time} as milliseconds, record.requestId as request",
            *_first("milliseconds"),
        ),
        _slots(
            prefix,
            "cold starts",
            f"{_REPORT} and ispresent({start})",
            f"stats count(*) as starts, pct({start}, 95) as p95, max({start}) as slowest by @log, function",
            *_first("p95"),
        ),
    ]


def _failed_requests(prefix: str) -> SavedQuery:
    return _query(
        prefix,
        "failed requests",
        (api_logs(prefix),),
        "filter status >= 500",
        "fields @timestamp, method, path, status, canary, integrationStatus, integrationError, error",
        *_first("@timestamp"),
    )


def _slots(prefix: str, name: str, *lines: str) -> SavedQuery:
    groups = tuple(slot_logs(prefix, slot) for slot in SLOTS)
    return _query(prefix, name, groups, _FUNCTION, *lines)


def _query(prefix: str, name: str, groups: tuple[str, ...], *lines: str) -> SavedQuery:
    return SavedQuery(f"{prefix}/{name}", "\n| ".join(lines), groups)


def _first(field: str) -> tuple[str, str]:
    return f"sort {field} desc", "limit 100"
