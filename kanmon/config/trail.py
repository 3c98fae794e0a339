"""The audit trail."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.logs import Days
from kanmon.config.section import Section


class TrailLogs(Section):
    """The trail's copy in CloudWatch Logs."""

    days: Days = Field(
        90,
        description="Days to keep the copy. With a smaller number, CloudWatch deletes the older entries "
        "soon.",
    )


class Trail(Section):
    """The audit trail of the account (CloudTrail, all regions); one for an account is enough."""

    days: int = Field(
        90,
        ge=1,
        le=3650,
        description="Days to keep the trail. With a smaller number, the older entries are deleted.",
    )
    data_events: Literal["writes", "all"] = Field(
        "writes",
        description="The recorded uses of the app's data. `writes`: every write to the app's buckets. `all`: "
        "also every read there, and every invocation of its functions. AWS charges for each recorded event.",
    )
    cloudwatch_logs: TrailLogs | None = Field(
        None,
        description="The trail's events also go to CloudWatch Logs, to search them and to make alarms of "
        "them. `cloudwatch_logs: {}` turns it on. CloudWatch charges for each gigabyte.",
    )
