"""The config: what `kanmon.yml` may say, as frozen typed models. The JSON schema is made from them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from kanmon.config.account import Costs, Github
from kanmon.config.compute import Build, Function, Logs, Queue, Schedule, Workflow
from kanmon.config.entrance import Api, Route, Web
from kanmon.config.foundation import Database, Network, Secret, Trail, Users
from kanmon.config.limits import check_limits
from kanmon.config.references import check_references
from kanmon.config.routes import check_routes
from kanmon.config.section import Section
from kanmon.config.testing import Test
from kanmon.config.trial import ApprovalRules, Check, Hook, Traffic
from kanmon.config.values import Name
from kanmon.config.watch import Notifications, Thresholds


class Config(Section):
    """All of `kanmon.yml`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["api"]}, {"required": ["web"]}]})

    app: Name = Field(description="Part of every resource's name.")
    environment: Name = Field("production", description="Part of every resource's name, too.")
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        "ap-northeast-1", description="The AWS region."
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Put on everything that is created.")
    test: Test | None = None
    build: Build = Build()
    functions: dict[Name, Function] = Field(default_factory=dict)
    api: Api | None = Field(None, description="Without it, the app is its web app alone.")
    web: Web | None = Field(None, description="Without it, the app is its API alone.")
    database: Database | None = None
    network: Network = Network()
    secrets: dict[Name, Secret] = Field(
        default_factory=dict,
        description="Kept in Secrets Manager as `<app>-<environment>-<name>`; no value is ever in here.",
    )
    trail: Trail | None = None
    logs: Logs = Logs()
    users: Users | None = None
    workflows: dict[Name, Workflow] = Field(
        default_factory=dict, description="State machines of Step Functions, by name."
    )
    queues: dict[Name, Queue] = Field(default_factory=dict, description="Queues of messages, by name.")
    schedules: dict[Name, Schedule] = Field(
        default_factory=dict,
        description="What happens by itself, by name; a release does none of it before it is live.",
    )
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
    def _fits_together(self) -> Self:
        check_references(self)
        check_routes(self.routes)
        check_limits(self)
        return self

    @property
    def environments(self) -> tuple[str, ...]:
        """Every environment that the bootstrap stack makes roles for, the same for each one's config."""
        others = self.github.environments if self.github else ()
        return tuple(sorted({self.environment, *others}))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The API's routes; none without an API."""
        return self.api.routes if self.api else ()

    @property
    def prefix(self) -> str:
        """What every resource's name begins with, `<app>-<environment>` (INF-9)."""
        return f"{self.app}-{self.environment}"
