"""The service role's rights for the team's own stacks (ADP-2)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from embedded.authorisation.evaluation import Request
from embedded.authorisation.handlers import needed
from kanmon.stacks.boundary import refuse_long
from kanmon.stacks.own_rights import own_rights
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import GITHUB, own
from tests.unit.templates.handlers import handlers, reference, schema_text
from tests.unit.templates.iam import ACCOUNT, REGION, Document, allows
from tests.unit.templates.parsed import parse

TYPES = (
    "AWS::DynamoDB::Table", "AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::Events::Rule", "AWS::IAM::Role",
    "AWS::Kinesis::Stream", "AWS::SQS::Queue", "AWS::Cognito::UserPool", "AWS::S3::BucketPolicy",
)  # fmt: skip
MORE = (
    "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::CloudWatch::MetricStream",
    "AWS::DynamoDB::GlobalTable", "AWS::ECR::Repository", "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache", "AWS::Events::ApiDestination", "AWS::Events::Archive",
    "AWS::Events::Connection", "AWS::Events::EventBus", "AWS::Events::EventBusPolicy",
    "AWS::KinesisFirehose::DeliveryStream", "AWS::Lambda::CodeSigningConfig", "AWS::Lambda::LayerVersion",
    "AWS::Logs::Delivery", "AWS::Logs::DeliveryDestination", "AWS::Logs::LogGroup",
    "AWS::Logs::QueryDefinition", "AWS::Logs::ResourcePolicy", "AWS::OpenSearchServerless::Collection",
    "AWS::Pipes::Pipe", "AWS::S3::AccessPoint", "AWS::SES::EmailIdentity", "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::SSM::Document", "AWS::SSM::Parameter",
    "AWS::Scheduler::ScheduleGroup", "AWS::SecretsManager::ResourcePolicy", "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::Activity", "AWS::StepFunctions::StateMachine", "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACL",
)  # fmt: skip


def _permissions(*types: str) -> set[str]:
    names = ("create", "read", "update", "delete")
    return {one for kind in types for name in names for one in handlers(kind).get(name, ())}


PERMISSIONS = _permissions(*TYPES)
BODY = bootstrap_template(make_config(github=GITHUB), own=own_rights(PERMISSIONS))
SERVICE = Document(parse(BODY)).statements("TestServiceRole")
HERE: dict[str, Any] = {"aws:RequestedRegion": "ap-northeast-1"}


def test_it_reaches_names_of_the_environment() -> None:
    """ADP-2"""
    for request in (
        Request("dynamodb:CreateTable", own("dynamodb", "table/shop-test-orders-Table-1X"), HERE),
        Request("s3:PutLifecycleConfiguration", "arn:aws:s3:::shop-test-orders-bucket-1x", HERE),
        Request("sqs:CreateQueue", own("sqs", "shop-test-orders-Queue"), HERE),
        Request("events:PutRule", own("events", "rule/shop-test-orders-Rule"), HERE),
        Request("cognito-idp:UpdateUserPool", own("cognito-idp", "userpool/x"), HERE),
        Request("sqs:ListQueueTags", own("sqs", "shop-test-orders-Queue"), HERE),
    ):
        assert allows(SERVICE, request), request


@cache
def _service() -> list[Any]:
    """A right holds by its action alone. So all types together have what each has."""
    own_ = own_rights(_permissions(*TYPES, *MORE))
    body = bootstrap_template(make_config(github=GITHUB), own=own_)
    return Document(parse(body)).statements("TestServiceRole")


@pytest.mark.parametrize("kind", [*TYPES, *MORE])
def test_every_handler_gets_what_iam_asks_for(kind: str) -> None:
    """ADP-2: by AWS's service authorization reference, which own_rights doesn't know."""
    known = {"id": "shop-test-orders-Thing", "account": ACCOUNT, "region": REGION}
    for operation in ("create", "update", "delete"):
        for right in needed(json.loads(schema_text(kind)), reference(), operation, {}, **known):
            if right.action.startswith(("iam:", "kms:")):
                continue
            requests = [Request(right.action, one, HERE) for one in right.resources]
            assert any(allows(_service(), one) for one in requests), right


def test_a_role_in_a_property_is_passed() -> None:
    """ADP-2: by its property's name, wherever it stands."""
    role = f"arn:aws:iam::{ACCOUNT}:role/shop/test/pipe"
    properties = {"RoleArn": role, "Targets": [{"RoleArn": role + "-2"}], "Description": role + "-3"}
    known = {"id": "shop-test-x", "account": ACCOUNT, "region": REGION}
    rights = needed(json.loads(schema_text("AWS::Pipes::Pipe")), reference(), "create", properties, **known)
    passed = [one.resources for one in rights if one.action == "iam:PassRole"]
    assert passed == [(role,), (role + "-2",)]


def test_it_reaches_nothing_else() -> None:
    """ADP-2, SEC-2"""
    staging = {"aws:ResourceTag/app": "shop", "aws:ResourceTag/environment": "staging"}
    for request in (
        Request("dynamodb:DeleteTable", own("dynamodb", "table/shop-staging-orders"), HERE),
        Request("dynamodb:DeleteTable", own("dynamodb", "table/orders"), HERE),
        Request("s3:DeleteBucket", "arn:aws:s3:::shop-kanmon-1", HERE),
        Request("cognito-idp:UpdateUserPool", own("cognito-idp", "userpool/x"), HERE | staging),
        Request(
            "cognito-idp:UpdateUserPool",
            own("cognito-idp", "userpool/x"),
            {"aws:RequestedRegion": "eu-west-1"},
        ),
        Request("iam:CreateRole", "arn:aws:iam::111122223333:role/shop/test/x", HERE),
    ):
        assert not allows(SERVICE, request), request


def test_each_policy_fits_into_iam() -> None:
    """ADP-2"""
    refuse_long(BODY)
    assert len(own_rights(PERMISSIONS)) > 1
    # AWS's schemas name calls, too, that IAM knows under another name.
    assert [one for one in findings(BODY) if not one.startswith("W3037")] == []


def test_without_own_stacks_there_is_nothing_more() -> None:
    assert own_rights(()) == []
    assert "OwnPolicy" not in bootstrap_template(make_config(github=GITHUB))
