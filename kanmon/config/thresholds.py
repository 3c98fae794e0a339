"""The app's targets."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.durations import Duration
from kanmon.config.section import Section


class Thresholds(Section):
    """The app's targets, for alarms and dashboards."""

    api_error_percent: float = Field(
        5,
        gt=0,
        le=100,
        description="The highest share of API answers with a server error (5xx) within a minute, in percent. "
        "Three minutes of five above it raise the alarm.",
    )
    function_error_percent: float = Field(
        5,
        gt=0,
        le=100,
        description="The highest share of failing invocations of any one function within a minute, in "
        "percent. Two minutes of three above it raise the slot's rollback alarm.",
    )
    state_machine_failure_percent: float = Field(
        10,
        gt=0,
        le=100,
        description="The highest share of failing executions of any one state machine within a minute, in "
        "percent. One minute above it raises the slot's rollback alarm.",
    )
    api_p95: Duration = Field(
        "2s",
        validate_default=True,
        description="The longest time for 95 % of the API's answers. Three minutes of five above it raise "
        "the alarm.",
    )
    database_connections: int = Field(
        45,
        ge=1,
        description="The highest number of connections to the database at once. Three minutes of five above "
        "it raise the alarm. A larger `database.capacity.max` allows more.",
    )
