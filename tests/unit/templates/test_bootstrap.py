"""The bootstrap stack: its bucket, its policies' limits, and its warnings about costs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from embedded.authorisation.evaluation import Effect, Principal, Request, decide, statements_of
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import ARTIFACTS, CONFIGS, EVERYTHING, document
from tests.unit.templates.iam import ACCOUNT
from tests.unit.templates.parsed import parse


@pytest.mark.parametrize("case", CONFIGS)
def test_cfn_lint_finds_nothing(case: str) -> None:
    body = bootstrap_template(make_config(**CONFIGS[case]))
    assert findings(body) == []
    # GetTemplate answers `?` for every other character: a second bootstrap would find a change.
    assert body.isascii()


@pytest.mark.parametrize("case", CONFIGS)
def test_nothing_is_allowed_to_everybody_or_on_everything(case: str) -> None:
    made = document(**CONFIGS[case])
    policies = [made.statements(role) for role in made.of_type("AWS::IAM::Role")]
    policies += [
        statements_of(item["PolicyDocument"]) for item in made.of_type("AWS::IAM::ManagedPolicy").values()
    ]
    for one in (statement for policy in policies for statement in policy):
        if one.effect == "Deny":
            continue
        assert [one.not_actions, one.not_resources, one.not_principals] == [None] * 3
        for action in one.actions or ():
            service, _, name = action.partition(":")
            assert service.strip("*") == service != "", action
            assert name.strip("*"), action
        if "*" in (one.resources or ()):
            assert one.sid in {
                "MakePool",
                "Edge",
                "Look",
                "Sources",
                "Anywhere",
                "Alarms",
                "Markers",
                "Concurrency",
                "ExistingNetwork",
            }


@pytest.mark.parametrize("case", CONFIGS)
def test_policies_fit_into_iams_quotas(case: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, white space not counted."""
    longest = {"app": "a" * 28, "environment": "e" * 15}
    made = document(**CONFIGS[case] | longest)
    for role in made.of_type("AWS::IAM::Role").values():
        assert sum(_size(policy["PolicyDocument"]) for policy in role.get("Policies", ())) <= 10_240
        assert _size(role["AssumeRolePolicyDocument"]) <= 2_048
        assert len(role["RoleName"]) <= 64
    for policy in made.of_type("AWS::IAM::ManagedPolicy").values():
        assert _size(policy["PolicyDocument"]) <= 6_144


def test_policies_fit_with_all_stacks_of_the_teams_own() -> None:
    """ADP-2: as many as a config takes, with the longest names."""
    one = {"template": "a.yml", "stateful": True}
    stacks = {f"s{number:031}": one for number in range(8)}
    made = document(**CONFIGS["everything"] | {"app": "a" * 28, "environment": "e" * 15, "stacks": stacks})
    for policy in made.of_type("AWS::IAM::ManagedPolicy").values():
        assert _size(policy["PolicyDocument"]) <= 6_144
    with pytest.raises(ValidationError):
        make_config(stacks=stacks | {"more": {"template": "a.yml"}})


def _size(policy: Any) -> int:
    return len(json.dumps(policy, separators=(",", ":")))


def test_the_artifact_bucket_is_closed_and_keeps_its_content() -> None:
    """SEC-4"""
    bucket = document().of_type("AWS::S3::Bucket")["ArtifactBucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule
    assert "Transitions" not in rule
    # What the deploy deleted goes for good, and then the marker of the deletion.
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rule["ExpiredObjectDeleteMarker"] is True


_NEW = {"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"}
_WRITTEN_ONCE = ("test/blobs/aa", "production/blobs/aa", "test/ledger/releases/r1.json")


def _refused(key: str, **context: str) -> bool:
    """Whether the bucket's policy refuses a write, also of an administrator."""
    policy = EVERYTHING.of_type("AWS::S3::BucketPolicy")["ArtifactBucketPolicy"]["PolicyDocument"]
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    request = Request(
        "s3:PutObject",
        f"{ARTIFACTS}/{key}",
        {"aws:SecureTransport": "true"} | context,
        Principal(f"arn:aws:iam::{ACCOUNT}:role/administrator"),
    )
    return decide(request, statements_of(everything), resource=statements_of(policy)) is not Effect.ALLOW


@pytest.mark.parametrize("key", _WRITTEN_ONCE)
def test_blobs_and_planned_records_are_written_once(key: str) -> None:
    """TRU-1: with the condition of a new object, in one call, and by no copy."""
    assert not _refused(key, **_NEW)
    assert _refused(key, **{"s3:ObjectCreationOperation": "true"})
    assert _refused(key, **{"s3:ObjectCreationOperation": "true", "s3:if-match": '"tag"'})
    assert _refused(key, **_NEW | {"s3:ObjectCreationOperation": "false"})
    assert _refused(key, **_NEW | {"s3:x-amz-copy-source": "shop/other"})
    for name in ("storage-class", "server-side-encryption-customer-algorithm"):
        assert _refused(key, **_NEW | {f"s3:x-amz-{name}": "x"})
    assert _refused(key, **_NEW | {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:foreign"})


@pytest.mark.parametrize("key", ["test/ledger/head.json", "test/ledger/deployed/r1.json", "bootstrap/aa"])
def test_other_objects_can_be_written_again(key: str) -> None:
    assert not _refused(key, **{"s3:ObjectCreationOperation": "true"})


def test_nobody_writes_without_encryption_on_the_way() -> None:
    """SEC-4"""
    assert _refused("test/ledger/head.json", **{"aws:SecureTransport": "false"})


def test_api_gateway_gets_its_role_for_logs_unless_it_has_one() -> None:
    """INF-6: it is the account's, and may serve other apps: it outlives the stack."""
    made = parse(bootstrap_template(make_config()))["Resources"]
    assert made["ApiAccount"]["Properties"] == {"CloudWatchRoleArn": {"GetAtt": "ApiLogsRole.Arn"}}
    role = made["ApiLogsRole"]["Properties"]
    (policy,) = role["ManagedPolicyArns"]
    assert policy["Sub"].endswith("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}
    for name in ("ApiAccount", "ApiLogsRole"):
        assert made[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    without = parse(bootstrap_template(make_config(), api_logs=False))
    assert not [
        name for section in ("Resources", "Outputs") for name in without[section] if name.startswith("Api")
    ]


@pytest.mark.parametrize(
    ("costs", "amount", "by"), [({}, 100, "SNS"), ({"monthly_usd": 250, "email": "a@b.c"}, 250, "EMAIL")]
)
def test_the_budget_warns_at_80_and_at_100_percent(costs: dict[str, Any], amount: int, by: str) -> None:
    """MON-5"""
    made = document(costs=costs)
    (budget,) = made.of_type("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": amount, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:app$shop"]}
    warnings = budget["NotificationsWithSubscribers"]
    assert [one["Notification"]["Threshold"] for one in warnings] == [80, 100]
    assert {one["Subscribers"][0]["SubscriptionType"] for one in warnings} == {by}
    (subscription,) = made.of_type("AWS::CE::AnomalySubscription").values()
    assert subscription["Subscribers"][0]["Type"] == by
    assert subscription["Frequency"] == ("IMMEDIATE" if by == "SNS" else "DAILY")
    (monitor,) = made.of_type("AWS::CE::AnomalyMonitor").values()
    assert json.loads(monitor["MonitorSpecification"])["Tags"]["Values"] == ["shop"]
    # Budgets can't write to a topic that AWS's own key encrypts.
    topic = made.of_type("AWS::SNS::Topic")["Topic"]
    assert (topic["KmsMasterKeyId"] == "alias/aws/sns") is (by == "EMAIL")
