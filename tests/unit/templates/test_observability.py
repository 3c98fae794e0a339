"""The observability stack: alarms, their topic and the notifier; dashboard, queries, traces."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from embedded.authorisation.evaluation import Request, statements_of
from kanmon.naming import Alarm, alarm_name, alarm_topic, app_rollback_alarm, trace_group
from kanmon.notify.package import HANDLER
from kanmon.templates.edge import edge_template
from kanmon.templates.observability import observability_template
from tests.fakes.app import make_config, make_full_config, make_tuned_config
from tests.fakes.configs import matrix
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import CONFIGS, KEY, document, own
from tests.unit.templates.iam import Document, allows
from tests.unit.templates.parsed import Resource, of_kind, parse, statement_of
from tests.unit.templates.test_dashboard import SMALL

if TYPE_CHECKING:
    from kanmon.config.schema import Config


EVERYTHING = make_full_config(**CONFIGS["everything"])
VARIANTS = {
    "small": make_config(**SMALL),
    "database": make_config(),
    "slack by arn": make_config(
        notifications={
            "channels": {"slack": "arn:aws:secretsmanager:ap-northeast-1:444455556666:secret:x-AbCdEf"}
        }
    ),
    "beside the edge": make_config(region="us-east-1"),
    "web only": matrix()["web only"],
    "api only": matrix()["api only"],
    "everything": EVERYTHING,
}
TUNED = make_tuned_config()
"""With alarms of the team's own: Kanmon's rules are not for them."""
RENDERED = VARIANTS | {"tuned": TUNED}
TOPIC = [{"Ref": "Topic"}]
NOTIFIER = "test/blobs/" + "a" * 64


def _resources(config: Config = EVERYTHING) -> dict[str, Resource]:
    resources: dict[str, Resource] = parse(observability_template(config, NOTIFIER))["Resources"]
    return resources


def _of(kind: str, config: Config = EVERYTHING) -> dict[str, Resource]:
    return of_kind(observability_template(config, NOTIFIER), kind)


def _alarm(name: str, config: Config = EVERYTHING) -> Resource:
    return _of("CloudWatch::Alarm", config)[name]


def _dimensions(alarm: Resource) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


@pytest.mark.parametrize("name", RENDERED)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even a hint."""
    assert findings(observability_template(RENDERED[name], NOTIFIER), RENDERED[name].region) == []


@pytest.mark.parametrize("name", RENDERED)
def test_it_reads_as_one_text(name: str) -> None:
    body = observability_template(RENDERED[name], NOTIFIER)
    assert "\n\n\n" not in body
    assert not [line for line in body.splitlines() if line != line.rstrip()]
    assert body == observability_template(RENDERED[name].model_copy(), NOTIFIER)
    assert len(body) < 100_000


def test_only_configured_things_are_there() -> None:
    parsed = parse(observability_template(VARIANTS["small"], NOTIFIER))
    assert parsed["Parameters"].keys() == {"KeyArn", "Distribution"}
    assert set(_of("CloudWatch::Alarm", VARIANTS["small"])) == {
        "ApiErrors",
        "ApiLatency",
        "CanaryErrors",
        "CanaryLatency",
        "Throttles",
    }
    kinds = {resource["Type"] for resource in parsed["Resources"].values()}
    assert not kinds & {
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "AWS::IAM::Role",
        "AWS::Logs::MetricFilter",
    }


def test_a_web_app_alone_has_its_own_alarms() -> None:
    """A release asks for the rollback alarm all the same: with nothing to fire for, it never does."""
    kinds = {resource["Type"] for resource in _resources(VARIANTS["web only"]).values()}
    wanted = {"CloudWatch::Dashboard", "CloudWatch::CompositeAlarm", "SNS::Topic", "SNS::TopicPolicy"}
    assert kinds == {f"AWS::{kind}" for kind in wanted}
    (composite,) = _of("CloudWatch::CompositeAlarm", VARIANTS["web only"]).values()
    assert composite["AlarmRule"] == "FALSE"


