"""Who is told when something is wrong, and where to look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.cloudformation.gates import alarm_topic, app_gate
from kanmon.cloudformation.rendering import Template, render, source
from kanmon.cloudformation.templates.dashboard import EDGE_REGION, dashboard
from kanmon.cloudformation.templates.edge import LIVE_STAGE
from kanmon.cloudformation.templates.ids import short_name
from kanmon.cloudformation.templates.queries import saved_queries

if TYPE_CHECKING:
    from kanmon.config import Config

# https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html, API_SamplingRule.html
_TRACE_NAMES = 32


def trace_group(prefix: str) -> str:
    """The name of the app's group and sampling rule in X-Ray."""
    return short_name(prefix, _TRACE_NAMES)


def observability_template(config: Config) -> Template:
    """Alarms, their topic and the function that tells Slack; dashboard, queries, traces."""
    targets = config.thresholds
    return Template(
        render(
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
            gate=app_gate(config.prefix),
            traces=trace_group(config.prefix),
            live_stage=LIVE_STAGE,
            edge_alarm=config.region == EDGE_REGION,
            error_percent=f"{targets.api_error_percent:g}",
            p95_seconds=f"{targets.api_p95:g}",
            p95_milliseconds=f"{targets.api_p95 * 1000:g}",
            connections=targets.database_connections,
            dashboard=dashboard(config, _alarms(config)),
            queries=saved_queries(config),
            slack_secret=config.notifications.slack_secret,
            # In a template two empty lines are one.
            notifier=re.sub(r"\n{3,}", "\n\n", source("notifier.py").rstrip()),
        )
    )


def _alarms(config: Config) -> list[str]:
    """The names of the stack's own metric alarms."""
    names = ["api-errors", "api-p95"] if config.api else []
    names += ["edge-errors"] if config.region == EDGE_REGION else []
    names += ["database-connections", "database-errors", "database-capacity"] if config.database else []
    names += ["throttles"] if config.functions else []
    names += ["notifier-untold"] if config.notifications.slack_secret else []
    return [f"{config.prefix}-{name}" for name in names]
