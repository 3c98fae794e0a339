"""The template of observability: alarms and their messages, dashboard, queries, traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.bundle.notifier_package import HANDLER
from kanmon.naming import alarm_topic, app_rollback_alarm, trace_group
from kanmon.templates.dashboard import EDGE_REGION, dashboard
from kanmon.templates.queries import saved_queries
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def observability_template(config: Config, notifier: str = "") -> str:
    """Render alarms, their topic and the notifier; dashboard, queries and traces.

    `notifier` is the object key of the notifier's package.
    """
    targets = config.thresholds
    return render(
        "observability.yml",
        prefix=config.prefix,
        app=config.app,
        environment=config.environment,
        bounded=config.github is not None,
        api=config.api,
        functions=config.functions,
        database=config.database,
        logs=config.logs,
        topic=alarm_topic(config.prefix),
        rollback_alarm=app_rollback_alarm(config.prefix),
        traces=trace_group(config.prefix),
        edge_alarm=config.region == EDGE_REGION,
        error_percent=f"{targets.api_error_percent:g}",
        p95_seconds=f"{targets.api_p95:g}",
        p95_milliseconds=f"{targets.api_p95 * 1000:g}",
        connections=targets.database_connections,
        dashboard=dashboard(config, _alarms(config)),
        queries=saved_queries(config),
        channels=config.notifications.channels,
        handler=HANDLER,
        notifier=notifier,
    )


def _alarms(config: Config) -> list[str]:
    """The names of the stack's own metric alarms."""
    names = ["api-errors", "api-p95"] if config.api else []
    names += ["edge-errors"] if config.region == EDGE_REGION else []
    names += ["database-connections", "database-errors", "database-capacity"] if config.database else []
    names += ["throttles"] if config.functions else []
    names += ["notifier-undelivered"] if config.notifications.channels else []
    return [f"{config.prefix}-{name}" for name in names]
