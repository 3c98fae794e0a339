"""The template of observability: alarms and their messages, dashboard, queries, traces."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kanmon.language import VARIABLE
from kanmon.model import SLOTS
from kanmon.naming import (
    EMAIL,
    Alarm,
    alarm_name,
    alarm_topic,
    app_alarm,
    app_rollback_alarm,
    slot_alarm,
    trace_group,
)
from kanmon.notify.package import HANDLER
from kanmon.templates.app_alarms import alarm_facts
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
        app_alarms=alarm_facts(config, per_slot=False),
        emails=[{"id": _email_id(email), "address": email} for email in config.notifications.emails],
        channels=config.notifications.channels,
        language=config.language,
        language_variable=VARIABLE,
        handler=HANDLER,
        notifier=notifier,
    )


def _email_id(email: str) -> str:
    """The logical id of an address: another one removed or moved keeps its subscription confirmed."""
    return f"{EMAIL}{hashlib.sha256(email.encode()).hexdigest()[:8]}"


def _alarms(config: Config) -> list[str]:
    """The names of the metric alarms: the stack's, and the team's own in the slots."""
    of_database = (Alarm.DATABASE_CONNECTIONS, Alarm.DATABASE_ERRORS, Alarm.DATABASE_CAPACITY)
    of_api = [Alarm.API_ERRORS, Alarm.API_P95, Alarm.CANARY_ERRORS, Alarm.CANARY_P95]
    found = of_api if config.api else []
    found += [Alarm.EDGE_ERRORS] if config.region == EDGE_REGION else []
    found += of_database if config.database else ()
    found += [Alarm.THROTTLES] if config.functions else []
    found += [Alarm.UNDELIVERED] if config.notifications.channels else []
    own = [
        name
        for key, alarm in sorted(config.alarms.items())
        for name in (
            [slot_alarm(config.prefix, slot, key) for slot in SLOTS]
            if alarm.per_slot
            else [app_alarm(config.prefix, key)]
        )
    ]
    return [*(alarm_name(config.prefix, alarm) for alarm in found), *own]
