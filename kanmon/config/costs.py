"""The app's budget."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kanmon.config.section import Section, written
from kanmon.language import deferred

# The pattern is Cost Explorer's:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ce-anomalysubscription-subscriber.html
Email = Annotated[
    str,
    written(
        r"^[A-Za-z0-9.!#$%&'*+=?^_{|}~-]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$",
        deferred("Use one e-mail address, without a name or spaces."),
        "team@example.com",
    ),
]


class Costs(Section):
    """The app's monthly budget, and the address for messages about it."""

    monthly_usd: int = Field(
        100,
        ge=1,
        description="The budget of one month in US dollars. Nothing stops above it: you get messages. Any "
        "app with a database costs more than the default, so set your own value.",
    )
    email: Email | None = Field(
        None,
        description="The address for messages at 80 % and at 100 % of the budget. Without it, they go to the "
        "app's SNS topic for release messages.",
    )
