"""Questions about AWS that only an account can answer: the code depends on the answers."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
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
    bootstrap_stack,
    canary_logs,
    database_cluster,
    environment_output,
    preview_token,
    service_role,
    slot_logs,
    snapshot_operation,
    stack_name,
)
from kanmon.stacks.states import SUCCEEDED

from .sample import ENVIRONMENT, LEAVING_TAG, LOG_DAYS, NAME, PREFIX, SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .account import Account
    from .findings import Findings
    from .steps import Verification

Found = tuple[bool, str]
"""Whether it is as the code needs it, and a figure or a reason."""
_METRICS_LATE = 300.0
"""Seconds until CloudWatch lists a new metric."""
_PAUSE = 15.0
_TIMEOUT = 20.0
_PAGE = Check.model_validate({"name": "page", "path": "/"})
_TEN = 10
"""Functions at once: the limit of many new accounts."""


@dataclass(frozen=True)
class Point:
    """One question."""

    id: str
    claim: str
    look: Callable[[Verification], Found]
    played: bool = True
    """The embedded AWS can answer it, too."""


def offers(run: Verification, findings: Findings) -> None:
    """What the region offers, before anything is made."""
    _ask(OFFERS, run, findings)


def points(run: Verification, findings: Findings) -> None:
    """What only an account with the app can answer."""
    _ask(POINTS, run, findings)
    findings.leave(
        "P9",
        "A job takes its concurrency group before its approval",
        "GitHub decides. By hand: start two runs, and look which one waits",
    )


def _ask(asked: Iterable[Point], run: Verification, findings: Findings) -> None:
    for point in asked:
        if point.played or not run.embedded:
            findings.prove(point.id, point.claim, *point.look(run))
        else:
            findings.leave(point.id, point.claim, "the embedded AWS does not play it")


def _engine(run: Verification) -> Found:
    found = run.account.client("rds").describe_db_engine_versions(**_database())["DBEngineVersions"]
    return bool(found), _database()["EngineVersion"]


def _serverless(run: Verification) -> Found:
    operation, key = "describe_orderable_db_instance_options", "OrderableDBInstanceOptions"
    options = run.account.pages("rds", operation, key, **_database(), DBInstanceClass="db.serverless")
    insights = [bool(one.get("SupportsPerformanceInsights")) for one in options]
    return any(insights), f"{len(insights)} options"


def _database() -> dict[str, str]:
    return {"Engine": "aurora-postgresql", "EngineVersion": Database(name="verify").engine_version}


def _concurrency(run: Verification) -> Found:
    limit = run.account.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    return limit >= _TEN, str(limit)


def _key(run: Verification) -> Found:
    stack = run.account.stack(stack_name(PREFIX, FOUNDATION, "")) or {}
    outputs = run.account.outputs(bootstrap_stack(NAME))
    wanted = {
        "role": service_role(PREFIX),
        "key": outputs[environment_output(ENVIRONMENT, Output.KEY_ARN)],
    }
    found = {"role": stack.get("RoleARN", "").rpartition("/")[2], "key": _cluster(run.account)["KmsKeyId"]}
    other = [name for name, value in wanted.items() if found[name] != value]
    status = stack.get("StackStatus", "not there")
    fact = f"the foundation is {status}" + (f", with another {' and '.join(other)}" if other else "")
    return status in SUCCEEDED and not other, fact


def _bucket_tags(run: Verification) -> Found:
    tags = _named(run.account.client("s3").get_bucket_tagging(Bucket=_web_bucket(run.account))["TagSet"])
    return tags.get("app") == NAME and LEAVING_TAG not in tags, f"{len(tags)} tags"


def _parameters(run: Verification) -> Found:
    slot = stack_name(PREFIX, SLOT, "blue")
    summary = run.account.client("cloudformation").get_template_summary(StackName=slot)
    types = {one["ParameterType"] for one in summary["Parameters"]}
    return types <= {"String", "CommaDelimitedList"}, f"the slot's are {', '.join(sorted(types))}"


def _untagged(run: Verification) -> Found:
    account, edge = run.account, run.account.outputs(stack_name(PREFIX, EDGE, ""))
    arn = f"arn:{account.partition}:cloudfront::{account.number}:distribution/{edge[Output.DISTRIBUTION]}"
    distribution = account.client("cloudfront").list_tags_for_resource(Resource=arn)["Tags"]["Items"]
    found = {
        "stacks": _named((account.stack(stack_name(PREFIX, API, "")) or {}).get("Tags", [])),
        "API": _api_tags(account),
        "database": _named(_cluster(account)["TagList"]),
        "distribution": _named(distribution),
    }
    kept = [place for place, tags in found.items() if LEAVING_TAG in tags]
    return not kept, f"still on {', '.join(kept)}" if kept else f"gone from {', '.join(found)}"


def _imported(run: Verification) -> Found:
    tags = _api_tags(run.account)
    return tags.get("app") == NAME, f"{len(tags)} tags"


def _api_tags(account: Account) -> dict[str, str]:
    api = account.outputs(stack_name(PREFIX, API, ""))[Output.API_ID]
    arn = f"arn:{account.partition}:apigateway:{account.region}::/restapis/{api}"
    tags: dict[str, str] = account.client("apigateway").get_tags(resourceArn=arn)["tags"]
    return tags


def _insights(run: Verification) -> Found:
    of_cluster = [{"Name": "db-cluster-id", "Values": [database_cluster(PREFIX)]}]
    found = run.account.pages("rds", "describe_db_instances", "DBInstances", Filters=of_cluster)
    enabled = [bool(one.get("PerformanceInsightsEnabled")) for one in found]
    return bool(enabled) and all(enabled), f"{len(enabled)} instances"


def _monitoring(run: Verification) -> Found:
    return "AWS::CloudFront::MonitoringSubscription" in _types(run.account, EDGE), ""


def _warnings(run: Verification) -> Found:
    name = stack_name(PREFIX, API, "")
    template = run.account.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    return "FailOnWarnings" in str(template), ""


def _queries(run: Verification) -> Found:
    made = "AWS::Logs::QueryDefinition" in _types(run.account, OBSERVABILITY)
    return made, "made when one slot had no log yet"


def _types(account: Account, kind: str) -> set[str]:
    pages = account.pages(
        "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=f"{PREFIX}-{kind}"
    )
    return {one["ResourceType"] for one in pages}


def _canary_log(run: Verification) -> Found:
    name = canary_logs(PREFIX)
    streams = list(run.account.pages("logs", "describe_log_streams", "logStreams", logGroupName=name))
    (group,) = run.account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return bool(streams) and group.get("retentionInDays") == 1, f"{len(streams)} streams"


def _canary_metrics(run: Verification) -> Found:
    """The canary's own metrics: an alarm of a release in progress reads them."""
    dimensions = [{"Name": "ApiName", "Value": PREFIX}, {"Name": "Stage", "Value": CANARY_STAGE}]
    asked = {"Namespace": "AWS/ApiGateway", "Dimensions": dimensions}
    end = time.monotonic() + _METRICS_LATE
    while True:
        found = run.account.pages("cloudwatch", "list_metrics", "Metrics", **asked)
        names = sorted({one["MetricName"] for one in found})
        if names or time.monotonic() > end:
            return bool(names), ", ".join(names)
        time.sleep(_PAUSE)


