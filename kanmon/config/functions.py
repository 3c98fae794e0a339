"""The app's Lambda functions."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.section import InsidePath, Section
from kanmon.config.values import Name
from kanmon.stacks.grants import reserved

# AWS still sends security updates for these (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html).
Runtime = Literal[
    "dotnet10",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "nodejs22.x",
    "nodejs24.x",
    "provided.al2023",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
]


class Function(Section):
    """One Lambda function of the slot."""

    handler: Annotated[str, Field(pattern=r"^[^\s]+$", max_length=128)] = Field(
        description="The function's entry, as Lambda names it."
    )
    artifact: InsidePath = Field(description="The folder (packed by Kanmon) that the build writes.")
    runtime: Runtime = Field("python3.12", description="Lambda runtime.")
    architecture: Literal["arm64", "x86_64"] = Field("arm64", description="The processor.")
    memory: int = Field(512, ge=128, le=10240, description="Megabytes.")
    timeout: int | None = Field(
        None,
        ge=1,
        le=900,
        description="Seconds. Default: 30, and 900 for one that only state machines invoke.",
    )
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]+$")], str] = Field(
        default_factory=dict, description="Plain settings; never a secret."
    )
    database: bool = Field(
        False,
        description="May reach the database and read its credentials: it is given `DATABASE_HOST`, "
        "`DATABASE_PORT`, `DATABASE_NAME`, and in `DATABASE_SECRET_ARN` where name and password are.",
    )
    secrets: tuple[Name, ...] = Field(
        (),
        description="Those of the app's secrets that it may read; for `jwt` it is given `JWT_SECRET_ARN`.",
    )
    starts: tuple[Name, ...] = Field(
        (),
        description="The state machines that it may start; for `report` it is given "
        "`REPORT_STATE_MACHINE_ARN`.",
    )
    sends: tuple[Name, ...] = Field(
        (),
        description="The queues that it may send messages to; for `mail` it is given `MAIL_QUEUE_URL`.",
    )
    user_pool: bool = Field(
        False,
        description="It is given `USER_POOL_ID` and `USER_POOL_CLIENT_ID`, to check the tokens of requests.",
    )

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        taken = sorted(key for key in self.environment if reserved(key))
        if taken:
            raise ValueError(f"sets {', '.join(taken)}: such names belong to Kanmon and AWS")
        return self
