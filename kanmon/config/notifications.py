"""The receivers of messages about releases and alarms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kanmon.config.section import Section

# A name or an ARN: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
SecretName = Annotated[
    str, Field(pattern=r"^(arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$")
]


ChannelName = Literal["slack"]
"""A chat channel: the name of a module in `kanmon/notify/channels`."""


class Notifications(Section):
    """The receivers of messages about releases and alarms."""

    sns: bool = Field(True, description="An SNS topic of the app's own is created and gets every message.")
    channels: dict[ChannelName, SecretName] = Field(
        default_factory=dict,
        description="Chat channels, and the name or ARN of each one's secret in Secrets Manager. "
        "`slack`: the URL of a webhook, or `token` and `channel` as JSON for messages in threads.",
    )
