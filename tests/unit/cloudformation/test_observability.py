"""Who is told of what, and when: the observability stack's clauses on what is rendered."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cloudformation import alarm_topic, app_gate, edge_template, observability_template
from kanmon.cloudformation.templates.observability import trace_group
from tests.fakes.app import make_config, make_full_config
from tests.fakes.configs import matrix
from tests.fakes.linted import findings
from tests.unit.cloudformation.bootstrapped import CONFIGS, TAGS, document, own
from tests.unit.cloudformation.iam import Document, Request, allows, statements
from tests.unit.cloudformation.parsed import Resource, of_kind, parse, statement_of
from tests.unit.cloudformation.test_dashboard import SMALL

if TYPE_CHECKING:
    from kanmon.config import Config


EVERYTHING = make_full_config(**CONFIGS["everything"])
VARIANTS = {
    "small": make_config(**SMALL),
    "database": make_config(),
    "slack by arn": make_config(
        notifications={"slack_secret": "arn:aws:secretsmanager:ap-northeast-1:444455556666:secret:x-AbCdEf"}
    ),
    "beside the edge": make_config(region="us-east-1"),
    "web only": matrix()["web only"],
    "api only": matrix()["api only"],
    "everything": EVERYTHING,
}
TELLS = [{"Ref": "Topic"}]


def _resources(config: Config = EVERYTHING) -> dict[str, Resource]:
    resources: dict[str, Resource] = parse(observability_template(config))["Resources"]
    return resources


def _of(kind: str, config: Config = EVERYTHING) -> dict[str, Resource]:
    return of_kind(observability_template(config), kind)


def _alarm(name: str, config: Config = EVERYTHING) -> Resource:
    return _of("CloudWatch::Alarm", config)[name]


def _dimensions(alarm: Resource) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


@pytest.mark.parametrize("name", VARIANTS)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even what it only informs of."""
    assert findings(observability_template(VARIANTS[name]).body, VARIANTS[name].region) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_it_reads_as_one_text(name: str) -> None:
    body = observability_template(VARIANTS[name]).body
    assert "\n\n\n" not in body
    assert not [line for line in body.splitlines() if line != line.rstrip()]
    assert body == observability_template(VARIANTS[name].model_copy()).body
    assert len(body) < 100_000


def test_only_what_is_configured_is_there() -> None:
    parsed = parse(observability_template(VARIANTS["small"]))
    assert parsed["Parameters"].keys() == {"KeyArn", "Distribution"}
    assert set(_of("CloudWatch::Alarm", VARIANTS["small"])) == {"ApiErrors", "ApiLatency", "Throttles"}
    kinds = {resource["Type"] for resource in parsed["Resources"].values()}
    assert not kinds & {
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "AWS::IAM::Role",
        "AWS::Logs::MetricFilter",
    }


def test_a_web_app_alone_has_what_it_can_be_watched_by() -> None:
    """A release asks for the gate all the same: with nothing to fire for, it never does."""
    kinds = {resource["Type"] for resource in _resources(VARIANTS["web only"]).values()}
    wanted = {"CloudWatch::Dashboard", "CloudWatch::CompositeAlarm", "SNS::Topic", "SNS::TopicPolicy"}
    assert kinds == {f"AWS::{kind}" for kind in wanted}
    (gate,) = _of("CloudWatch::CompositeAlarm", VARIANTS["web only"]).values()
    assert gate["AlarmRule"] == "FALSE"


def test_alarms_of_this_account_and_nobody_else_tell_the_topic() -> None:
    """MON-2, SEC-4: encrypted with the app's key, and by TLS only."""
    (topic,) = _of("SNS::Topic").values()
    assert topic == {"TopicName": alarm_topic("shop-test"), "KmsMasterKeyId": {"Ref": "KeyArn"}}
    (policy,) = _of("SNS::TopicPolicy").values()
    assert policy["Topics"] == TELLS
    allowing = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    (allowed,) = allowing
    assert (allowed["Principal"], allowed["Action"]) == (
        {"Service": "cloudwatch.amazonaws.com"},
        "sns:Publish",
    )
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Sub"].endswith(":${AWS::AccountId}:alarm:*")
    refused = statement_of(policy["PolicyDocument"], "RefusePlainHttp")
    assert (refused["Effect"], refused["Principal"]) == ("Deny", "*")
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_alarm_fires_within_five_minutes_tells_the_topic_and_says_what_to_do(name: str) -> None:
    """MON-2"""
    alarms = _of("CloudWatch::Alarm", VARIANTS[name])
    names = [alarm["AlarmName"] for alarm in alarms.values()]
    assert len(set(names)) == len(names)
    for logical_id, alarm in alarms.items():
        assert alarm["AlarmName"].startswith("shop-test-")
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (TELLS, TELLS)
        periods = [alarm["Period"]] if "Period" in alarm else [
            one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one
        ]  # fmt: skip
        assert set(periods) == {60}
        assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"] <= 5
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        reported = logical_id in {"DatabaseConnections", "DatabaseCapacity"}
        assert alarm["TreatMissingData"] == ("missing" if reported else "notBreaching")
        description = alarm["AlarmDescription"]
        assert "look" in description.lower()
        assert "\n" not in description
        assert len(description) < 400


