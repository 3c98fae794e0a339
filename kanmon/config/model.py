"""The config: what `kanmon.yml` may say, as frozen typed models. The JSON schema is made from them."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from kanmon.config.account import Costs, Github
from kanmon.config.durations import Duration
from kanmon.config.section import InsidePath, Section
from kanmon.config.testing import Test

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


def _query(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"is not a JMESPath expression: {error}") from error
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
"""Lower-case letters, digits and hyphens: it becomes part of AWS resource names."""
Pattern = Annotated[str, AfterValidator(_pattern)]
Query = Annotated[str, AfterValidator(_query)]
UrlPath = Annotated[str, Field(pattern=r"^/[^\s#]*$")]
Percent = Annotated[int, Field(ge=1, le=100)]
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


# What a role's name of 64 characters leaves of `<app>-<environment>-cloudformation`
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
_ROLES_NAMES = 48


class Build(Section):
    """How the app builds itself; the commands run one after the other in the config's folder."""

    commands: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Shell commands, run in order; the first that fails ends the build."
    )


class Function(Section):
    """One Lambda function of the slot."""

    handler: str = Field(min_length=1, description="The function's entry, as Lambda names it.")
    artifact: InsidePath = Field(description="The folder (packed by Kanmon) that the build writes.")
    runtime: str = Field("python3.12", description="Lambda runtime.")
    architecture: Literal["arm64", "x86_64"] = Field("arm64", description="The processor.")
    memory: int = Field(512, ge=128, le=10240, description="Megabytes.")
    timeout: int = Field(30, ge=1, le=900, description="Seconds.")
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], str] = Field(
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

    @model_validator(mode="after")
    def _reserved(self) -> Self:
        reserved = re.compile(r"KANMON_|AWS_|DATABASE_(HOST|PORT|NAME)$|.*_SECRET_ARN$")
        taken = sorted(key for key in self.environment if reserved.match(key))
        if taken:
            raise ValueError(f"sets {', '.join(taken)}: such names belong to Kanmon and AWS")
        return self


class Route(Section):
    """One route of the API."""

    path: Annotated[str, Field(pattern=r"^(/([A-Za-z0-9._~-]+|\{[A-Za-z0-9._-]+\+?\}))+$")] = Field(
        description="As API Gateway writes it: `/api/goals/{id}`, `/api/{proxy+}`."
    )
    method: Literal["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        "ANY", description="HTTP method."
    )
    function: Name = Field(description="The function that answers.")


class Throttle(Section):
    """Limits of the API's stage."""

    rate: float = Field(100, gt=0, description="Requests a second.")
    burst: int = Field(200, gt=0, description="Requests at once.")


class Api(Section):
    """The REST API in front of the functions."""

    prefix: Annotated[str, Field(pattern=r"^/[a-z0-9-]+$")] = Field(
        "/api", description="Where the API lies under the app's domain; every route begins with it."
    )
    routes: tuple[Route, ...] = Field(min_length=1)
    throttle: Throttle = Throttle()

    @model_validator(mode="after")
    def _under_prefix(self) -> Self:
        for route in self.routes:
            if not f"{route.path}/".startswith(f"{self.prefix}/"):
                raise ValueError(f"route {route.path} does not begin with the prefix {self.prefix}")
        seen: set[tuple[str, str]] = set()
        for route in self.routes:
            if (route.path, route.method) in seen:
                raise ValueError(f"route {route.method} {route.path} is there twice")
            seen.add((route.path, route.method))
        return self


class Web(Section):
    """The web app: what the front-end build writes."""

    directory: InsidePath = Field(description="The folder that the front-end build writes.")
    entry: Literal["index.html"] = Field("index.html", description="The page that is the web pointer.")
    immutable: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/\*$")], ...] = Field(
        ("assets/*",),
        description="Folders whose files have their content's hash in their name; kept append-only.",
    )


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


