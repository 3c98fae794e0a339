"""The part of the config that says what is watched, and who is told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kanmon.config.durations import Duration
from kanmon.config.section import Section

# A name or an ARN: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
SecretName = Annotated[
    str, Field(pattern=r"^(arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$")
]


class Thresholds(Section):
    """The app's targets, which alarms and dashboards express."""

    api_error_percent: float = Field(5, gt=0, le=100, description="Share of API answers that are 5xx.")
    function_error_percent: float = Field(5, gt=0, le=100, description="Share of invocations that fail.")
    workflow_failure_percent: float = Field(10, gt=0, le=100, description="Share of executions that fail.")
    api_p95: Duration = Field(2.0, description="95th percentile of the API's latency.")
    database_connections: int = Field(45, ge=1, description="Connections at once.")


class Notifications(Section):
    """Who is told."""

    sns: bool = Field(True, description="A topic of the app's own is created and told.")
    slack_secret: SecretName | None = Field(
        None,
        description="The secret in Secrets Manager that holds the URL of a Slack webhook, or `token` and "
        "`channel` as JSON for messages in threads. Releases tell there, and so do alarms.",
    )
