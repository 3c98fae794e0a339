"""The part of the config that fills the slots: what the app's code is and when it runs."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from kanmon.config.expressions import Expression, TimeZone
from kanmon.config.section import InsidePath, Section
from kanmon.config.values import Name

# Those that AWS still mends (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html).
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
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
Days = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class Build(Section):
    """How the app builds itself; the commands run one after the other in the config's folder."""

    commands: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Shell commands, run in order; the first that fails ends the build."
    )


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
        None, ge=1, le=900, description="Seconds. Default: 30, and 900 for one that only workflows invoke."
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
        description="The workflows that it may start; for `report` it is given `REPORT_WORKFLOW_ARN`.",
    )
    sends: tuple[Name, ...] = Field(
        (),
        description="The queues that it may send messages to; for `mail` it is given `MAIL_QUEUE_URL`.",
    )
    users: bool = Field(
        False,
        description="It is given `USER_POOL_ID` and `USER_POOL_CLIENT_ID`, to check the tokens of requests.",
    )

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        reserved = re.compile(
            r"KANMON_|AWS_|DATABASE_(HOST|PORT|NAME)$|USER_POOL_(CLIENT_)?ID$"
            r"|.*_(SECRET_ARN|WORKFLOW_ARN|QUEUE_URL)$"
        )
        taken = sorted(key for key in self.environment if reserved.match(key))
        if taken:
            raise ValueError(f"sets {', '.join(taken)}: such names belong to Kanmon and AWS")
        return self


class Logs(Section):
    """The logs of functions and workflows."""

    days: Days = Field(30, description="How long they are kept, as CloudWatch allows.")


class Workflow(Section):
    """One Step Functions state machine of the slot."""

    definition: InsidePath = Field(
        description="A file in Amazon States Language (JSON); `${charge}` stands for the function `charge`."
    )
    type: Literal["standard", "express"] = Field(
        "standard",
        description="`standard`: each step once, up to a year. `express`: up to five minutes, cheap, and a "
        "step may happen twice.",
    )


class Queue(Section):
    """A queue, the function that works it off, and beside it a queue for what that fails of."""

    function: Name = Field(
        description="Gets the messages. It answers with `batchItemFailures`: those come again, no other does."
    )
    batch_size: int = Field(10, ge=1, le=10_000, description="Messages at once at most.")
    retries: int = Field(3, ge=1, le=1000, description="Attempts, before a message is put aside.")
    retention_days: int = Field(4, ge=1, le=14, description="How long a message waits at most.")


class Schedule(Section):
    """Something that happens by itself: a function invoked or a workflow started."""

    expression: Expression = Field(
        description="`rate(5 minutes)`, `cron(0 18 ? * MON-FRI *)` or `at(2026-12-24T18:00:00)`."
    )
    timezone: TimeZone = Field("UTC", description="What the clock shows: `Asia/Tokyo`.")
    function: Name | None = Field(None, description="The function that is invoked.")
    workflow: Name | None = Field(None, description="The workflow that is started.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="Its event or input.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.function is None) == (self.workflow is None):
            raise ValueError("name a function or a workflow, one of them")
        return self
