"""Questions about AWS that only an account can answer: the code depends on the answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import urllib3

from kanmon.checks.probe import Target
from kanmon.config.checks import Check
from kanmon.config.database import Database
from kanmon.naming import (
    API,
    CANARY_STAGE,
    EDGE,
    FOUNDATION,
    OBSERVABILITY,
    SLOT,
    Output,
    canary_logs,
    database_cluster,
    preview_token,
    snapshot_operation,
    stack_name,
)

from .sample import LEAVING_TAG, NAME, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .account import Account
    from .findings import Findings
    from .steps import Verification

_NOT_PLAYED = "the embedded AWS does not play it"
_METRICS_LATE = 300.0
"""Seconds until CloudWatch lists a new metric."""
_PAUSE = 15.0
_TIMEOUT = 20.0


def offers(run: Verification, findings: Findings) -> None:
    """What the region offers, before anything is made."""
    rds, version = run.account.client("rds"), Database(name="verify").engine_version
    engine = {"Engine": "aurora-postgresql", "EngineVersion": version}
    found = rds.describe_db_engine_versions(**engine)["DBEngineVersions"]
    findings.prove("E5", f"Aurora PostgreSQL {version} is offered", bool(found))
    options = run.account.pages(
        "rds",
        "describe_orderable_db_instance_options",
        "OrderableDBInstanceOptions",
        **engine,
        DBInstanceClass="db.serverless",
    )

    def insights() -> tuple[bool, str]:
        offered = [bool(one.get("SupportsPerformanceInsights")) for one in options]
        return any(offered), f"{len(offered)} options"

    _look(run, findings, "E5", "db.serverless is offered with Performance Insights", insights)
    limits = run.account.client("lambda").get_account_settings()["AccountLimit"]
    concurrent = limits["ConcurrentExecutions"]
    findings.prove("D7", "Lambda runs at least 10 functions at once", concurrent >= 10, f"{concurrent}")


def points(run: Verification, findings: Findings) -> None:
    """Section E of the reading of AWS, and further questions."""
    asked = (_key, _tags, _parameters, _untagged, _insights, _resources, _canary_logs, _rotation, _snapshots)
    for point in (*asked, _edge, _canary_metrics):
        point(run, findings)
    findings.leave(
        "E7",
        "A job takes its concurrency group before its approval",
        "GitHub decides. By hand: start two runs, and look which one waits",
    )


def _look(
    run: Verification, findings: Findings, point: str, claim: str, look: Callable[[], tuple[bool, str]]
) -> None:
    """Answer a question that the embedded AWS can't answer."""
    if run.embedded:
        findings.leave(point, claim, _NOT_PLAYED)
    else:
        findings.prove(point, claim, *look())


def _key(run: Verification, findings: Findings) -> None:
    stack = run.account.stack(stack_name(PREFIX, FOUNDATION, "")) or {}
    role = stack.get("RoleARN", "").rpartition("/")[2] or "its role"
    findings.prove(
        "E1",
        "CloudFormation's role uses a key right after its creation",
        stack.get("StackStatus", "").endswith("_COMPLETE"),
        f"the foundation was made by {role}; its rights name the key, not the key's tags",
    )


