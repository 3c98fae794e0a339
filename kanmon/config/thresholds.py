"""The app's targets."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.durations import Duration
from kanmon.config.section import Section


class Thresholds(Section):
    """The app's targets, for alarms and dashboards."""

    api_error_percent: float = Field(5, gt=0, le=100, description="Share of API answers that are 5xx.")
    function_error_percent: float = Field(5, gt=0, le=100, description="Share of invocations that fail.")
    state_machine_failure_percent: float = Field(
        10, gt=0, le=100, description="Share of executions that fail."
    )
    api_p95: Duration = Field(2.0, description="95th percentile of the API's latency.")
    database_connections: int = Field(45, ge=1, description="Connections at once.")
