"""Puts the real services behind the state machine's ports."""

from __future__ import annotations

import getpass
import os
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws import Aws, error_code, explained
from kanmon.bundle import Blobs
from kanmon.checks import Alarms, Checks, Edge
from kanmon.cloudformation import Stacks, bootstrap_stack, service_role
from kanmon.database import Database
from kanmon.errors import Code, KanmonError
from kanmon.github import current_run
from kanmon.hooks import Hooks
from kanmon.ledger import Ledger, S3Store, Slot
from kanmon.release.blueprint import API, EDGE, stack_name
from kanmon.release.ports import ApiPort, Entrance, WebPort, World
from kanmon.traffic import ApiStages, NoApi, NoWeb, StageSettings, WebPages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config import Config

EDGE_ENDPOINT = "KANMON_EDGE_ENDPOINT_URL"
"""Where to find the edge instead of at its own domain, for tests without a cloud."""


@dataclass(frozen=True)
class Account:
    """The AWS account as this app sees it."""

    config: Config
    early: Aws | None = None
    """AWS as it was asked before the config was read, in the region that the environment named."""

    @cached_property
    def aws(self) -> Aws:
        """AWS in the config's region."""
        region = self.config.region
        return self.early if self.early and self.early.region == region else Aws(region)

    @cached_property
    def bucket(self) -> str:
        """The artifact bucket's name."""
        return f"{self.config.app}-kanmon-{self.aws.account}-{self.config.region}"

    @cached_property
    def service_role(self) -> str:
        """The ARN of the role by which CloudFormation acts; empty when the config asks for no roles."""
        if self.config.github is None:
            return ""
        return f"arn:{self.aws.partition}:iam::{self.aws.account}:role/{service_role(self.config.prefix)}"

    @property
    def bootstrap_stack(self) -> str:
        """The name of the stack that an administrator applies."""
        return bootstrap_stack(self.config.app)

    @cached_property
    def topic(self) -> str:
        """The topic's ARN. Raises NOT_BOOTSTRAPPED when there is none."""
        stack = Stacks(self.aws.cloudformation).find(self.bootstrap_stack)
        topic = stack.outputs.get("Topic") if stack else None
        if not topic:
            raise KanmonError(Code.NOT_BOOTSTRAPPED, f"{self.bootstrap_stack} has no topic.")
        return topic

    @cached_property
    def blobs(self) -> Blobs:
        """The blobs of the artifact bucket. Raises NOT_BOOTSTRAPPED when there is no bucket."""
        with explained(f"looking for the bucket {self.bucket}"):
            try:
                self.aws.s3.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if error_code(error) not in {"404", "NoSuchBucket", "NotFound"}:
                    raise
                problem = f"There is no bucket {self.bucket}."
                raise KanmonError(Code.NOT_BOOTSTRAPPED, problem) from error
        return Blobs(self.aws.s3, self.bucket)

    def world(self) -> World:
        """The state machine's world."""
        blobs = self.blobs
        store = S3Store(self.aws.s3, self.bucket, f"{self.config.environment}/ledger/")
        return World(
            ledger=Ledger(store),
            stacks=Stacks(self.aws.cloudformation, self.service_role),
            blobs=blobs,
            hooks=Hooks(self.aws.functions, self.config.prefix),
            database=Database(self.aws.rds),
            alarms=Alarms(self.aws.cloudwatch),
            entrance=self._entrance,
            actor=actor(),
            run=run.url if (run := current_run()) else "",
            pause=time.sleep,
        )

    def _entrance(self, config: Config, outputs: Mapping[str, Mapping[str, str]]) -> Entrance:
        edge = Edge(outputs[EDGE]["Domain"], os.environ.get(EDGE_ENDPOINT, ""))
        api: ApiPort = NoApi()
        if config.api:
            settings = StageSettings(config.api.throttle, outputs[API]["AccessLogs"])
            api = ApiStages(self.aws.apigateway, outputs[API]["ApiId"], settings)
        web: WebPort = NoWeb()
        if config.web:
            web = WebPages(self.aws.s3, outputs[EDGE]["WebBucket"], self.bucket)
        return Entrance(api=api, web=web, checks=Checks(edge), url=edge.url)


def app_url(config: Config, world: World) -> str:
    """Where users find the app; empty before its first release."""
    edge = world.stacks.find(stack_name(config, EDGE, Slot.NONE))
    domain = edge.outputs.get("Domain") if edge else None
    return Edge(domain, os.environ.get(EDGE_ENDPOINT, "")).url if domain else ""


def actor() -> str:
    """Who runs this: the workflow's actor, or the user."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
