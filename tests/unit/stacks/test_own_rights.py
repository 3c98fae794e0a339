"""The service role's rights for the team's own stacks (ADP-2)."""

from __future__ import annotations

from typing import Any

from embedded.authorisation.evaluation import Request
from kanmon.stacks.boundary import refuse_long
from kanmon.stacks.own_rights import own_rights
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import GITHUB, own
from tests.unit.templates.handlers import handlers
from tests.unit.templates.iam import Document, allows
from tests.unit.templates.parsed import parse

TYPES = (
    "AWS::DynamoDB::Table", "AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::Events::Rule", "AWS::IAM::Role",
    "AWS::Kinesis::Stream", "AWS::SQS::Queue", "AWS::Cognito::UserPool", "AWS::S3::BucketPolicy",
)  # fmt: skip
PERMISSIONS = {
    one
    for kind in TYPES
    for name in ("create", "read", "update", "delete")
    for one in handlers(kind).get(name, ())
}
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
