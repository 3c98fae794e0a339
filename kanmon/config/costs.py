"""The app's budget."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kanmon.config.section import Section

# The pattern is Cost Explorer's:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ce-anomalysubscription-subscriber.html
Email = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+=?^_{|}~-]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$")]


class Costs(Section):
    """The app's monthly budget, and the address for its alerts."""

    monthly_usd: int = Field(100, ge=1, description="The month's budget in US dollars.")
    email: Email | None = Field(
        None, description="Gets alerts at 80 % and at 100 %. Without it, the app's topic does."
    )
