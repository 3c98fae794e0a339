"""The audit trail."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section


class Trail(Section):
    """The audit trail of the account (CloudTrail, all regions); one for an account is enough."""

    days: int = Field(90, ge=1, le=3650, description="How long it is kept.")
    data_events: Literal["writes", "all"] = Field(
        "writes",
        description="`writes`: what is written to the app's buckets. `all`: what is read there, too, and "
        "every invocation of its functions, which is paid for one by one.",
    )