def test_only_this_accounts_alarms_publish_to_the_topic() -> None:
    """MON-2, SEC-4: encrypted with the app's key, and by TLS only."""
    (topic,) = _of("SNS::Topic").values()
    assert topic == {"TopicName": alarm_topic("shop-test"), "KmsMasterKeyId": {"Ref": "KeyArn"}}
    (policy,) = _of("SNS::TopicPolicy").values()
    assert policy["Topics"] == TOPIC
    allowing = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    (allowed,) = allowing
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Sub"].endswith(":${AWS::AccountId}:alarm:*")
    refused = statement_of(policy["PolicyDocument"], "RefusePlainHttp")
    assert refused["Effect"] == "Deny"
    assert refused["Principal"] == "*"
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_alarm_has_a_name_of_its_own(name: str) -> None:
    """INF-9"""
    names = [alarm["AlarmName"] for alarm in _of("CloudWatch::Alarm", VARIANTS[name]).values()]
    assert len(set(names)) == len(names)
    assert all(name.startswith("shop-test-") for name in names)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_alarm_fires_within_five_minutes(name: str) -> None:
    """MON-2: a minute at a time."""
    for alarm in _of("CloudWatch::Alarm", VARIANTS[name]).values():
        periods = [alarm["Period"]] if "Period" in alarm else [
            one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one
        ]  # fmt: skip
        assert set(periods) == {60}
        assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"] <= 5


@pytest.mark.parametrize("name", VARIANTS)
def test_every_alarm_publishes_its_beginning_and_its_end(name: str) -> None:
    """MON-2"""
    for alarm in _of("CloudWatch::Alarm", VARIANTS[name]).values():
        assert alarm["AlarmActions"] == TOPIC
        assert alarm["OKActions"] == TOPIC


@pytest.mark.parametrize("name", VARIANTS)
def test_no_data_is_no_failure_but_for_a_database(name: str) -> None:
    """MON-2: a database always reports."""
    for logical_id, alarm in _of("CloudWatch::Alarm", VARIANTS[name]).items():
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        reported = logical_id in {"DatabaseConnections", "DatabaseCapacity"}
        assert alarm["TreatMissingData"] == ("missing" if reported else "notBreaching")


@pytest.mark.parametrize("name", VARIANTS)
def test_every_alarm_describes_the_next_step(name: str) -> None:
    """MON-2: people read the text in a message."""
    for alarm in _of("CloudWatch::Alarm", VARIANTS[name]).values():
        description = alarm["AlarmDescription"]
        assert "look" in description.lower()
        assert "\n" not in description
        assert len(description) < 400


def test_the_apis_error_rate() -> None:
    """MON-2: more than 5 % of the answers."""
    alarm = _alarm("ApiErrors")
    percent, errors, requests = alarm["Metrics"]
    assert percent["Expression"] == "100 * errors / requests"
    assert percent["ReturnData"] is True
    for query, metric in ((errors, "5XXError"), (requests, "Count")):
        stat = query["MetricStat"]
        assert query["ReturnData"] is False
        assert stat["Stat"] == "Sum"
        assert stat["Metric"]["MetricName"] == metric
        assert stat["Metric"]["Namespace"] == "AWS/ApiGateway"
        assert _dimensions(stat["Metric"]) == {"ApiName": "shop-test", "Stage": "live"}
    assert alarm["Threshold"] == 5
    assert _alarm("ApiErrors", make_config(thresholds={"api_error_percent": 0.5}))["Threshold"] == 0.5


def test_the_apis_latency() -> None:
    """MON-2, NFR-1: p95 above 2 seconds."""
    alarm = _alarm("ApiLatency")
    assert alarm["MetricName"] == "Latency"
    assert alarm["ExtendedStatistic"] == "p95"
    assert alarm["Threshold"] == 2000
    assert _dimensions(alarm) == {"ApiName": "shop-test", "Stage": "live"}
    other = _alarm("ApiLatency", make_config(thresholds={"api_p95": "450ms"}))
    assert other["Threshold"] == 450
    assert "0.45 s" in other["AlarmDescription"]


def test_the_edges_errors_where_they_can_be_read() -> None:
    """MON-2: CloudFront's metrics are in us-east-1, and so must their alarm be."""
    alarm = _alarm("EdgeErrors", VARIANTS["beside the edge"])
    assert alarm["Namespace"] == "AWS/CloudFront"
    assert alarm["MetricName"] == "5xxErrorRate"
    assert alarm["Statistic"] == "Average"
    assert _dimensions(alarm) == {"DistributionId": {"Ref": "Distribution"}, "Region": "Global"}
    assert alarm["Threshold"] == 5
    assert "EdgeErrors" not in _of("CloudWatch::Alarm")


