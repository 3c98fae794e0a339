"""The retention of logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
Days = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class Logs(Section):
    """The logs of functions and state machines."""

    days: Days = Field(
        30,
        description="Days to keep the entries. With a smaller number, CloudWatch deletes the older entries "
        "soon.",
    )
