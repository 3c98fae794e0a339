"""The app's Lambda functions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.permissions import Statement, statements
from kanmon.config.section import InsidePath, MistakeError, Section, written
from kanmon.config.values import Name
from kanmon.language import deferred, phrase
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
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html: the ARN of a version, of any account.
LayerArn = Annotated[
    str,
    written(
        r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]{1,140}:[1-9]\d{0,8}$",
        deferred("Use the whole ARN of a layer's version. It ends with the version's number."),
        "arn:aws:lambda:ap-northeast-1:111122223333:layer:fonts:3",
    ),
]
_IMAGE = (
    deferred("Kanmon deploys packages, not container images."),
    deferred(
        "Remove it, and give `artifact` a folder of at most 250 MB. docs/infrastructure.md has the reason."
    ),
)
_PROVISIONED = (
    deferred("Provisioned concurrency needs an alias, and no function of a slot has one."),
    deferred("Remove it. docs/infrastructure.md has the reason, and what shortens a cold start."),
)
_LEFT_OUT = {
    **dict.fromkeys(("image", "image_uri", "image_config", "package_type"), _IMAGE),
    **dict.fromkeys(
        ("provisioned_concurrency", "provisioned_concurrent_executions", "auto_publish_alias"), _PROVISIONED
    ),
}
"""Settings of Lambda that Kanmon leaves out for a reason: the problem, and the fix."""
_EVENT_AGES = range(60, 6 * 3600 + 1)
"""Seconds: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html."""


class Function(Section):
    """One Lambda function. It exists once in each slot."""

    handler: Annotated[
        str,
        Field(max_length=128),
        written(r"^[^\s]+$", deferred("Use a name without spaces."), "shop.handler.handle"),
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
    ephemeral_storage: int = Field(
        512,
        ge=512,
        le=10240,
        examples=[2048],
        description="The size of `/tmp` in megabytes. AWS charges for more than 512.",
    )
    layers: tuple[LayerArn, ...] = Field(
        (),
        max_length=5,
        description="Layers, each by the ARN of a version. Lambda unpacks them to `/opt` in this order. "
        "A layer may belong to another account that shares it. Code and layers together may have 250 MB; "
        "Kanmon knows the size of the code only. With a layer, Kanmon does not look for `handler` in "
        "`artifact`.",
    )
    reserved_concurrency: int | None = Field(
        None,
        ge=1,
        examples=[10],
        description="The most invocations at once, set aside for this function alone. It counts twice in the "
        "account, because both slots exist at the same time. Lambda leaves 100 of the account's quota "
        "unreserved, and a new account has 10 in all: `kanmon plan` refuses what does not fit. Without it, "
        "the function shares the account's quota.",
    )
    dead_letters: Name | None = Field(
        None,
        examples=["failed"],
        description="The queue for events of failed asynchronous invocations, such as those of schedules: a "
        "name under `queues`. A message has the event, the error and the number of tries. "
        "Without it, Lambda drops such an event.",
    )
    maximum_retries: int | None = Field(
        None,
        ge=0,
        le=2,
        description="How often Lambda repeats a failed asynchronous invocation. Default: 2.",
    )
    maximum_event_age: Duration | None = Field(
        None,
        examples=["1h"],
        description="How long Lambda keeps the event of an asynchronous invocation, from `1m` to `6h`. "
        "Default: `6h`.",
    )
    tracing: bool = Field(
        True,
        description="`false`: X-Ray records no traces of the function.",
    )
    log_level: Literal["trace", "debug", "info", "warn", "error"] = Field(
        "info",
        description="The lowest level of the function's own log entries to keep. Your code gets it as "
        "`AWS_LAMBDA_LOG_LEVEL`. `error` is the highest, as the dashboard counts errors.",
    )
    environment: dict[
        Annotated[
            str,
            written(
                r"^[A-Za-z][A-Za-z0-9_]+$",
                deferred("Use two or more letters, digits and underscores. Begin with a letter."),
                "LOG_LEVEL",
            ),
        ],
        str,
    ] = Field(
        default_factory=dict,
        examples=[{"LOG_LEVEL": "info"}],
        description="Environment variables with plain text, such as `{LOG_LEVEL: info}`, or with a stack's "
        "output under the app's own name: `{POOL: '${foundation.UserPoolId}'}`. In Python and Node.js, a "
        "value of a secret is put in when the function starts, such as `${secrets.jwt}` or "
        "`${secrets.database.password}`; whether there is one can't differ between environments. Never write "
        "a secret itself. Names of Kanmon and AWS, such as `KANMON_…` and `AWS_…`, are refused.",
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
    network: bool = Field(
        False,
        description="`true`: the function runs inside the network, of `existing.network` or of the database, "
        "and reaches what is there. With `database: true` it does anyway.",
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

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, values: Any) -> Any:  # noqa: ANN401 - a value of YAML can be anything
        for key in values if isinstance(values, dict) else ():
            if key in _LEFT_OUT:
                problem, fix = _LEFT_OUT[key]
                raise MistakeError(phrase(problem), phrase(fix), at=(key,))
        return values

    @model_validator(mode="after")
    def _limits(self) -> Self:
        age = self.maximum_event_age
        if age is not None and age not in _EVENT_AGES:
            raise MistakeError(
                phrase(
                    "It is {seconds:g} seconds. Lambda takes {low} to {high}, in whole ones.",
                    seconds=age,
                    low=_EVENT_AGES[0],
                    high=_EVENT_AGES[-1],
                ),
                phrase("Write, for example, `maximum_event_age: 1h`."),
                at=("maximum_event_age",),
            )
        names = [arn.rpartition(":")[0] for arn in self.layers]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise MistakeError(
                    phrase(
                        "The layer {name} is there twice. Lambda takes one version of a layer.", name=name
                    ),
                    phrase("Remove one of them."),
                    at=("layers", index),
                )
        return self

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        taken = sorted(key for key in self.environment if reserved(key))
        if taken:
            raise MistakeError(
                phrase("{names} can't be set: such names belong to Kanmon and AWS.", names=", ".join(taken)),
                phrase("Remove it. For a setting of your own, choose another name, such as `LOG_LEVEL`."),
                at=("environment", taken[0]),
            )
        return self