class Hook(Section):
    """A function of the slot that is invoked before traffic, such as a migration."""

    name: Name = Field(description="For people.")
    function: Name = Field(description="The function that is invoked; it must be idempotent.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="Added to its event.")


class Expect(Section):
    """What an answer must be. Everything that is given must hold."""

    status: int = Field(200, ge=100, le=599, description="HTTP status.")
    json_: dict[Query, JsonValue] = Field(
        default_factory=dict, alias="json", description="JMESPath expression to the value expected."
    )
    headers: dict[str, Pattern] = Field(
        default_factory=dict, description="Header to the pattern that its value must match."
    )
    body: Pattern | None = Field(None, description="A pattern to be found in the body.")
    latency: Duration = Field(2.0, description="The longest that an answer may take.")

    release: bool | None = Field(
        None,
        description="The answer must name the release being checked. Default: yes for API answers and pages.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class Check(Section):
    """A smoke check: one request with its assertions."""

    name: Name = Field(description="For people.")
    path: UrlPath = Field(description="Below the app's domain, with its query.")
    method: HttpMethod = Field("GET", description="HTTP method.")
    headers: dict[str, str] = Field(default_factory=dict, description="Sent with the request.")
    body: str | None = Field(None, description="Sent with the request.")
    expect: Expect = Expect()
    successes: int = Field(2, ge=1, le=20, description="Consecutive successes that count as passed.")
    failures: int = Field(
        5,
        ge=1,
        le=100,
        description="Consecutive failures of the release being checked that count as failed.",
    )
    deadline: Duration = Field(15.0, description="How long it may be tried at most.")


class Step(Section):
    """A canary step: a share of API traffic, for a while."""

    percent: Percent = Field(description="Share of API requests that the candidate gets.")
    bake: Duration = Field(300.0, description="How long it is watched at that share.")


class Traffic(Section):
    """How users come to the new release."""

    strategy: Literal["all-at-once", "canary"] = Field(
        "canary", description="Whether a share of requests goes first."
    )
    steps: tuple[Step, ...] = Field((Step(percent=10),), description="Rising shares, 10 % by default.")
    bake: Duration = Field(0.0, description="How long the live release is watched before it is stable.")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        shares = [step.percent for step in self.steps]
        if shares != sorted(set(shares)):
            raise ValueError("steps must rise")
        return self


class Thresholds(Section):
    """The app's targets, which alarms and dashboards express."""

    api_error_percent: float = Field(5, gt=0, le=100, description="Share of API answers that are 5xx.")
    function_error_percent: float = Field(5, gt=0, le=100, description="Share of invocations that fail.")
    workflow_failure_percent: float = Field(10, gt=0, le=100, description="Share of executions that fail.")
    api_p95: Duration = Field(2.0, description="95th percentile of the API's latency.")
    database_connections: int = Field(45, ge=1, description="Connections at once.")


class ApprovalRules(Section):
    """What is asked of the GitHub environment that holds a release back, beyond reviewers and branches."""

    prevent_self_review: bool = Field(
        False, description="Nobody may approve a run that they started; the environment must say so too."
    )


class Notifications(Section):
    """Who is told."""

    sns: bool = Field(True, description="A topic of the app's own is created and told.")
    slack_secret: str | None = Field(
        None,
        description="The secret in Secrets Manager that holds the URL of a Slack webhook, or `token` and "
        "`channel` as JSON for messages in threads.",
    )


class Config(Section):
    """All of `kanmon.yml`."""

    app: Name = Field(description="Part of every resource's name.")
    environment: Name = Field("production", description="Part of every resource's name, too.")
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        "ap-northeast-1", description="The AWS region."
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Put on everything that is created.")
    test: Test | None = None
    build: Build = Build()
    functions: dict[Name, Function] = Field(min_length=1)
    api: Api
    web: Web
    database: Database | None = None
    network: Network = Network()
    secrets: dict[Name, Secret] = Field(
        default_factory=dict,
        description="Kept in Secrets Manager as `<app>-<environment>-<name>`; no value is ever in here.",
    )
    trail: Trail | None = None
    hooks: tuple[Hook, ...] = ()
    checks: tuple[Check, ...] = Field(min_length=1)
    traffic: Traffic = Traffic()
    approval: ApprovalRules = ApprovalRules()
    thresholds: Thresholds = Thresholds()
    notifications: Notifications = Notifications()
    github: Github | None = None
    costs: Costs | None = None
    allow_destroy: tuple[str, ...] = Field(
        (), description="Logical ids of stateful resources that a plan may replace or delete."
    )

    @model_validator(mode="after")
    def _refers(self) -> Self:
        users = [(f"route {route.path}", route.function) for route in self.api.routes]
        users += [(f"hook {hook.name}", hook.function) for hook in self.hooks]
        for user, function in users:
            if function not in self.functions:
                raise ValueError(f"{user} names the function {function}, which is not under `functions`")
        if self.database is None:
            wanting = [name for name, function in self.functions.items() if function.database]
            if wanting:
                raise ValueError(f"function {wanting[0]} wants the database, but there is no `database`")
        names = [check.name for check in self.checks]
        if len(names) != len(set(names)):
            raise ValueError("two checks have the same name")
        longest = max(len(self.app) + len(name) for name in self.environments)
        if self.github and longest > _ROLES_NAMES:
            raise ValueError(
                f"app and environment have {longest} characters together; with `github`, which makes roles "
                f"of them, they may have {_ROLES_NAMES}"
            )
        return self

    @model_validator(mode="after")
    def _has_secrets(self) -> Self:
        if "database" in self.secrets:
            raise ValueError("the secret `database` comes with the database: choose another name")
        for name, function in self.functions.items():
            missing = sorted(set(function.secrets) - set(self.secrets))
            if missing:
                raise ValueError(
                    f"function {name} names the secret {missing[0]}, which is not under `secrets`"
                )
        return self

    @property
    def environments(self) -> tuple[str, ...]:
        """Every environment that the bootstrap stack makes roles for, the same for each one's config."""
        others = self.github.environments if self.github else ()
        return tuple(sorted({self.environment, *others}))

    @property
    def prefix(self) -> str:
        """What every resource's name begins with, `<app>-<environment>` (INF-9)."""
        return f"{self.app}-{self.environment}"
