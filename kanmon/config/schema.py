"""The model of `kanmon.yml`: frozen typed sections, and the JSON schema made from them (INF-9)."""

from __future__ import annotations

import json
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from kanmon.config.api import Api, Route, check_routes
from kanmon.config.approval import ApprovalRules
from kanmon.config.build import Build
from kanmon.config.checks import Check
from kanmon.config.costs import Costs
from kanmon.config.database import Database
from kanmon.config.functions import Function
from kanmon.config.github import Github
from kanmon.config.hooks import Hook
from kanmon.config.logs import Logs
from kanmon.config.network import Network
from kanmon.config.notifications import Notifications
from kanmon.config.queues import Queue
from kanmon.config.quotas import check_quotas
from kanmon.config.references import check_references
from kanmon.config.schedules import Schedule
from kanmon.config.secrets import Secret
from kanmon.config.section import Section
from kanmon.config.state_machines import StateMachine
from kanmon.config.test import AppTests
from kanmon.config.thresholds import Thresholds
from kanmon.config.traffic import Traffic
from kanmon.config.trail import Trail
from kanmon.config.user_pool import UserPool
from kanmon.config.values import Name
from kanmon.config.web import Web


class Config(Section):
    """All of `kanmon.yml`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["api"]}, {"required": ["web"]}]})

    app: Name = Field(description="Part of every resource's name.")
    environment: Name = Field("production", description="Part of every resource's name, too.")
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        "ap-northeast-1", description="The AWS region."
    )
    tags: dict[str, str] = Field(default_factory=dict, description="Put on everything that is created.")
    test: AppTests | None = None
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
    user_pool: UserPool | None = None
    state_machines: dict[Name, StateMachine] = Field(
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
        check_quotas(self)
        return self

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments with roles in the bootstrap stack.

        All environments' configs give the same.
        """
        others = self.github.environments if self.github else ()
        return tuple(sorted({self.environment, *others}))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The API's routes; none without an API."""
        return self.api.routes if self.api else ()

    @property
    def prefix(self) -> str:
        """The beginning of every resource's name, `<app>-<environment>` (INF-9)."""
        return f"{self.app}-{self.environment}"


def schema_text() -> str:
    """The text of the published JSON schema, deterministic to the byte."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(by_alias=True),
        "title": "kanmon.yml",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