def _tags(run: Verification, findings: Findings) -> None:
    def look() -> tuple[bool, str]:
        bucket = run.account.outputs(stack_name(PREFIX, EDGE, ""))[Output.WEB_BUCKET]
        tags = _named(run.account.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"])
        return tags.get("app") == NAME and LEAVING_TAG not in tags, f"{len(tags)} tags"

    _look(run, findings, "E2", "CloudFormation's role tags and untags a bucket", look)


def _parameters(run: Verification, findings: Findings) -> None:
    summary = run.account.client("cloudformation").get_template_summary(
        StackName=stack_name(PREFIX, SLOT, "blue")
    )
    types = {one["ParameterType"] for one in summary["Parameters"]}
    findings.prove(
        "E3",
        "A plan needs no right to look at the network",
        types <= {"String", "CommaDelimitedList"},
        f"the slot's parameters are {', '.join(sorted(types))}",
    )


def _untagged(run: Verification, findings: Findings) -> None:
    account, api = run.account, run.account.outputs(stack_name(PREFIX, API, ""))[Output.API_ID]
    distribution = account.outputs(stack_name(PREFIX, EDGE, ""))[Output.DISTRIBUTION]
    arn = f"arn:{account.partition}:cloudfront::{account.number}:distribution/{distribution}"
    gateway = account.client("apigateway")
    found = {
        "stacks": _named((account.stack(stack_name(PREFIX, API, "")) or {}).get("Tags", [])),
        "API": gateway.get_tags(
            resourceArn=f"arn:{account.partition}:apigateway:{account.region}::/restapis/{api}"
        )["tags"],
        "database": _named(_cluster(account)["TagList"]),
        "distribution": _named(
            account.client("cloudfront").list_tags_for_resource(Resource=arn)["Tags"]["Items"]
        ),
    }
    kept = [place for place, tags in found.items() if LEAVING_TAG in tags]
    fact = f"gone from {', '.join(found)}" if not kept else f"still on {', '.join(kept)}"
    claim = "A tag that leaves the config leaves the resources, by a change set with OnStackFailure"
    findings.prove("E4", claim, not kept, fact)
    findings.prove(
        "L6", "CloudFormation's role imports an API without tags, then tags it", "app" in found["API"]
    )


def _insights(run: Verification, findings: Findings) -> None:
    def look() -> tuple[bool, str]:
        of_cluster = [{"Name": "db-cluster-id", "Values": [database_cluster(PREFIX)]}]
        found = run.account.pages("rds", "describe_db_instances", "DBInstances", Filters=of_cluster)
        enabled = [bool(one.get("PerformanceInsightsEnabled")) for one in found]
        return bool(enabled) and all(enabled), f"{len(enabled)} instances"

    _look(run, findings, "E5", "The instances have Performance Insights", look)


def _resources(run: Verification, findings: Findings) -> None:
    edge = dict(_resources_of(run.account, stack_name(PREFIX, EDGE, "")))
    claim = "CloudFormation's role switches CloudFront's metrics on"
    findings.prove("E6", claim, "AWS::CloudFront::MonitoringSubscription" in edge)
    template = run.account.client("cloudformation").get_template(StackName=stack_name(PREFIX, API, ""))
    findings.prove(
        "L4", "FailOnWarnings accepts the API's document", "FailOnWarnings" in str(template["TemplateBody"])
    )
    findings.prove(
        "L1",
        "A saved query may name a log group before it exists",
        "AWS::Logs::QueryDefinition"
        in dict(_resources_of(run.account, stack_name(PREFIX, OBSERVABILITY, ""))),
        "made when one slot had no log yet",
    )


def _canary_logs(run: Verification, findings: Findings) -> None:
    def look() -> tuple[bool, str]:
        name = canary_logs(PREFIX)
        streams = list(run.account.pages("logs", "describe_log_streams", "logStreams", logGroupName=name))
        (group,) = run.account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
        return bool(streams) and group.get("retentionInDays") == 1, f"{len(streams)} streams"

    _look(run, findings, "L7", "API Gateway writes a canary's log into the group that Kanmon made", look)


def _rotation(run: Verification, findings: Findings) -> None:
    secret = run.account.client("secretsmanager").describe_secret(
        SecretId=_cluster(run.account)["MasterUserSecret"]["SecretArn"]
    )
    days = secret.get("RotationRules", {}).get("AutomaticallyAfterDays")
    findings.prove(
        "L8",
        "CloudFormation's role changes the rotation of RDS's own secret",
        days == 30,
        f"every {days} days",
    )


def _snapshots(run: Verification, findings: Findings) -> None:
    found = run.account.pages(
        "rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual"
    )
    names = [one["DBClusterSnapshotIdentifier"] for one in found]
    own = [name for name in names if snapshot_operation(PREFIX, name) is not None]
    findings.prove("CD-5", "A snapshot exists before a release", bool(own))
    findings.prove(
        "L3", "The deploy role finds and deletes old snapshots", len(own) <= 2, f"{len(own)} left, 2 allowed"
    )


def _edge(run: Verification, findings: Findings) -> None:
    edge, page = run.edge, Check.model_validate({"name": "page", "path": "/"})
    live = edge.ask(page, Target("live", ""), _TIMEOUT)
    made_up = edge.ask(page, Target("preview", "", preview_token("r1", "0" * 32)), _TIMEOUT)
    nothing = made_up.status != live.status and "set-cookie" not in made_up.headers
    findings.prove("TRU-2", "A made-up preview leads to nothing", nothing, f"status {made_up.status}")
    age = live.headers.get("strict-transport-security", "")
    findings.prove("INF-8", "Pages have security headers", bool(age), age)

    def look() -> tuple[bool, str]:
        bucket = run.account.outputs(stack_name(PREFIX, EDGE, ""))[Output.WEB_BUCKET]
        plain = f"http://{edge.domain}/", f"https://{bucket}.s3.{run.account.region}.amazonaws.com/index.html"
        codes = [urllib3.request("GET", url, redirect=False, retries=False).status for url in plain]
        return codes == [301, 403], f"status {codes[0]} without TLS, {codes[1]} from the bucket"

    _look(run, findings, "SEC-4", "Pages come by TLS only, and never from the bucket itself", look)


def _canary_metrics(run: Verification, findings: Findings) -> None:
    """The canary's own metrics: an alarm of a release in progress reads them."""

    def look() -> tuple[bool, str]:
        dimensions = [{"Name": "ApiName", "Value": PREFIX}, {"Name": "Stage", "Value": CANARY_STAGE}]
        end = time.monotonic() + _METRICS_LATE
        while True:
            found = run.account.pages(
                "cloudwatch", "list_metrics", "Metrics", Namespace="AWS/ApiGateway", Dimensions=dimensions
            )
            names = sorted({one["MetricName"] for one in found})
            if names or time.monotonic() > end:
                return bool(names), ", ".join(names)
            time.sleep(_PAUSE)

    _look(run, findings, "L2", f"CloudWatch has metrics of the stage {CANARY_STAGE}", look)


def _cluster(account: Account) -> Any:
    name = database_cluster(PREFIX)
    return account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def _named(tags: list[dict[str, str]]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in tags}


def _resources_of(account: Account, stack: str) -> Iterator[tuple[str, str]]:
    pages = account.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return ((one["ResourceType"], one.get("PhysicalResourceId", "")) for one in pages)
