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
from kanmon.checks import Checks, Edge
from kanmon.cloudformation import Stacks
from kanmon.database import Database
from kanmon.errors import Code, KanmonError
from kanmon.github import current_run
from kanmon.hooks import Hooks
from kanmon.ledger import Ledger, S3Store
from kanmon.release.blueprint import API, EDGE
from kanmon.release.ports import Entrance, World
from kanmon.traffic import ApiStages, StageSettings, WebPages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.approval.gate import Gate
    from kanmon.config import Config
    from kanmon.github.client import Client
    from kanmon.github.runs import QueuedRun
    from kanmon.release.ports import ApprovalPort

EDGE_ENDPOINT = "KANMON_EDGE_ENDPOINT_URL"
"""Where to find the edge instead of at its own domain, for tests without a cloud."""


@dataclass(frozen=True)
class Account:
    """The AWS account as this app sees it."""

    config: Config

    @cached_property
    def aws(self) -> Aws:
        """AWS in the config's region."""
        return Aws(self.config.region)

    @cached_property
    def bucket(self) -> str:
        """The artifact bucket's name."""
        return f"{self.config.app}-kanmon-{self.aws.account}-{self.config.region}"

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
            stacks=Stacks(self.aws.cloudformation),
            blobs=blobs,
            hooks=Hooks(self.aws.functions, self.config.prefix),
            database=Database(self.aws.rds),
            entrance=self._entrance,
            actor=actor(),
            run=run.url if (run := current_run()) else "",
            pause=time.sleep,
        )

    def _entrance(self, config: Config, outputs: Mapping[str, Mapping[str, str]]) -> Entrance:
        throttle = config.api.throttle
        edge = Edge(outputs[EDGE]["Domain"], os.environ.get(EDGE_ENDPOINT, ""))
        return Entrance(
            api=ApiStages(
                self.aws.apigateway, outputs[API]["ApiId"], StageSettings(throttle.rate, throttle.burst)
            ),
            web=WebPages(self.aws.s3, outputs[EDGE]["WebBucket"], self.bucket),
            checks=Checks(edge),
            url=edge.url,
        )


def actor() -> str:
    """Who runs this: the workflow's actor, or the user."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


def github_gate(config: Config) -> Gate:
    """The gate of this run. Raises GITHUB_MISSING outside of a workflow."""
    # PyGithub takes its time to import, and only a workflow needs it.
    from kanmon.approval.gate import Gate, GithubFacts  # noqa: PLC0415

    client = github_client()
    return Gate(GithubFacts(client), client.run, config.environment, config.approval.prevent_self_review)


def gate_approval(config: Config) -> ApprovalPort:
    """Approval by GitHub's reviewers. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.approval.gate import GateApproval  # noqa: PLC0415

    return GateApproval(github_gate(config))


def make_way(workflow: str) -> list[QueuedRun]:
    """Cancel the runs of a workflow that have not come to their gated job; those that were cancelled."""
    from kanmon.github.runs import cancel, queued_runs  # noqa: PLC0415

    client = github_client()
    return [run for run in queued_runs(client, workflow) if cancel(client, run.id)]


def github_client() -> Client:
    """The API of the run's repository. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.github.client import Client  # noqa: PLC0415

    run = current_run()
    if run is None:
        raise KanmonError(Code.GITHUB_MISSING, "This is not a workflow run.")
    return Client(run, os.environ.get("GITHUB_TOKEN", ""))