def test_the_databases_connections_errors_and_capacity() -> None:
    """MON-2"""
    connections, capacity = _alarm("DatabaseConnections"), _alarm("DatabaseCapacity")
    for alarm, metric, above in ((connections, "DatabaseConnections", 45), (capacity, "ACUUtilization", 95)):
        assert alarm["Namespace"] == "AWS/RDS"
        assert alarm["MetricName"] == metric
        assert alarm["Threshold"] == above
        assert _dimensions(alarm) == {"DBClusterIdentifier": {"Ref": "DatabaseCluster"}}
    assert connections["Statistic"] == "Maximum"
    other = _alarm("DatabaseConnections", make_config(thresholds={"database_connections": 10}))
    assert other["Threshold"] == 10


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", True),
        ('FATAL:  password authentication failed for user "shop"', True),
        ('ERROR:  relation "goals" does not exist', False),
        ("LOG:  checkpoint starting: time", False),
    ],
)
def test_only_connection_errors_count_as_such(text: str, counts: bool) -> None:
    """MON-2: the alarm reads the filter's count."""
    (found,) = _of("Logs::MetricFilter").values()
    assert found["LogGroupName"] == {"Sub": "/aws/rds/cluster/${DatabaseCluster}/postgresql"}
    line = f"2026-11-25 02:00:00 UTC:10.0.11.7(5021):shop@shop:[371]:{text}"
    # A quoted pattern is a phrase that has to be in the line.
    phrase = re.fullmatch(r'"([^"]*)"', found["FilterPattern"])
    assert phrase
    assert (phrase[1] in line) is counts
    (made,) = found["MetricTransformations"]
    alarm = _alarm("DatabaseErrors")
    assert alarm["Namespace"] == made["MetricNamespace"]
    assert alarm["MetricName"] == made["MetricName"]
    assert alarm["Statistic"] == "Sum"
    assert alarm["Threshold"] == 0
    assert made["MetricValue"] == "1"


def test_throttles_are_the_accounts() -> None:
    """MON-2: the limit is the account's."""
    alarm = _alarm("Throttles")
    assert alarm["Namespace"] == "AWS/Lambda"
    assert alarm["MetricName"] == "Throttles"
    assert alarm["Statistic"] == "Sum"
    assert "Dimensions" not in alarm


@pytest.mark.parametrize(
    ("name", "children"),
    [
        ("small", ["ApiErrors", "ApiLatency", "CanaryErrors", "CanaryLatency"]),
        (
            "everything",
            [
                *("ApiErrors", "ApiLatency", "CanaryErrors", "CanaryLatency"),
                *("DatabaseConnections", "DatabaseErrors"),
            ],
        ),
    ],
)
def test_only_alarms_of_the_release_roll_it_back(name: str, children: list[str]) -> None:
    """MON-2: by one alarm. Releases ask it; it publishes nothing."""
    (composite,) = _of("CloudWatch::CompositeAlarm", VARIANTS[name]).values()
    assert composite["AlarmName"] == app_rollback_alarm("shop-test")
    # CloudWatch refuses a rule that names an alarm which isn't there: only the stack's own.
    assert composite["AlarmRule"]["Sub"] == " OR ".join(f'ALARM("${{{child}}}")' for child in children)
    assert set(children) <= set(_of("CloudWatch::Alarm", VARIANTS[name]))
    assert not composite.keys() & {"AlarmActions", "OKActions"}


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
        assert shown == own_alarms | {"shop-test-blue-rollback", "shop-test-green-rollback"}


def test_every_alarm_with_a_shared_name_exists() -> None:
    made = {
        alarm["AlarmName"]
        for config in VARIANTS.values()
        for alarm in _of("CloudWatch::Alarm", config).values()
    }
    assert made == {alarm_name("shop-test", alarm) for alarm in Alarm}


def test_saved_queries() -> None:
    """MON-4: in a folder of the app's name, on log groups of now or later."""
    queries = {query["Name"]: query for query in _of("Logs::QueryDefinition").values()}
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
    for name, query in queries.items():
        groups = ["/aws/apigateway/shop-test-api"] if "failed requests" in name else [
            "/aws/lambda/shop-test-blue", "/aws/lambda/shop-test-green",
        ]  # fmt: skip
        assert query["LogGroupNames"] == groups
        first, *steps = query["QueryString"].splitlines()
        assert first.startswith(("parse ", "filter "))
        assert all(step.startswith("| ") for step in steps)
        assert len(query["QueryString"]) <= 10_000


def test_exceptions_of_python_functions_are_errors() -> None:
    """MON-4: the runtime writes them with `log_level`."""
    queries = {query["Name"]: query["QueryString"] for query in _of("Logs::QueryDefinition").values()}
    assert "log_level = 'ERROR'" in queries["shop-test/last errors"]


