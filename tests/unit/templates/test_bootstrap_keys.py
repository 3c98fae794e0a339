"""Each environment's key and audit trail, made by an administrator (SEC-1, SEC-3, SEC-4)."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from embedded.authorisation.evaluation import Request, statements_of
from kanmon.naming import Output, database_logs
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.unit.templates.bootstrapped import GITHUB, document
from tests.unit.templates.iam import ACCOUNT, REGION, allows
from tests.unit.templates.parsed import Resource, of_kind, parse, statement_of

BOTH = GITHUB | {"environments": ["staging", "test"]}


def _of(kind: str, **changes: Any) -> dict[str, Resource]:
    return of_kind(bootstrap_template(make_config(**{"trail": {}} | changes)), kind)


def _outputs(template: str) -> dict[str, str]:
    """The outputs with a plain value, as the stack would have them."""
    outputs = parse(template)["Outputs"].items()
    return {name: one["Value"] for name, one in outputs if isinstance(one["Value"], str)}


@pytest.mark.parametrize("changes", [{}, {"github": GITHUB}, {"trail": {}}])
def test_the_environment_has_a_key_with_its_alias(changes: dict[str, Any]) -> None:
    """SEC-4: with and without roles."""
    made = parse(bootstrap_template(make_config(**changes)))
    assert made["Resources"]["TestKeyAlias"]["Properties"] == {
        "AliasName": "alias/shop-test",
        "TargetKeyId": {"Ref": "TestKey"},
    }
    assert made["Resources"]["TestKey"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert made["Resources"]["TestKey"]["UpdateReplacePolicy"] == "Retain"
    assert made["Outputs"]["TestKeyArn"]["Value"] == {"GetAtt": "TestKey.Arn"}


def test_each_environment_has_a_key_of_its_own() -> None:
    keys = _of("KMS::Key", github=BOTH, trail=None)
    assert {name: key["Tags"][0]["Value"] for name, key in keys.items()} == {
        "StagingKey": "staging",
        "TestKey": "test",
    }


@pytest.mark.parametrize("name", ["null", "yes", "on"])
def test_an_environments_name_stays_a_text(name: str) -> None:
    """INF-9: without quotes, YAML reads another value."""
    [key] = _of("KMS::Key", environment=name, trail=None).values()
    assert key["Tags"] == [{"Key": "environment", "Value": name}]


@pytest.mark.parametrize("name", ["null", "yes", "on"])
def test_an_apps_name_stays_a_text(name: str) -> None:
    """INF-9: without quotes, YAML reads another value."""
    [monitor] = _of("CE::AnomalyMonitor", app=name, trail=None, costs={}).values()
    [subscription] = _of("CE::AnomalySubscription", app=name, trail=None, costs={}).values()
    assert [monitor["MonitorName"], subscription["SubscriptionName"]] == [name, name]


def test_another_environments_key_stays() -> None:
    """Without `github` no config knows the others."""
    first = bootstrap_template(make_config(environment="staging", trail={"days": 30}))
    second = bootstrap_template(make_config(), outputs=_outputs(first))
    assert {"StagingKey", "StagingTrail", "TestKey"} <= parse(second)["Resources"].keys()
    assert "TestTrail" not in parse(second)["Resources"]
    third = bootstrap_template(make_config(trail={}), outputs=_outputs(second))
    days = {
        name: bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]
        for name, bucket in of_kind(third, "S3::Bucket").items()
        if "Trail" in name
    }
    assert days == {"StagingTrailBucket": 30, "TestTrailBucket": 90}


def test_the_same_config_gives_the_same_template() -> None:
    first = bootstrap_template(make_config(trail={}, github=BOTH))
    assert bootstrap_template(make_config(trail={}, github=BOTH), outputs=_outputs(first)) == first


def test_a_config_without_the_trail_does_not_end_it() -> None:
    """SEC-3"""
    first = bootstrap_template(make_config(trail={"days": 400}))
    assert bootstrap_template(make_config(), outputs=_outputs(first)) == first
    assert Output.ENVIRONMENTS in _outputs(first)


def test_only_listed_environments_have_roles() -> None:
    first = bootstrap_template(make_config(environment="old"))
    made = document(github=BOTH).of_type("AWS::IAM::Role")
    later = parse(bootstrap_template(make_config(github=BOTH), outputs=_outputs(first)))["Resources"]
    assert {name for name, one in later.items() if one["Type"] == "AWS::IAM::Role"} == made.keys()


def test_the_logs_of_the_database_are_let_in() -> None:
    """MON-4, SEC-4"""
    allowed = statement_of(_of("KMS::Key")["TestKey"]["KeyPolicy"], "Logs")
    (groups,) = allowed["Condition"]["ArnLike"].values()
    pattern = groups["Sub"].rpartition(":log-group:")[2]
    assert fnmatchcase(database_logs("shop-test-database"), pattern)
    assert not fnmatchcase(database_logs("shop-production-database"), pattern)


def test_keys_rotate_and_serve_only_whom_they_must() -> None:
    """SEC-4"""
    for key in _of("KMS::Key").values():
        assert key["EnableKeyRotation"] is True
        for statement in key["KeyPolicy"]["Statement"]:
            assert statement["Principal"] != "*"
            if "Service" in statement["Principal"]:
                assert statement["Condition"]


def test_the_trail() -> None:
    """SEC-3: all regions, management and data events, validated, encrypted."""
    (trail,) = _of("CloudTrail::Trail").values()
    for flag in (
        "IsLogging",
        "IsMultiRegionTrail",
        "IncludeGlobalServiceEvents",
        "EnableLogFileValidation",
    ):
        assert trail[flag] is True
    assert trail["TrailName"] == "shop-test"
    assert trail["KMSKeyId"] == {"GetAtt": "TestTrailKey.Arn"}
    assert trail["S3BucketName"] == {"Ref": "TestTrailBucket"}
    made = parse(bootstrap_template(make_config(trail={})))["Resources"]
    assert made["TestTrail"]["DependsOn"] == "TestTrailBucketPolicy"


@pytest.mark.parametrize(
    ("events", "types", "reads"),
    [("writes", ["AWS::S3::Object"], False), ("all", ["AWS::S3::Object", "AWS::Lambda::Function"], True)],
)
def test_the_trail_records_these_events(events: str, types: list[str], reads: bool) -> None:
    """SEC-3: management events always; data events of the app's own resources, not of the trail's bucket."""
    (trail,) = _of("CloudTrail::Trail", trail={"data_events": events}).values()
    management, *data = (
        {field["Field"]: field for field in selector["FieldSelectors"]}
        for selector in trail["AdvancedEventSelectors"]
    )
    assert management == {"eventCategory": {"Field": "eventCategory", "Equals": ["Management"]}}
    assert [selector["resources.type"]["Equals"] for selector in data] == [[kind] for kind in types]
    objects = data[0]
    assert ("readOnly" not in objects) is reads
    buckets = [prefix["Sub"].rpartition(":")[2] for prefix in objects["resources.ARN"]["StartsWith"]]
    assert buckets == ["shop-test-", "shop-kanmon-"]
    (without,) = objects["resources.ARN"]["NotStartsWith"]
    assert without["Sub"].endswith(":shop-test-trail-")


def test_the_trails_bucket() -> None:
    """SEC-3, SEC-4: private, versioned, encrypted, by TLS only, kept 90 days."""
    bucket = _of("S3::Bucket")["TestTrailBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 90
    policy = _of("S3::BucketPolicy")["TestTrailBucketPolicy"]
    refusal = statement_of(policy["PolicyDocument"], "RefusePlainHttp")
    assert refusal["Effect"] == "Deny"
    assert refusal["Principal"] == "*"
    assert refusal["Action"] == "s3:*"
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refusal["Resource"] == [{"GetAtt": "TestTrailBucket.Arn"}, {"Sub": "${TestTrailBucket.Arn}/*"}]
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow":
            # Of this one trail: another account's can't write here.
            assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
            assert statement["Condition"]["StringEquals"]["aws:SourceArn"]["Sub"].endswith(":trail/shop-test")


def test_the_trail_may_also_go_to_cloudwatch_logs() -> None:
    """SEC-3, SEC-4: encrypted with the trail's key, written by CloudTrail for this trail only."""
    assert "CloudWatchLogsLogGroupArn" not in _of("CloudTrail::Trail")["TestTrail"]
    given = {"trail": {"cloudwatch_logs": {"days": 400}}, "github": GITHUB}
    trail = _of("CloudTrail::Trail", **given)["TestTrail"]
    assert trail["CloudWatchLogsLogGroupArn"] == {"GetAtt": "TestTrailLogs.Arn"}
    assert trail["CloudWatchLogsRoleArn"] == {"GetAtt": "TestTrailLogsRole.Arn"}
    group = _of("Logs::LogGroup", **given)["TestTrailLogs"]
    assert group == {
        "LogGroupName": "cloudtrail/shop-test",
        "RetentionInDays": 400,
        "KmsKeyId": {"GetAtt": "TestTrailKey.Arn"},
    }
    key = statement_of(_of("KMS::Key", **given)["TestTrailKey"]["KeyPolicy"], "LogsEncrypt")
    (allowed,) = key["Condition"]["ArnEquals"].values()
    assert allowed["Sub"].endswith(":log-group:cloudtrail/shop-test")
    role = _of("IAM::Role", **given)["TestTrailLogsRole"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"]["Sub"].endswith(":trail/shop-test")
    (write,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert (
        ":log-group:cloudtrail/shop-test:log-stream:${AWS::AccountId}_CloudTrail_" in write["Resource"]["Sub"]
    )


def test_no_role_of_a_workflow_reaches_the_trails_log() -> None:
    """SEC-3: also in an environment with a name that goes on, such as `test-eu`."""
    made = document(trail={"cloudwatch_logs": {}}, github=BOTH)
    boundary = statements_of(made.of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]["PolicyDocument"])
    for name in ("test", "test-eu"):
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:cloudtrail/shop-{name}"
        for role in ("TestServiceRole", "TestDeployRole", "TestPlanRole"):
            for action in ("DeleteLogGroup", "PutRetentionPolicy", "DisassociateKmsKey"):
                assert not allows(made.statements(role), Request(f"logs:{action}", group)), (role, action)
        for action in ("CreateLogStream", "PutLogEvents"):
            written = Request(f"logs:{action}", f"{group}:log-stream:x")
            assert not allows(boundary, written), action


def test_a_trails_copy_stays_without_its_config() -> None:
    """SEC-3"""
    first = bootstrap_template(make_config(trail={"cloudwatch_logs": {"days": 400}}))
    assert bootstrap_template(make_config(), outputs=_outputs(first)) == first


def test_a_trail_without_a_copy_is_recorded_as_before() -> None:
    """SEC-3: an older Kanmon reads it, too."""
    recorded = parse(bootstrap_template(make_config(trail={})))["Outputs"][Output.ENVIRONMENTS]["Value"]
    assert json.loads(recorded) == {"test": {"days": 90, "data_events": "writes"}}


def test_each_environment_of_one_file_has_its_own_trail_and_channels() -> None:
    """ADP-5: `kanmon bootstrap` makes all environments at once."""
    shared: dict[str, Any] = {
        "github": GITHUB | {"environments": []},
        "environments": {"staging": {}, "test": {}},
    }
    staging = make_config(environment="staging", trail={"days": 30}, **shared)
    test = make_config(notifications={"channels": {"slack": "test-slack"}}, **shared)
    both = bootstrap_template(staging, (staging, test))
    assert bootstrap_template(test, (staging, test)) == both, "whichever is named"
    made = parse(both)["Resources"]
    assert "StagingTrailBucket" in made
    assert "TestTrailBucket" not in made
    assert "test-slack" in str(made["TestBoundary"])
    assert "test-slack" not in str(made["StagingBoundary"])
