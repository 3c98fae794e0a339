"""Connects the real services with the state machine's ports."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kanmon.aws.alarms import Alarms
from kanmon.aws.functions import Functions
from kanmon.aws.kept import KeptResources
from kanmon.aws.snapshots import Snapshots
from kanmon.checks.execution import Checks
from kanmon.checks.in_aws import Probes, Secrets
from kanmon.checks.probe import Edge
from kanmon.clock import SYSTEM_CLOCK
from kanmon.config.served import ServedApi
from kanmon.github.workflow_run import actor, current_run
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.store import S3Store
from kanmon.model import Resource, Slot
from kanmon.naming import API, EDGE, FOUNDATION, Output, ledger_folder, stack_name
from kanmon.release.destroy import Removers
from kanmon.release.ports import ApiPort, Services, Site, WebPort
from kanmon.stacks.cloudformation import Stacks
from kanmon.stacks.removal import StackRemoval
from kanmon.traffic.absent import NoApi, NoWeb
from kanmon.traffic.pages import WebPages
from kanmon.traffic.stage_settings import StageSettings
from kanmon.traffic.stages import ApiStages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_s3 import S3Client

    from kanmon.bundle.blobs import Blobs
    from kanmon.cli.account import Account
    from kanmon.cli.preview_tests import PreviewTests
    from kanmon.config.schema import Config
    from kanmon.config.served import ServedConfig

EDGE_ENDPOINT = "KANMON_EDGE_ENDPOINT_URL"
"""The edge's address in place of its own domain, for tests without a cloud."""


def services_of(
    account: Account, warn: Callable[[str], None], tests: Callable[[Secrets], PreviewTests]
) -> Services:
    """The services for deploy, rollback and recover. `warn` gets a text about each unreadable record.

    `tests` makes the team's own tests, with the secrets that they may use.

    Raises CREDENTIALS_MISSING, NOT_BOOTSTRAPPED.
    """
    aws, config = account.aws, account.config
    store = S3Store(aws.ledger_s3(), account.bucket, ledger_folder(config.environment))

    secrets = Secrets(aws.check_secrets, config.prefix)

    def site(config: ServedConfig, outputs: Mapping[str, Mapping[str, str]]) -> Site:
        edge = _edge(outputs.get(EDGE, {}))
        api = open_api(aws.apigateway, config, outputs)
        web = open_web(aws.s3, account.blobs, outputs)
        probes = Probes(edge, aws.probed_functions, aws.users, config.prefix, outputs.get(FOUNDATION, {}))
        checks = Checks(probes, SYSTEM_CLOCK, secrets.read)
        return Site(api=api, web=web, checks=checks, url=edge.url)

    def other_ledger(environment: str) -> Ledger:
        return Ledger(S3Store(aws.ledger_s3(), account.bucket, ledger_folder(environment)), warn)

    return Services(
        ledger=Ledger(store, warn),
        other_ledger=other_ledger,
        stacks=Stacks(aws.cloudformation, account.service_role),
        blobs=account.blobs,
        functions=Functions(aws.functions, aws.function_reads),
        snapshots=Snapshots(aws.rds),
        alarms=Alarms(aws.cloudwatch),
        preview_tests=tests(secrets),
        site=site,
        clock=SYSTEM_CLOCK,
        fence=aws.fence,
        actor=actor(),
        run=run.url if (run := current_run()) else "",
    )


def removers_of(account: Account) -> Removers:
    """The services for the removal of an environment. Raises CREDENTIALS_MISSING."""
    aws, environment = account.aws, account.config.environment
    resources = KeptResources(aws.administration)
    store = S3Store(aws.ledger_s3(), account.bucket, ledger_folder(environment))
    # Without its bucket there is no ledger, and no deploy either.
    there = resources.exists(Resource("AWS::S3::Bucket", account.bucket))
    return Removers(
        ledger=Ledger(store) if there else None,
        stacks=StackRemoval(aws.cloudformation),
        resources=resources,
        clock=SYSTEM_CLOCK,
        fence=aws.fence,
        actor=actor(),
    )


def open_api(
    apigateway: APIGatewayClient, config: ServedConfig, outputs: Mapping[str, Mapping[str, str]]
) -> ApiPort:
    """The API's stages, if the stacks have an API; their outputs come by the stacks' kinds.

    The stacks decide, not the config: a release may be the first one without an API, and a rollback must
    reach what its release never had.
    """
    back = outputs.get(API)
    if not back:
        return NoApi()
    settings = StageSettings((config.api or ServedApi()).throttle, back[Output.ACCESS_LOGS])
    return ApiStages(apigateway, back[Output.API_ID], settings)


def open_web(s3: S3Client, blobs: Blobs, outputs: Mapping[str, Mapping[str, str]]) -> WebPort:
    """The web app's pages, if the stacks have a web bucket. The stacks decide, as for :func:`open_api`."""
    bucket = outputs.get(EDGE, {}).get(Output.WEB_BUCKET)
    return WebPages(s3, bucket, blobs) if bucket else NoWeb()


def app_url(config: Config, services: Services) -> str:
    """The app's address; empty before its first release."""
    edge = services.stacks.find(stack_name(config.prefix, EDGE, Slot.NONE))
    return _edge(edge.outputs).url if edge and Output.DOMAIN in edge.outputs else ""


def _edge(outputs: Mapping[str, str]) -> Edge:
    """The distribution, from the outputs of the edge."""
    return Edge(outputs.get(Output.DOMAIN, ""), os.environ.get(EDGE_ENDPOINT, ""), _own_name(outputs))


def _own_name(edge: Mapping[str, str]) -> str:
    """The app's first domain name of its own, from the edge's outputs; empty without one."""
    host = edge.get(Output.URL, "").removeprefix("https://")
    return "" if host == edge.get(Output.DOMAIN) else host