def _rotation(run: Verification) -> Found:
    arn = _cluster(run.account)["MasterUserSecret"]["SecretArn"]
    secret = run.account.client("secretsmanager").describe_secret(SecretId=arn)
    days = secret.get("RotationRules", {}).get("AutomaticallyAfterDays")
    return days == Database(name="verify").rotation_days, f"every {days} days"


def _snapshot(run: Verification) -> Found:
    names = _own_snapshots(run.account)
    return bool(names), f"{len(names)}"


def _old_snapshots(run: Verification) -> Found:
    names = _own_snapshots(run.account)
    return len(names) <= SNAPSHOTS, f"{len(names)} left, {SNAPSHOTS} allowed"


def _own_snapshots(account: Account) -> list[str]:
    operation, key = "describe_db_cluster_snapshots", "DBClusterSnapshots"
    found = account.pages("rds", operation, key, SnapshotType="manual")
    names = [one["DBClusterSnapshotIdentifier"] for one in found]
    return [name for name in names if snapshot_operation(PREFIX, name) is not None]


def _made_up_preview(run: Verification) -> Found:
    made_up = run.edge.ask(_PAGE, Target("preview", "", preview_token("r1", "0" * 32)), _TIMEOUT)
    return made_up.status >= 400 and "set-cookie" not in made_up.headers, f"status {made_up.status}"