def test_the_apis_error_rate() -> None:
    """MON-2: more than 5 % of the answers."""
    alarm = _alarm("ApiErrors")
    percent, errors, requests = alarm["Metrics"]
    assert (percent["Expression"], percent["ReturnData"]) == ("100 * errors / requests", True)
    for part, metric in ((errors, "5XXError"), (requests, "Count")):
        stat = part["MetricStat"]
        assert (part["ReturnData"], stat["Stat"], stat["Metric"]["MetricName"]) == (False, "Sum", metric)
        assert stat["Metric"]["Namespace"] == "AWS/ApiGateway"
        assert _dimensions(stat["Metric"]) == {"ApiName": "shop-test", "Stage": "live"}
    assert alarm["Threshold"] == 5
    assert _alarm("ApiErrors", make_config(thresholds={"api_error_percent": 0.5}))["Threshold"] == 0.5


def test_the_apis_latency() -> None:
    """MON-2, NFR-1: p95 above 2 seconds."""
    alarm = _alarm("ApiLatency")
    assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Threshold"]) == ("Latency", "p95", 2000)
    assert _dimensions(alarm) == {"ApiName": "shop-test", "Stage": "live"}
    other = _alarm("ApiLatency", make_config(thresholds={"api_p95": "450ms"}))
    assert other["Threshold"] == 450
    assert "0.45 s" in other["AlarmDescription"]


def test_the_edges_errors_where_they_can_be_read() -> None:
    """MON-2: CloudFront's metrics are in us-east-1, and so must their alarm be."""
    alarm = _alarm("EdgeErrors", VARIANTS["beside the edge"])
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/CloudFront", "5xxErrorRate")
    assert alarm["Statistic"] == "Average"
    assert _dimensions(alarm) == {"DistributionId": {"Ref": "Distribution"}, "Region": "Global"}
    assert alarm["Threshold"] == 5
    assert "EdgeErrors" not in _of("CloudWatch::Alarm")


def test_the_databases_connections_errors_and_capacity() -> None:
    """MON-2"""
    connections, capacity = _alarm("DatabaseConnections"), _alarm("DatabaseCapacity")
    for alarm, metric, above in ((connections, "DatabaseConnections", 45), (capacity, "ACUUtilization", 95)):
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/RDS", metric, above)
        assert _dimensions(alarm) == {"DBClusterIdentifier": {"Ref": "DatabaseCluster"}}
    assert connections["Statistic"] == "Maximum"
    other = _alarm("DatabaseConnections", make_config(thresholds={"database_connections": 10}))
    assert other["Threshold"] == 10


@pytest.mark.parametrize(
    ("says", "counts"),
    [
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", True),
        ('FATAL:  password authentication failed for user "shop"', True),
        ('ERROR:  relation "goals" does not exist', False),
        ("LOG:  checkpoint starting: time", False),
    ],
)
def test_what_counts_as_a_connections_error(says: str, counts: bool) -> None:
    """MON-2: the alarm reads what the filter counts."""
    (found,) = _of("Logs::MetricFilter").values()
    assert found["LogGroupName"] == {"Sub": "/aws/rds/cluster/${DatabaseCluster}/postgresql"}
    line = f"2026-11-25 02:00:00 UTC:10.0.11.7(5021):shop@shop:[371]:{says}"
    # A quoted pattern is a phrase that has to be in the line.
    phrase = re.fullmatch(r'"([^"]*)"', found["FilterPattern"])
    assert phrase
    assert (phrase[1] in line) is counts
    (made,) = found["MetricTransformations"]
    alarm = _alarm("DatabaseErrors")
    assert (alarm["Namespace"], alarm["MetricName"]) == (made["MetricNamespace"], made["MetricName"])
    assert (alarm["Statistic"], alarm["Threshold"], made["MetricValue"]) == ("Sum", 0, "1")


