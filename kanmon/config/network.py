"""The VPC of the database and its functions."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kanmon.config.section import MistakeError, Section
from kanmon.language import phrase

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
        examples=[["secretsmanager", "sqs"]],
        description="AWS services to reach by an endpoint inside the network instead of the NAT gateway. "
        "Each costs about 20 USD a month. Use one when functions send much to the service, or must reach it "
        "without the internet. Functions with `database: true` or `network: true` are in the network.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(self.endpoints) != len(set(self.endpoints)):
            twice = next(one for one in self.endpoints if self.endpoints.count(one) > 1)
            raise MistakeError(
                phrase("The endpoint {name} is there twice.", name=twice),
                phrase("Remove one of the two."),
                at=("endpoints",),
            )
        return self
