"""The app's Lambda functions."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.permissions import Statement, statements
from kanmon.config.section import InsidePath, MistakeError, Section, written
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
    """One Lambda function. It exists once in each slot."""

    handler: Annotated[
        str, Field(max_length=128), written(r"^[^\s]+$", "Use a name without spaces.", "shop.handler.handle")
    ] = Field(
        description="The code for Lambda to call, in the form of its runtime. In Python, "
        "`shop.handler.handle` is the function `handle` in `shop/handler.py`."
    )
    artifact: InsidePath = Field(
        description="The folder with the function's code after the build, such as `build/api`. Kanmon packs "
        "it. Several functions may share one folder."
    )
    runtime: Runtime = Field(
        "python3.12", description="The Lambda runtime: the language of the code and its version."
    )
    architecture: Literal["arm64", "x86_64"] = Field(
        "arm64",
        description="The processor. `arm64` costs less. Build compiled packages for the same processor.",
    )
    memory: int = Field(
        512,
        ge=128,
        le=10240,
        description="The memory in megabytes. More memory also gives more processor power, and costs more "
        "for each second.",
    )
    timeout: int | None = Field(
        None,
        ge=1,
        le=900,
        examples=[60],
        description="The longest run in seconds. Default: 30, or 900 if only state machines invoke the "
        "function. A request to the API ends after 29 seconds: a function that only the API calls takes 30 "
        "at most.",
    )
    environment: dict[
        Annotated[
            str,
            written(
                r"^[A-Za-z][A-Za-z0-9_]+$",
                "Use two or more letters, digits and underscores. Begin with a letter.",
                "LOG_LEVEL",
            ),
        ],
        str,
    ] = Field(
        default_factory=dict,
        examples=[{"LOG_LEVEL": "info"}],
        description="Environment variables with plain text, such as `{LOG_LEVEL: info}`, or with a stack's "
        "output under the app's own name: `{POOL: '${foundation.UserPoolId}'}`. Never put a secret here: use "
        "`secrets`. Names of Kanmon and AWS, such as `KANMON_…` and `AWS_…`, are refused.",
    )
    permissions: tuple[Statement, ...] = statements(
        "What the function may do in AWS beside what its other keys allow, as IAM statements. A role from "
        "GitHub keeps it under `boundary.allow`.",
        "ses:SendEmail",
    )
    database: bool = Field(
        False,
        description="`true`: the function can connect to the database. It runs inside the network and gets "
        "the variables `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_NAME`, and `DATABASE_SECRET_ARN` for the "
        "secret with user and password.",
    )
    secrets: tuple[Name, ...] = Field(
        (),
        examples=[["jwt"]],
        description="The secrets for the function to read: names under `secrets`. `[jwt]` gives it the "
        "variable `JWT_SECRET_ARN`; it reads the value from Secrets Manager.",
    )
    starts: tuple[Name, ...] = Field(
        (),
        examples=[["report"]],
        description="The state machines for the function to start: names under `state_machines`. `[report]` "
        "gives it the variable `REPORT_STATE_MACHINE_ARN`.",
    )
    sends: tuple[Name, ...] = Field(
        (),
        examples=[["mail"]],
        description="The queues for the function's messages: names under `queues`. `[mail]` gives it the "
        "variable `MAIL_QUEUE_URL`.",
    )
    user_pool: bool = Field(
        False,
        description="`true`: the function gets the variables `USER_POOL_ID` and `USER_POOL_CLIENT_ID`, to "
        "check the tokens of requests.",
    )

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        taken = sorted(key for key in self.environment if reserved(key))
        if taken:
            raise MistakeError(
                f"{', '.join(taken)} can't be set: such names belong to Kanmon and AWS.",
                "Remove it. For a setting of your own, choose another name, such as `LOG_LEVEL`.",
                at=("environment", taken[0]),
            )
        return self
