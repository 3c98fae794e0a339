"""The part of the config that outlives every release: network, database, secrets, audit trail."""

from __future__ import annotations

from typing import Annotated, Literal, Self

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


class Capacity(Section):
    """Aurora capacity units."""

    min: float = Field(0.5, ge=0, le=256, description="When idle.")
    max: float = Field(2.0, ge=1, le=256, description="Under load.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Database(Section):
    """Aurora PostgreSQL Serverless v2."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(
        description="The database's and its owner's name."
    )
    engine_version: str = Field("17.6", pattern=r"^\d+\.\d+$", description="Of Aurora PostgreSQL.")
    capacity: Capacity = Capacity()
    backup_days: int = Field(7, ge=1, le=35, description="How long backups are kept.")
    rotation_days: int = Field(30, ge=1, le=1000, description="How often its password is changed.")


class Network(Section):
    """The VPC that the database and its functions are in."""

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


class Secret(Section):
    """A secret of the app's own, read by its functions at run time."""

    value: Literal["generated", "entered"] = Field(
        "entered",
        description="`generated`: 64 random letters and digits, such as a signing key. `entered`: empty "
        "until a person puts the value in, such as a webhook's URL or a provider's key.",
    )
    description: str = Field("", max_length=2048, description="For people.")


class Trail(Section):
    """Who did what in the account: CloudTrail, in all regions. One that covers the account is enough."""

    days: int = Field(90, ge=1, le=3650, description="How long it is kept.")
    data_events: Literal["writes", "all"] = Field(
        "writes",
        description="`writes`: what is written to the app's buckets. `all`: what is read there, too, and "
        "every invocation of its functions, which is paid for one by one.",
    )


class Users(Section):
    """The app's users: a Cognito user pool, and a client of it for the web app."""

    sign_up: Literal["administrator", "anybody"] = Field(
        "administrator", description="Who may create an account. Users are known by their e-mail address."
    )
    mfa: Literal["off", "optional", "required"] = Field(
        "optional", description="Whether a code of an authenticator app is asked for, too."
    )
