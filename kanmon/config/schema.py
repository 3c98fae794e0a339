"""The model of `kanmon.yml`: frozen typed sections, and the JSON schema made from them (INF-9)."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from kanmon.config.alarms import AppAlarm
from kanmon.config.api import Api, Route, check_routes
from kanmon.config.approval import ApprovalRules
from kanmon.config.authorizers import check_authorizers
from kanmon.config.blocks import MOST
from kanmon.config.build import Build
from kanmon.config.checks import Check
from kanmon.config.connections import with_sign_in
from kanmon.config.costs import Costs
from kanmon.config.database import Database
from kanmon.config.environments import Blocks, with_partial_blocks
from kanmon.config.existing import Existing, check_existing
from kanmon.config.functions import Function
from kanmon.config.github import Github
from kanmon.config.hooks import Hook
from kanmon.config.logs import Logs
from kanmon.config.names import check_names
from kanmon.config.network import Network
from kanmon.config.notifications import Notifications
from kanmon.config.permissions import Boundary
from kanmon.config.queues import Queue
from kanmon.config.quotas import check_quotas
from kanmon.config.references import check_references
from kanmon.config.releases import Releases
from kanmon.config.reserved import check_reserved
from kanmon.config.schedules import Schedule
from kanmon.config.secrets import Secret
from kanmon.config.section import Section, written
from kanmon.config.stacks import Stack
from kanmon.config.state_machines import StateMachine
from kanmon.config.test import AppTests
from kanmon.config.thresholds import Thresholds
from kanmon.config.traffic import Traffic
from kanmon.config.trail import Trail
from kanmon.config.user_pool import UserPool, check_user_pool
from kanmon.config.values import LogicalId, Name
from kanmon.config.verify import Verify
from kanmon.config.waiting import check_waiting
from kanmon.config.web import Web
from kanmon.language import deferred


# The greatest numbers of functions and the like come from their resources: a stack has at most 500. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
class Config(Section):
    """All of `kanmon.yml`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["api"]}, {"required": ["web"]}]})

    app: Name = Field(
        examples=["shop"],
        description="The app's name. Every resource's name begins with it: `shop-production-…`. If you "
        "change it, Kanmon creates new stacks and leaves the old ones behind.",
    )
    environment: Name = Field(
        "production",
        examples=["staging"],
        description="The environment's name. Resources carry it after `app`, and the GitHub environment with "
        "your reviewers has the same name. If you change it, Kanmon creates new stacks and leaves the old "
        "ones behind.",
    )
    environments: Blocks = Field(
        default_factory=dict,
        max_length=MOST,
        examples=[
            {"staging": {"traffic": {"strategy": "all-at-once"}}, "production": {"requires": "staging"}}
        ],
        description="All environments of the app, each with what differs there: `{staging: {thresholds: "
        "{api_p95: 5s}}, production: {requires: staging}}`. The keys of a block are those of this file. "
        "A mapping is merged with the one outside of the block; a list or another value replaces it. Keys of "
        "the build can't differ: one bundle is built for all. Commands take `--env NAME`; without it, the "
        "first one of the file counts. Without this section, the config is that of one environment, named "
        "by `environment`.",
    )
    requires: Name | None = Field(
        None,
        examples=["staging"],
        description="Another environment of `environments`, in the same AWS account and region. A plan is "
        "refused unless the same bundle was stable there. Run `kanmon bootstrap` after a change.",
    )
    region: Annotated[
        str,
        written(
            r"^[a-z]{2}(-[a-z]+)+-\d$",
            deferred("Use the code of an AWS region, not its name."),
            "eu-central-1",
        ),
    ] = Field(
        "ap-northeast-1",
        description="The code of the AWS region for all stacks, such as `eu-central-1`. If you change it, "
        "Kanmon creates new stacks there and leaves the old ones behind.",
    )
    language: Literal["en", "ja"] = Field(
        "en",
        description="The language of what Kanmon shows: English or Japanese. The variable `KANMON_LANG` "
        "counts more.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"cost-center": "shop"}],
        description="Tags for every AWS resource, besides Kanmon's own `app`, `environment` and "
        "`managed-by`: `{cost-center: shop}`. At most 47.",
    )
    test: AppTests | None = Field(
        None,
        description="The tests of your app for `kanmon test`: commands, reports and coverage. Without this "
        "section, `kanmon test` stops with an error.",
    )
    build: Build = Field(
        default_factory=Build,
        description="The build of your app for `kanmon build`: commands that write the artifacts and the web "
        "files.",
    )
    functions: dict[Name, Function] = Field(
        default_factory=dict,
        max_length=400,
        examples=[{"api": {"handler": "shop.handler.handle", "artifact": "build/api"}}],
        description="All Lambda functions of the app, each under a name of your choice, such as `api`. "
        "Routes, queues, schedules and hooks use these names.",
    )
    api: Api | None = Field(
        None,
        description="The REST API in front of the functions. Without this section the app is its web app "
        "alone.",
    )
    web: Web | None = Field(
        None,
        description="The web app: files for CloudFront to deliver. Without this section the app is its API "
        "alone. An app needs at least one of `api` and `web`.",
    )
    database: Database | None = Field(
        None,
        description="An Aurora PostgreSQL database (Serverless v2) with its network. It costs about 195 USD "
        "a month at rest. Removing this section would delete the database, and Kanmon refuses it.",
    )
    network: Network = Field(
        default_factory=Network,
        description="The private network (VPC) of the database and its functions. It exists only with "
        "`database`.",
    )
    existing: Existing = Field(
        default_factory=Existing,
        examples=[{"user_pool": {"id": "eu-central-1_Ab12Cd34E", "client": "1h57kf5cpq17m0"}}],
        description="What exists already, by id: network, database, user pool, domain names, web ACL. The "
        "plan verifies each id. Kanmon never changes or removes these. Run `kanmon bootstrap` after a "
        "change.",
    )
    secrets: dict[Name, Secret] = Field(
        default_factory=dict,
        max_length=250,
        examples=[{"jwt": {"value": "generated"}}],
        description="All secrets of the app, each under a name of your choice, such as `jwt`. They lie in "
        "Secrets Manager as `<app>-<environment>-<name>`. Never write a value into this file.",
    )
    trail: Trail | None = Field(
        None,
        description="An audit trail (CloudTrail) of everything done in the AWS account, in all regions. "
        "`trail: {}` turns it on. One for an account is enough. Run `kanmon bootstrap` after a change. "
        "Removing this section ends no trail.",
    )
    logs: Logs = Field(
        default_factory=Logs,
        description="The logs of functions and state machines in CloudWatch.",
    )
    user_pool: UserPool | None = Field(
        None,
        description="A Cognito user pool for the app's users, with a client for the web app. `user_pool: {}` "
        "makes it. Removing it later would delete all users, and Kanmon refuses it.",
    )
    state_machines: dict[Name, StateMachine] = Field(
        default_factory=dict,
        max_length=250,
        examples=[{"report": {"definition": "definitions/report.json"}}],
        description="All Step Functions state machines of the app, each under a name of your choice, such as "
        "`report`. Functions start them with `starts`, schedules with `state_machine`.",
    )
    queues: dict[Name, Queue] = Field(
        default_factory=dict,
        max_length=250,
        examples=[{"mail": {"function": "send-mail"}}],
        description="All SQS queues of the app, each under a name of your choice, such as `mail`. Most "
        "have one function, and then a queue for dead letters. Functions send messages with `sends`.",
    )
    schedules: dict[Name, Schedule] = Field(
        default_factory=dict,
        max_length=250,
        examples=[{"nightly": {"expression": "cron(0 18 ? * MON-FRI *)", "function": "tidy"}}],
        description="All timed jobs of the app, each under a name of your choice, such as `nightly`. They "
        "run in the live release only, never in a candidate.",
    )
    hooks: tuple[Hook, ...] = Field(
        (),
        max_length=50,
        description="Functions to run before a release gets traffic, one after the other: `[{name: migrate, "
        "function: migrate}]` migrates the database. A failing hook aborts the deploy.",
    )
    checks: tuple[Check, ...] = Field(
        min_length=1,
        max_length=100,
        description="The smoke checks: HTTP requests with conditions on the answers. Kanmon runs all of them "
        "against the candidate, during the canary, on the live release and after a rollback. A failing one "
        "aborts the deploy or rolls it back.",
    )
    verify: Verify | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="Your own end-to-end tests, such as Playwright's. They run in a container against the "
        "candidate's preview, after the checks and before any user gets the release. A failed test aborts "
        "the deploy. Without this section, the checks alone decide.",
    )
    traffic: Traffic = Field(
        default_factory=Traffic,
        description="How a new release reaches all users: at once, or with a share of the API requests "
        "first.",
    )
    approval: ApprovalRules = Field(
        default_factory=ApprovalRules,
        description="The rules for an approval. The GitHub environment always needs a branch rule, and "
        "required reviewers unless you write `reviewers: false`.",
    )
    releases: Releases = Field(
        default_factory=Releases,
        description="The earlier releases to keep for a rollback.",
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds,
        description="The limits for alarms and dashboard. If a rollback alarm fires during a bake, Kanmon "
        "rolls the release back.",
    )
    alarms: dict[Name, AppAlarm] = Field(
        default_factory=dict,
        max_length=50,
        examples=[
            {
                "unsent": {
                    "queue": "mail-dead",
                    "metric": "ApproximateNumberOfMessagesVisible",
                    "statistic": "Maximum",
                    "threshold": 0,
                }
            }
        ],
        description="Alarms of your own, each under a name of your choice, such as `unsent`. Their "
        "messages go where those of Kanmon's alarms go. Each costs about 0.10 USD a month, in each slot if "
        "it watches one.",
    )
    notifications: Notifications = Field(
        default_factory=Notifications,
        description="The receivers of messages about releases and alarms.",
    )
    github: Github | None = Field(
        None,
        description="The app's repository on GitHub. `kanmon bootstrap` makes roles in AWS for its workflows "
        "(OpenID Connect, no stored keys). Without this section, only people with AWS credentials can "
        "release. Run `kanmon bootstrap` after a change of this section.",
    )
    stacks: dict[Name, Stack] = Field(
        default_factory=dict,
        max_length=8,
        examples=[{"orders": {"template": "infra/orders.yml"}}],
        description="Your own CloudFormation stacks, each under a name of your choice, such as `orders`: "
        "tables, buckets, topics. They are a part of each release. Everything in the config can use their "
        "outputs, such as `${orders.TableArn}`. Run `kanmon bootstrap` for new resource types.",
    )
    boundary: Boundary | None = Field(
        None,
        description="The ceiling of all `permissions`: an administrator applies it with `kanmon bootstrap`. "
        "A plan that needs more is refused.",
    )
    costs: Costs | None = Field(
        None,
        description="A monthly budget for the app, with messages and a search for unusual costs. `costs: {}` "
        "turns it on. Run `kanmon bootstrap` after a change.",
    )
    allow_destroy: tuple[LogicalId, ...] = Field(
        (),
        max_length=500,
        examples=[["MailQueue", "MailDeadLetters"]],
        description="Logical ids of resources with data that the next plan may replace or delete: "
        "`[MailQueue]`. Kanmon refuses all others. Remove the ids again after the release.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_names(self)
        check_reserved(self)
        check_existing(self)
        check_references(self)
        check_waiting(self)
        check_routes(self.routes)
        check_authorizers(self)
        check_user_pool(self)
        # The model is frozen for others only: a default that depends on other sections comes last.
        self.__dict__["web"] = with_sign_in(self)
        check_quotas(self)
        return self

    @property
    def every_environment(self) -> tuple[str, ...]:
        """The environments with roles in the bootstrap stack.

        All environments' configs give the same.
        """
        others = self.github.environments if self.github else ()
        return tuple(sorted({self.environment, *self.environments, *others}))

    @property
    def stateful_stacks(self) -> frozenset[str]:
        """The stacks of the team's own with data."""
        return frozenset(name for name, stack in self.stacks.items() if stack.stateful)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The API's routes; none without an API."""
        return self.api.routes if self.api else ()

    @property
    def prefix(self) -> str:
        """The beginning of every resource's name, `<app>-<environment>` (INF-9)."""
        return f"{self.app}-{self.environment}"

    def as_json(self) -> dict[str, JsonValue]:
        """The whole config with its defaults, as a bundle's manifest stores it."""
        return self.model_dump(mode="json", by_alias=True)


def schema_text() -> str:
    """The text of the published JSON schema, deterministic to the byte."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **with_partial_blocks(Config.model_json_schema(by_alias=True)),
        "title": "kanmon.yml",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