def _headers(run: Verification) -> Found:
    age = run.edge.ask(_PAGE, Target("live", ""), _TIMEOUT).headers.get("strict-transport-security", "")
    return bool(age), age


def _transport(run: Verification) -> Found:
    bucket = f"https://{_web_bucket(run.account)}.s3.{run.account.region}.amazonaws.com/index.html"
    plain, direct = (
        urllib3.request("GET", url, redirect=False, retries=False, timeout=_TIMEOUT).status
        for url in (f"http://{run.edge.domain}/", bucket)
    )
    return (plain, direct) == (301, 403), f"status {plain} without TLS, {direct} from the bucket"


def _dashboard(run: Verification) -> Found:
    body = run.account.client("cloudwatch").get_dashboard(DashboardName=PREFIX)["DashboardBody"]
    widgets = len(json.loads(body)["widgets"])
    return widgets > 0, f"{widgets} widgets"


def _alarms(run: Verification) -> Found:
    found = run.account.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{PREFIX}-")
    states = Counter(str(one["StateValue"]) for one in found)
    return bool(found) and "INSUFFICIENT_DATA" not in states, ", ".join(f"{n} {s}" for s, n in states.items())


def _log_days(run: Verification) -> Found:
    name = slot_logs(PREFIX, "blue")
    groups = run.account.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    days = {one["logGroupName"]: one.get("retentionInDays") for one in groups}.get(name)
    return days == LOG_DAYS, f"{days} days"


def _trail(run: Verification) -> Found:
    status = run.account.client("cloudtrail").get_trail_status(Name=PREFIX)
    late = status.get("LatestDeliveryError") or "no error of a delivery"
    return bool(status["IsLogging"]), late


def _web_bucket(account: Account) -> str:
    return account.outputs(stack_name(PREFIX, EDGE, ""))[Output.WEB_BUCKET]


def _cluster(account: Account) -> Any:
    name = database_cluster(PREFIX)
    return account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def _named(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in tags}


OFFERS = (
    Point("P7", "Kanmon's version of Aurora PostgreSQL is offered", _engine),
    Point("P7", "db.serverless is offered with Performance Insights", _serverless, played=False),
    Point("P2", f"Lambda runs at least {_TEN} functions at once", _concurrency),
)
POINTS = (
    Point("P3", "CloudFormation's role encrypts the database with the key of the bootstrap stack", _key),
    Point("P4", "CloudFormation's role tags and untags a bucket", _bucket_tags, played=False),
    Point("P5", "Parameters need no right to look at the network", _parameters),
    Point("P6", "An update with OnStackFailure removes a tag from everything", _untagged),
    Point("P7", "The instances have Performance Insights", _insights, played=False),
    Point("P8", "CloudFormation's role switches CloudFront's metrics on", _monitoring),
    Point("P10", "A saved query may name a log group before it exists", _queries),
    Point("P11", f"CloudWatch has metrics of the stage {CANARY_STAGE}", _canary_metrics, played=False),
    Point("P12", "The deploy role finds and deletes old snapshots", _old_snapshots),
    Point("P13", "FailOnWarnings accepts the API's document", _warnings),
    Point("P15", "CloudFormation's role imports an API without tags, then tags it", _imported),
    Point("P16", "A canary's log goes into the group that Kanmon made", _canary_log, played=False),
    Point("P17", "CloudFormation's role changes the rotation of RDS's own secret", _rotation),
    Point("CD-5", "A snapshot exists before a release", _snapshot),
    Point("MON-1", "The dashboard is there", _dashboard),
    Point("MON-2", "Every alarm has seen data", _alarms, played=False),
    Point("MON-4", "Logs are kept as long as the config has it", _log_days),
    Point("SEC-3", "The audit trail logs", _trail),
    Point("TRU-2", "A made-up preview leads to nothing", _made_up_preview),
    Point("INF-8", "Pages have security headers", _headers),
    Point("SEC-4", "Pages come by TLS only, and never from the bucket itself", _transport, played=False),
)