def test_a_failing_canary_has_an_alarm_of_its_own() -> None:
    """CD-8: among all requests, it may stay below the limit."""
    metrics = _alarm("CanaryErrors")["Metrics"]
    stages = [
        dimension["Value"]
        for metric in metrics[1:]
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == "Stage"
    ]
    assert stages == ["live/Canary", "live/Canary"]
    assert _alarm("CanaryErrors")["TreatMissingData"] == "notBreaching"


def test_a_slow_canary_has_an_alarm_of_its_own() -> None:
    """CD-8: among all requests, its share may stay below the percentile."""
    live, canary = _alarm("ApiLatency"), _alarm("CanaryLatency")
    assert {"Name": "Stage", "Value": "live/Canary"} in canary["Dimensions"]
    assert canary["TreatMissingData"] == "notBreaching"
    own = {"AlarmName", "AlarmDescription", "Dimensions"}
    assert {key: live[key] for key in live.keys() - own} == {key: canary[key] for key in canary.keys() - own}


def test_traces() -> None:
    """MON-3: the API's and the slots' functions; the first of a second and one of twenty."""
    (group,) = _of("XRay::Group").values()
    assert group["GroupName"] == "shop-test"
    for term in ('service("shop-test/live")', ":function:shop-test-blue-", ":function:shop-test-green-"):
        assert term in group["FilterExpression"]
    assert group["InsightsConfiguration"]["InsightsEnabled"] is True
    (rule,) = (made["SamplingRule"] for made in _of("XRay::SamplingRule").values())
    assert rule["RuleName"] == "shop-test"
    assert rule["ServiceName"] == "shop-test/*"
    assert rule["FixedRate"] == 0.05
    assert rule["ReservoirSize"] == 1


def test_a_long_name_fits_into_x_ray_and_may_be_made() -> None:
    """MON-3, SEC-1: 32 characters there; the role of its maker knows the name."""
    names = {"app": "a-rather-long-name-of-an-app", "environment": "production"}
    github = CONFIGS["roles"]["github"]
    config = make_config(**names, github=github)
    name = _of("XRay::Group", config)["TraceGroup"]["GroupName"]
    assert name == trace_group(config.prefix)
    assert len(name) == 32
    assert name != trace_group(config.prefix + "x")
    service = document(**names, github=github).statements("ProductionServiceRole")
    assert allows(service, Request("xray:CreateGroup", own("xray", f"group/{name}/1")))
    assert allows(service, Request("xray:CreateSamplingRule", own("xray", f"sampling-rule/{name}")))


def _notifier() -> Resource:
    (function,) = _of("Lambda::Function").values()
    return function


def test_the_notifier_is_the_package_of_the_bundle() -> None:
    """MON-2: the tested code, from the artifact bucket."""
    function = _notifier()
    assert function["Handler"] == HANDLER
    assert function["Code"] == {"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": NOTIFIER}


def test_the_notifier_is_given_the_channels_and_the_dashboard() -> None:
    """INF-4: the names of secrets, and no secret."""
    variables = _notifier()["Environment"]["Variables"]
    assert json.loads(variables["CHANNELS"]) == {"slack": "shop-slack"}
    assert variables["DASHBOARD"] == {"Ref": "Dashboard"}
    assert variables.keys() == {"CHANNELS", "DASHBOARD"}


def test_the_notifier_is_given_the_language_of_the_config() -> None:
    """DOC-1"""
    config = make_config(language="ja", notifications={"channels": {"slack": "shop-slack"}})
    [function] = _of("Lambda::Function", config).values()
    assert function["Environment"]["Variables"]["KANMON_LANG"] == "ja"


def test_the_notifier_hears_the_topic_and_nothing_else() -> None:
    """MON-2: alarm, topic, function."""
    (subscription,) = _of("SNS::Subscription").values()
    assert subscription == {
        "TopicArn": {"Ref": "Topic"},
        "Protocol": "lambda",
        "Endpoint": {"GetAtt": "Notifier.Arn"},
    }
    (permission,) = _of("Lambda::Permission").values()
    assert permission["Principal"] == "sns.amazonaws.com"
    assert permission["SourceArn"] == {"Ref": "Topic"}


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


