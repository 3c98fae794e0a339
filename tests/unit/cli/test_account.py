"""The account as the config describes it: its place, and CloudFormation's role in it (SEC-1)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from moto import mock_aws

from kanmon.aws.clients import Aws
from kanmon.cli.account import Account
from kanmon.cli.wiring import services_of
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.bootstrap import bootstrap_template, stack_types
from tests.fakes.app import make_config
from tests.unit.templates.parsed import parse

GITHUB = {"repository": "octo/shop"}
ROLE = "iam::123456789012:role/shop-test-cloudformation"


@mock_aws
@pytest.mark.parametrize(
    ("github", "region", "role"),
    [
        (None, "ap-northeast-1", ""),
        (GITHUB, "ap-northeast-1", f"arn:aws:{ROLE}"),
        (GITHUB, "cn-north-1", f"arn:aws-cn:{ROLE}"),
    ],
)
def test_with_github_cloudformation_acts_by_the_service_role(
    github: dict[str, Any] | None, region: Any, role: str
) -> None:
    account = Account(make_config(github=github, region=region), Aws(region))
    account.aws.s3.create_bucket(
        Bucket=account.bucket, CreateBucketConfiguration={"LocationConstraint": region}
    )
    stacks = services_of(account, print, lambda _: cast("Any", None)).stacks
    assert isinstance(stacks, Stacks)
    assert stacks.role == role


@mock_aws
def test_without_its_bucket_an_account_is_not_bootstrapped() -> None:
    place = "shop-kanmon-123456789012-ap-northeast-1 in ap-northeast-1 of the account 123456789012"
    with pytest.raises(KanmonError, match=place) as caught:
        _ = Account(make_config(), Aws("ap-northeast-1")).blobs
    assert caught.value.code is Code.NOT_BOOTSTRAPPED


def _refusal(outputs: dict[str, str], **changes: Any) -> str:
    """The refusal of a plan with such a bootstrap stack; empty for none."""
    checks = [{"name": "one", "path": "/", "headers": {"x-key": "${secrets.key}"}}]
    changes = {"github": GITHUB, "secrets": {"key": {}}, "checks": checks} | changes
    account = Account(make_config(**changes), Aws("ap-northeast-1"))
    account.__dict__["_outputs"] = {"TestKeyArn": "arn:key"} | outputs
    try:
        return "" if account.bootstrapped else "nothing"
    except KanmonError as error:
        return error.message if error.code is Code.NOT_BOOTSTRAPPED else repr(error)


@mock_aws
def test_a_plan_is_refused_while_the_deploy_role_lacks_a_right_for_its_checks() -> None:
    """SEC-1: before anybody reviews it, and long before the candidate's checks."""
    assert _refusal({}) == "The deploy role may not read the secret key for the checks."
    other = '{"production": {"secrets": ["key"], "sign_in": true}}'
    assert _refusal({"Checks": other}) != ""
    given = '{"test": {"secrets": ["key"], "sign_in": false}}'
    assert _refusal({"Checks": given}) == ""
    assert _refusal({}, github=None) == ""
    sign_in = [{"name": "one", "sign_in": {"username": "a@b.example", "password": "${secrets.key}"}}]
    assert _refusal({"Checks": given}, checks=sign_in, user_pool={}) == (
        "The deploy role may not sign in to the user pool for the checks."
    )


@mock_aws
def test_a_plan_is_refused_while_cloudformation_lacks_the_rights_for_a_type() -> None:
    """ADP-2: before any change, not by CloudFormation in the middle of the deploy."""
    table, topic = "AWS::DynamoDB::Table", "AWS::SNS::Topic"

    def refusal(types: dict[str, list[str]], granted: str, **changes: Any) -> str:
        account = Account(make_config(**{"github": GITHUB} | changes), Aws("ap-northeast-1"))
        account.__dict__["_outputs"] = {"TestStackTypes": granted, "ProductionStackTypes": "DynamoDB::Table"}
        try:
            account.refuse_new_types(types)
        except KanmonError as error:
            return error.message if error.code is Code.NOT_BOOTSTRAPPED else repr(error)
        return ""

    orders = {"orders": [table, topic], "mails": [topic]}
    assert refusal(orders, "DynamoDB::Table,SNS::Topic,S3::Bucket") == ""
    assert refusal(orders, "SNS::Topic") == f"CloudFormation's role has no rights for {table} in orders."
    assert f"{topic} in orders, {topic} in mails" in refusal(orders, "DynamoDB::Table")
    assert refusal({"orders": ["Acme::Own::Type"]}, ":Acme::Own::Type") == ""
    assert f"{table} in orders" in refusal(orders, "")
    assert refusal(orders, "", github=None) == ""
    assert refusal({}, "") == ""


def test_bootstrap_keeps_the_types_of_other_environments() -> None:
    """ADP-2: their rights stay, though this config has other stacks."""
    granted = {"production": ["AWS::DynamoDB::Table", "Acme::Own::Type"], "test": ["AWS::SNS::Topic"]}
    config = make_config(github=GITHUB | {"environments": ["test", "production"]})
    outputs = {
        name: one["Value"]
        for name, one in parse(bootstrap_template(config, types=granted))["Outputs"].items()
    }
    bucket = ["AWS::S3::Bucket"]
    assert stack_types(config, {"test": bucket}, outputs) == granted | {"test": bucket}
    assert stack_types(config, {}, outputs) == granted
    assert stack_types(config, {"test": bucket}, {}) == {"test": bucket}
    alone = make_config(github=GITHUB)
    assert stack_types(alone, {}, outputs) == {"test": granted["test"]}