def test_throttles_are_the_accounts() -> None:
    """MON-2: the limit is the account's."""
    alarm = _alarm("Throttles")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Throttles", "Sum")
    assert "Dimensions" not in alarm


@pytest.mark.parametrize(
    ("name", "children"),
    [
        ("small", ["ApiErrors", "ApiLatency"]),
        ("everything", ["ApiErrors", "ApiLatency", "DatabaseConnections", "DatabaseErrors"]),
    ],
)
def test_a_release_is_gated_by_what_it_can_break(name: str, children: list[str]) -> None:
    """MON-2: by one alarm, which is asked and tells nobody."""
    (gate,) = _of("CloudWatch::CompositeAlarm", VARIANTS[name]).values()
    assert gate["AlarmName"] == app_gate("shop-test") == "shop-test-gate"
    # CloudWatch refuses a rule that names an alarm which isn't there: only the stack's own.
    assert gate["AlarmRule"]["Sub"] == " OR ".join(f'ALARM("${{{child}}}")' for child in children)
    assert set(children) <= set(_of("CloudWatch::Alarm", VARIANTS[name]))
    assert not gate.keys() & {"AlarmActions", "OKActions"}


def test_the_dashboard_has_the_apps_name_and_cache_hits() -> None:
    """MON-1: CloudFront counts those only when asked to; the edge's stack asks."""
    (dashboard,) = _of("CloudWatch::Dashboard").values()
    assert dashboard["DashboardName"] == "shop-test"
    kinds = [resource["Type"] for resource in parse(edge_template(EVERYTHING))["Resources"].values()]
    assert "AWS::CloudFront::MonitoringSubscription" in kinds


def test_the_dashboard_shows_every_alarm() -> None:
    """MON-1"""
    for config in VARIANTS.values():
        body = _of("CloudWatch::Dashboard", config)["Dashboard"]["DashboardBody"]["Sub"]
        shown = set(re.findall(r":alarm:([a-z0-9-]+)", body))
        own_alarms = {alarm["AlarmName"] for alarm in _of("CloudWatch::Alarm", config).values()}
        assert shown == own_alarms | {"shop-test-blue-gate", "shop-test-green-gate"}


def test_saved_queries() -> None:
    """MON-4: in a folder of the app's name, on groups that needn't be there yet."""
    queries = {query["Name"]: query["QueryString"] for query in _of("Logs::QueryDefinition").values()}
    assert queries.keys() == {
        f"shop-test/{name}"
        for name in (
            "last errors",
            "errors by function",
            "slowest requests",
            "cold starts",
            "failed requests",
        )
    }
    for name, words in queries.items():
        source, *steps = words.splitlines()
        groups = ["/aws/apigateway/shop-test-api"] if "failed requests" in name else [
            "/aws/lambda/shop-test-blue", "/aws/lambda/shop-test-green",
        ]  # fmt: skip
        assert source == f"SOURCE logGroups(namePrefix: {groups})"
        assert all(step.startswith("| ") for step in steps)
        assert len(words) <= 10_000


def test_traces() -> None:
    """MON-3: the API's and the slots' functions; the first of a second and one of twenty."""
    (group,) = _of("XRay::Group").values()
    assert group["GroupName"] == "shop-test"
    for part in ('service("shop-test/live")', ":function:shop-test-blue-", ":function:shop-test-green-"):
        assert part in group["FilterExpression"]
    assert group["InsightsConfiguration"]["InsightsEnabled"] is True
    (rule,) = (made["SamplingRule"] for made in _of("XRay::SamplingRule").values())
    assert (rule["RuleName"], rule["ServiceName"]) == ("shop-test", "shop-test/*")
    assert (rule["FixedRate"], rule["ReservoirSize"]) == (0.05, 1)


def test_a_long_name_fits_into_x_ray_and_may_be_made() -> None:
    """MON-3, SEC-1: 32 characters there; the role that makes it knows what it is called."""
    names = {"app": "a-rather-long-name-of-an-app", "environment": "production"}
    github = CONFIGS["roles"]["github"]
    config = make_config(**names, github=github)
    name = _of("XRay::Group", config)["TraceGroup"]["GroupName"]
    assert name == trace_group(config.prefix)
    assert len(name) == 32
    assert name != trace_group(config.prefix + "x")
    roles = document(**names, github=github).of_type("AWS::IAM::Role")
    service = statements(roles["ProductionServiceRole"])
    assert allows(service, Request("xray:CreateGroup", own("xray", f"group/{name}/1")))
    assert allows(service, Request("xray:CreateSamplingRule", own("xray", f"sampling-rule/{name}")))


def _notifier() -> Resource:
    (function,) = _of("Lambda::Function").values()
    return function


