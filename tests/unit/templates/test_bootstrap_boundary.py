"""The ceiling in the config becomes a boundary that keeps Kanmon's own things out of reach (ADP-1, SEC-2)."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.authorisation.evaluation import Request, Statement, statements_of
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import ARTIFACTS, GITHUB, document, own, stack
from tests.unit.templates.iam import ACCOUNT, allows

ANYTHING = [
    {"actions": [f"{service}:*"], "resources": ["*"]}
    for service in ("s3", "iam", "sts", "cloudformation", "dynamodb", "lambda")
]
CHANGES: dict[str, Any] = {
    "github": GITHUB | {"environments": ["staging", "test"]},
    "boundary": {
        "allow": [
            {
                "actions": ["dynamodb:*Item"],
                "resources": ["arn:${AWS::Partition}:dynamodb:*:*:table/${kanmon.Prefix}-*"],
            },
            {
                "actions": ["ses:SendEmail"],
                "resources": ["arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"],
                "conditions": {"StringEquals": {"ses:FromAddress": ["${kanmon.Environment}@shop.example"]}},
            },
        ]
    },
}
OPEN = CHANGES | {"boundary": {"allow": ANYTHING}}
FROM = {"ses:FromAddress": "test@shop.example"}
TABLE = "arn:aws:dynamodb:eu-central-1:1:table/shop-"
OTHERS = {"aws:ResourceTag/app": "shop", "aws:ResourceTag/environment": "staging"}


def _boundary(changes: dict[str, Any], environment: str = "Test") -> list[Statement]:
    policies = document(**changes).of_type("AWS::IAM::ManagedPolicy")
    return list(statements_of(policies[f"{environment}Boundary"]["PolicyDocument"]))


def test_each_environments_boundary_has_its_own_names() -> None:
    """ADP-1"""
    for environment, other in (("Test", "staging"), ("Staging", "test")):
        boundary = _boundary(CHANGES, environment)
        name = environment.lower()
        assert allows(boundary, Request("dynamodb:GetItem", f"{TABLE}{name}-orders"))
        assert not allows(boundary, Request("dynamodb:GetItem", f"{TABLE}{other}-orders"))
        mail = own("ses", "identity/shop.example")
        assert allows(boundary, Request("ses:SendEmail", mail, {"ses:FromAddress": f"{name}@shop.example"}))
        assert not allows(
            boundary, Request("ses:SendEmail", mail, {"ses:FromAddress": f"{other}@shop.example"})
        )


@pytest.mark.parametrize(
    "request_",
    [
        Request("s3:GetObject", f"{ARTIFACTS}/test/ledger/head.json"),
        Request("s3:PutObject", f"{ARTIFACTS}/test/blobs/a"),
        Request("s3:ListBucket", ARTIFACTS),
        Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/shop-test-deploy"),
        Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/shop-staging-cloudformation"),
        Request("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/shop-test-plan"),
        Request("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/shop-test-boundary"),
        Request("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/shop/test/api"),
        Request("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/shop/test/api"),
        Request("cloudformation:ExecuteChangeSet", stack("shop-test-api")),
        Request("dynamodb:GetItem", f"{TABLE}staging-orders", OTHERS),
        Request("lambda:UpdateFunctionCode", own("lambda", "function:shop-staging-blue-api"), OTHERS),
    ],
    ids=lambda request: f"{request.action} {request.resource}",
)
def test_nothing_reaches_kanmons_own_things(request_: Request) -> None:
    """ADP-1, TRU-1: whatever the config allows."""
    assert not allows(_boundary(OPEN), request_)


@pytest.mark.parametrize(
    "request_",
    [
        Request("s3:GetObject", "arn:aws:s3:::shop-test-reports/a"),
        Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/shop/test/api"),
        Request("dynamodb:GetItem", f"{TABLE}test-orders", OTHERS | {"aws:ResourceTag/environment": "test"}),
        Request("dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:1:table/elsewhere"),
    ],
    ids=lambda request: f"{request.action} {request.resource}",
)
def test_the_rest_is_as_the_config_says(request_: Request) -> None:
    """ADP-1"""
    assert allows(_boundary(OPEN), request_)


def test_without_a_ceiling_the_boundary_is_as_before() -> None:
    assert "OtherEnvironments" not in bootstrap_template(make_config(github=GITHUB))


def test_cfn_lint_finds_nothing() -> None:
    assert findings(bootstrap_template(make_config(**CHANGES))) == []
