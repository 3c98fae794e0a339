"""The names of IAM's actions (ADP-1)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kanmon.config.actions import near_service, services, unknown_action
from scripts.generators.iam_actions import SERVICES, reference
from tests.fakes.app import make_config


@pytest.mark.parametrize(
    ("action", "near"),
    [
        ("dynamodb:PutItem", None),
        ("dynamodb:putitem", None),
        ("dynamodb:*Item", None),
        ("s3:Get?bject", None),
        ("s3:*", None),
        ("iam:PassRole", None),
        ("lightsail:Anything", None),
        ("dynamodb:PutItme", "dynamodb:PutItem"),
        ("bedrock:InvokeModle", "bedrock:InvokeModel"),
        ("ses:SendMail", "ses:SendEmail"),
        ("DynamoDB:PutItme", "dynamodb:PutItem"),
        ("sqs:Sned*", ""),
        ("newservice:Do", ""),
    ],
)
def test_an_unknown_action_has_a_near_name(action: str, near: str | None) -> None:
    """ADP-1"""
    assert unknown_action(action) == near


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("lambda:Invoke", "lambda:InvokeFunction"),
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
        ("bedrock:Converse", "bedrock:InvokeModel"),
        ("dynamodb:TransactWriteItems", "dynamodb:PutItem"),
        ("sqs:SendMessageBatch", "sqs:SendMessage"),
    ],
)
def test_an_operation_of_the_sdk_leads_to_its_action(operation: str, action: str) -> None:
    """ADP-1: IAM has another name for it."""
    assert unknown_action(operation) == action
    assert unknown_action(action) is None


def test_a_service_is_known_or_near() -> None:
    """ADP-1: a new service of AWS is no mistake."""
    assert near_service("dynamdb:PutItem") == "dynamodb"
    assert near_service("SES:SendEmail") == ""
    assert near_service("quantumledger9:Do") == ""


def test_a_misspelled_service_is_refused_at_its_place() -> None:
    """ADP-1: IAM would refuse the role, in the middle of a deploy."""
    statement = {"actions": ["s3:GetObject", "dynamdb:PutItem"], "resources": ["*"]}
    with pytest.raises(ValidationError) as refused:
        make_config(boundary={"allow": [statement]})
    [error] = refused.value.errors()
    found = error["ctx"]["error"]
    assert error["loc"] == ("boundary", "allow", 0)
    assert (found.at, found.fix) == (("actions", 1), "Write `dynamodb:PutItem`.")


def test_the_names_are_the_references() -> None:
    """Run `python -m scripts.generators.iam_actions` when cfn-lint has newer ones."""
    known = {name: {one.lower() for one in found} for name, found in services().items()}
    expected = {
        name: set(found["Actions"]) if name in SERVICES else set() for name, found in reference().items()
    }
    assert known == expected