def test_the_notifier_is_the_file_that_is_tested() -> None:
    """MON-2"""
    function = _notifier()
    file = Path(__file__).resolve().parents[3] / "infra/notifier.py"
    inlined = function["Code"]["ZipFile"]
    assert ast.dump(ast.parse(inlined)) == ast.dump(ast.parse(file.read_text("utf-8")))
    module, _, handler = function["Handler"].partition(".")
    assert module == "index"
    assert f"\ndef {handler}(" in inlined
    assert len(inlined.encode()) < 4_000_000
    imported = re.findall(r"^(?:from|import) (\w+)", inlined, re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names | {"boto3"}


def test_the_notifier_hears_the_topic_and_nothing_else() -> None:
    """MON-2: alarm, topic, function."""
    (subscription,) = _of("SNS::Subscription").values()
    assert subscription == {
        "TopicArn": {"Ref": "Topic"},
        "Protocol": "lambda",
        "Endpoint": {"GetAtt": "Notifier.Arn"},
    }
    (permission,) = _of("Lambda::Permission").values()
    assert (permission["Principal"], permission["SourceArn"]) == ("sns.amazonaws.com", {"Ref": "Topic"})


def test_the_notifier_is_traced_and_its_log_encrypted() -> None:
    """MON-3, MON-4"""
    (logs,) = _of("Logs::LogGroup").values()
    assert logs == {
        "LogGroupName": "/aws/lambda/shop-test-notifier",
        "RetentionInDays": 30,
        "KmsKeyId": {"Ref": "KeyArn"},
    }
    function = _notifier()
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "NotifierLogs"}, "LogFormat": "JSON"}
    assert function["TracingConfig"] == {"Mode": "Active"}


def test_what_slack_does_not_take_waits_and_is_noticed() -> None:
    """CD-12: in a queue that is encrypted and reached by TLS only."""
    assert _notifier()["DeadLetterConfig"] == {"TargetArn": {"GetAtt": "Untold.Arn"}}
    (queue,) = _of("SQS::Queue").values()
    assert queue["KmsMasterKeyId"] == {"Ref": "KeyArn"}
    (policy,) = _of("SQS::QueuePolicy").values()
    (refused,) = policy["PolicyDocument"]["Statement"]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    alarm = _alarm("UntoldAlarms")
    assert _dimensions(alarm) == {"QueueName": {"GetAtt": "Untold.QueueName"}}
    assert (alarm["EvaluationPeriods"], alarm["Threshold"]) == (1, 0)


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("everything", own("secretsmanager", "secret:shop-slack-AbCdEf")),
        ("slack by arn", "arn:aws:secretsmanager:ap-northeast-1:444455556666:secret:x-AbCdEf"),
    ],
)
def test_the_notifier_may_do_its_work_and_no_more(name: str, readable: str) -> None:
    """SEC-1, SEC-2, INF-4: it reads one secret, which no setting of it holds."""
    template = parse(observability_template(VARIANTS[name]))
    template["Resources"]["KeyArn"] = {"Type": "AWS::KMS::Key", "Properties": {}}
    (role,) = Document(template).of_type("AWS::IAM::Role").values()
    policy = statements(role)
    by_secrets = {"kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com"}
    key = own("any", "KeyArn")
    assert allows(policy, Request("secretsmanager:GetSecretValue", readable))
    assert allows(policy, Request("kms:Decrypt", key, by_secrets))
    for request in (
        Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-jwt-AbCdEf")),
        Request("secretsmanager:PutSecretValue", readable),
        Request("kms:Decrypt", key),
        Request("sns:Publish", own("sns", "shop-test-alarms")),
        Request("lambda:InvokeFunction", own("lambda", "function:shop-test-blue-api")),
    ):
        assert not allows(policy, request), request
    settings = template["Resources"]["Notifier"]["Properties"]["Environment"]["Variables"]
    assert settings.keys() == {"SLACK_SECRET", "DASHBOARD"}


def test_the_boundary_lets_the_notifier_read_its_secret() -> None:
    """SEC-2: also where it isn't one of the app's own; without Slack it is nobody's."""
    for changes, allowed in ((CONFIGS["everything"], True), (CONFIGS["roles"], False)):
        boundary = document(**changes).of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]
        policy = boundary["PolicyDocument"]["Statement"]
        secret = own("secretsmanager", "secret:shop-slack-AbCdEf")
        assert allows(policy, Request("secretsmanager:GetSecretValue", secret)) is allowed
        assert allows(policy, Request("kms:Decrypt", own("kms", "key/1"), TAGS))