def test_a_message_refused_by_a_channel_waits_and_is_noticed() -> None:
    """CD-12: in an encrypted queue, reached by TLS only."""
    assert _notifier()["DeadLetterConfig"] == {"TargetArn": {"GetAtt": "Undelivered.Arn"}}
    (queue,) = _of("SQS::Queue").values()
    assert queue["KmsMasterKeyId"] == {"Ref": "KeyArn"}
    (policy,) = _of("SQS::QueuePolicy").values()
    (refused,) = policy["PolicyDocument"]["Statement"]
    assert refused["Effect"] == "Deny"
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    alarm = _alarm("UndeliveredAlarm")
    assert _dimensions(alarm) == {"QueueName": {"GetAtt": "Undelivered.QueueName"}}
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["Threshold"] == 0


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("everything", own("secretsmanager", "secret:shop-slack-AbCdEf")),
        ("slack by arn", "arn:aws:secretsmanager:ap-northeast-1:444455556666:secret:x-AbCdEf"),
    ],
)
def test_the_notifier_may_do_its_work_and_no_more(name: str, readable: str) -> None:
    """SEC-1, SEC-2, INF-4: it reads one secret."""
    template = parse(observability_template(VARIANTS[name], NOTIFIER))
    template["Resources"]["KeyArn"] = {"Type": "AWS::KMS::Key", "Properties": {}}
    made = Document(template)
    (role,) = made.of_type("AWS::IAM::Role")
    policy = made.statements(role)
    by_secrets = {"kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com"}
    key = own("kms", "key/KeyArn")
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


def test_the_boundary_lets_the_notifier_read_its_secret() -> None:
    """SEC-2: also where it isn't one of the app's own; without Slack it is nobody's."""
    for changes, allowed in ((CONFIGS["everything"], True), (CONFIGS["roles"], False)):
        boundary = document(**changes).of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]
        policy = statements_of(boundary["PolicyDocument"])
        secret = own("secretsmanager", "secret:shop-slack-AbCdEf")
        assert allows(policy, Request("secretsmanager:GetSecretValue", secret)) is allowed
        assert allows(policy, Request("kms:Decrypt", KEY))


def test_the_teams_alarms_about_shared_things() -> None:
    """MON-2: they go to the topic; one that rolls back counts for the app's rollback alarm."""
    config = TUNED
    alarms = {
        name: one for name, one in _of("CloudWatch::Alarm", config).items() if name.endswith("AppAlarm")
    }
    assert set(alarms) == {"UnsentAppAlarm", "BusyAppAlarm", "OrdersAppAlarm"}
    assert {str(one["AlarmActions"]) for one in alarms.values()} == {str(TOPIC)}
    unsent, busy, orders = (alarms[f"{name}AppAlarm"] for name in ("Unsent", "Busy", "Orders"))
    assert unsent["AlarmName"] == "shop-test-alarm-unsent"
    assert _dimensions(unsent) == {"QueueName": "shop-test-mail-dead"}
    assert (unsent["Period"], unsent["EvaluationPeriods"], unsent["DatapointsToAlarm"]) == (300, 1, 1)
    assert _dimensions(busy) == {"DBClusterIdentifier": {"Ref": "DatabaseCluster"}}
    assert (busy["EvaluationPeriods"], busy["DatapointsToAlarm"]) == (5, 3)
    assert _dimensions(orders) == {"Shop": "berlin: 1"}
    assert (orders["Threshold"], orders["ComparisonOperator"]) == (0.5, "LessThanThreshold")
    (composite,) = _of("CloudWatch::CompositeAlarm", config).values()
    assert composite["AlarmRule"]["Sub"].endswith('OR ALARM("${OrdersAppAlarm}")')
    assert "Busy" not in composite["AlarmRule"]["Sub"]


def test_the_dashboard_shows_the_teams_alarms() -> None:
    """MON-1: those of both slots, too."""
    (dashboard,) = _of("CloudWatch::Dashboard", TUNED).values()
    body = dashboard["DashboardBody"]["Sub"]
    for name in ("alarm-unsent", "blue-alarm-slow", "green-alarm-slow"):
        assert f":alarm:shop-test-{name}" in body


def test_alarms_go_to_the_addresses() -> None:
    """MON-2: an address keeps its logical id when another one goes, so it stays confirmed."""

    def made(*emails: str) -> dict[str, Resource]:
        return _of("SNS::Subscription", make_config(notifications={"emails": emails}))

    both = made("a@example.com", "b@example.com")
    assert [one["Endpoint"] for one in both.values()] == ["a@example.com", "b@example.com"]
    assert {(one["Protocol"], str(one["TopicArn"])) for one in both.values()} == {("email", str(TOPIC[0]))}
    assert made("b@example.com").keys() < both.keys()
