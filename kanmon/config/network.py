"""The VPC of the database and its functions."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kanmon.config.section import Section

# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
Endpoint = Literal[
    "bedrock-runtime",
    "events",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "secretsmanager",
    "sns",
    "sqs",
    "states",
    "sts",
    "xray",
]


class Network(Section):
    """The VPC of the database and its functions."""

    endpoints: tuple[Endpoint, ...] = Field(
        (),
        description="AWS services that functions reach inside the network instead of by the NAT gateway. "
        "Each costs by the hour; it pays where much is sent, or where the way out must not matter.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(self.endpoints) != len(set(self.endpoints)):
            raise ValueError("an endpoint is there twice")
        return self
