"""IAM's evaluation logic: each rule as AWS documents it (SEC-1)."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.authorisation.evaluation import (
    Context,
    Effect,
    Principal,
    Request,
    decide,
    effect,
    statements_of,
)

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = Principal(f"arn:aws:iam::{ACCOUNT}:role/shop-plan")
FOREIGN = Principal(f"arn:aws:iam::{OTHER}:role/shop-plan")
OBJECT = "arn:aws:s3:::shop/blobs/aa"


def _policy(*statements: dict[str, Any]) -> Any:
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    return statements_of({"Statement": [allowed | one for one in statements]})


def _put(context: Context | None = None, principal: Principal | None = ROLE) -> Request:
    return Request("s3:PutObject", OBJECT, context or {}, principal)


def test_a_denial_wins_over_an_allowance() -> None:
    assert effect(_policy({}), _put()) is Effect.ALLOW
    assert effect(_policy({}, {"Effect": "Deny"}), _put()) is Effect.EXPLICIT_DENY
    assert effect([], _put()) is Effect.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("elements", "applies"),
    [
        ({"Action": "S3:putobject"}, True),
        ({"Action": ["s3:Get*", "s3:Put?bject"]}, True),
        ({"Action": "s3:PutObjectAcl"}, False),
        ({"Resource": "arn:aws:s3:::shop/*"}, True),
        ({"Resource": "arn:aws:s3:::shop"}, False),
        # A wildcard of one part matches no colon.
        ({"Resource": "arn:aws:*:shop/blobs/aa"}, False),
        ({"Resource": "arn:aws:s3:*:*:shop/blobs/aa"}, True),
        ({"Resource": "arn:aws:s3:::${aws:PrincipalTag/app}/*"}, True),
        ({"Resource": "arn:aws:s3:::${aws:username}/*"}, False),
    ],
)
def test_actions_and_resources_are_patterns(elements: dict[str, Any], applies: bool) -> None:
    request = _put({"aws:PrincipalTag/app": "shop"})
    assert (effect(_policy(elements), request) is Effect.ALLOW) is applies


def test_the_negated_elements_name_all_others() -> None:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "NotAction": "s3:Delete*",
        "NotResource": "arn:aws:s3:::b/*",
    }
    policy = statements_of({"Statement": statement})
    assert effect(policy, _put()) is Effect.ALLOW
    assert effect(policy, Request("s3:DeleteObject", OBJECT)) is Effect.IMPLICIT_DENY
    assert effect(policy, Request("s3:PutObject", "arn:aws:s3:::b/x")) is Effect.IMPLICIT_DENY


TAGGED = {"aws:TagKeys": ["app", "owner"]}
CONDITIONS: list[tuple[str, Any, Context, bool]] = [
    # Case counts in values, not in keys.
    ("StringEquals", "a", {"Aws:K": "a"}, True),
    ("StringEquals", "a", {"aws:k": "A"}, False),
    ("StringEqualsIgnoreCase", "a", {"aws:k": "A"}, True),
    ("StringEquals", ["a", "b"], {"aws:k": "b"}, True),
    ("StringEquals", "a*", {"aws:k": "ab"}, False),
    ("StringLike", "a*", {"aws:k": "ab"}, True),
    # Without the key nothing is equal, and everything differs.
    ("StringEquals", "a", {}, False),
    ("StringNotEquals", "a", {}, True),
    ("StringNotEquals", ["a", "b"], {"aws:k": "b"}, False),
    ("StringNotLike", "a*", {"aws:k": "ba"}, True),
    ("StringEqualsIfExists", "a", {}, True),
    ("StringEqualsIfExists", "a", {"aws:k": "b"}, False),
    ("Null", "true", {}, True),
    ("Null", True, {"aws:k": "b"}, False),
    ("Null", "false", {"aws:k": "b"}, True),
    ("Bool", False, {"aws:k": "false"}, True),
    ("Bool", "false", {}, False),
    ("BoolIfExists", "false", {}, True),
    ("NumericLessThan", "10", {"aws:k": "9"}, True),
    ("NumericGreaterThanEquals", 10, {"aws:k": "9"}, False),
    ("ArnLike", "arn:aws:sns:*:1:shop-*", {"aws:k": "arn:aws:sns:eu-west-1:1:shop-a"}, True),
    ("ArnLike", "arn:aws:sns:*:shop-*", {"aws:k": "arn:aws:sns:eu-west-1:1:shop-a"}, False),
    ("ArnNotEquals", "arn:aws:sns:e:1:a", {"aws:k": "arn:aws:sns:e:1:b"}, True),
    ("ForAllValues:StringEquals", ["app", "owner"], {"aws:k": ["app"]}, True),
    ("ForAllValues:StringEquals", ["app"], {"aws:k": ["app", "x"]}, False),
    ("ForAllValues:StringEquals", ["app"], {}, True),
    ("ForAnyValue:StringEquals", ["app"], {"aws:k": ["app", "x"]}, True),
    ("ForAnyValue:StringEquals", ["app"], {}, False),
    ("ForAnyValue:StringNotEquals", ["app"], {"aws:k": ["app", "x"]}, True),
    ("ForAnyValue:StringNotEquals", ["app"], {}, False),
]


@pytest.mark.parametrize(("operator", "expected", "context", "holds"), CONDITIONS)
def test_conditions(operator: str, expected: Any, context: Context, holds: bool) -> None:
    policy = _policy({"Condition": {operator: {"aws:k": expected}}})
    assert (effect(policy, _put(context)) is Effect.ALLOW) is holds


def test_all_conditions_must_hold() -> None:
    policy = _policy({"Condition": {"StringEquals": {"a:b": "1", "a:c": "2"}}})
    assert effect(policy, _put({"a:b": "1", "a:c": "2"})) is Effect.ALLOW
    assert effect(policy, _put({"a:b": "1"})) is Effect.IMPLICIT_DENY


@pytest.mark.parametrize(
    "wrong",
    [
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}},
        {"Condition": {"ForSomeValues:StringEquals": {"a": "b"}}},
        {"Effect": "allow"},
        {"Actions": "s3:*"},
    ],
)
def test_an_element_without_a_meaning_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"played|statement"):
        _policy(wrong)


def test_the_boundary_limits_the_identity() -> None:
    narrow = _policy({"Action": "s3:GetObject"})
    assert decide(_put(), _policy({}), boundary=narrow) is Effect.IMPLICIT_DENY
    assert decide(_put(), narrow, boundary=_policy({})) is Effect.IMPLICIT_DENY
    assert decide(_put(), _policy({}), boundary=_policy({"Action": "s3:Put*"})) is Effect.ALLOW


def test_either_policy_allows_within_an_account() -> None:
    named = _policy({"Principal": {"AWS": ROLE.name}})
    whole = _policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})
    assert decide(_put(), _policy({}), owner=ACCOUNT) is Effect.ALLOW
    assert decide(_put(), [], resource=named, owner=ACCOUNT) is Effect.ALLOW
    # The account as a whole leaves it to the account's identities.
    assert decide(_put(), [], resource=whole, owner=ACCOUNT) is Effect.IMPLICIT_DENY
    narrow = _policy({"Action": "s3:GetObject"})
    assert decide(_put(), [], resource=named, boundary=narrow, owner=ACCOUNT) is Effect.IMPLICIT_DENY


def test_a_denial_of_the_resource_wins() -> None:
    policy = _policy(
        {"Effect": "Deny", "Principal": "*", "Condition": {"Null": {"s3:if-none-match": "true"}}}
    )
    assert decide(_put(), _policy({}), resource=policy) is Effect.EXPLICIT_DENY
    assert decide(_put({"s3:if-none-match": "*"}), _policy({}), resource=policy) is Effect.ALLOW


def test_another_account_needs_both() -> None:
    request = _put(principal=FOREIGN)
    everybody = _policy({"Principal": "*"})
    assert decide(request, _policy({}), owner=ACCOUNT) is Effect.IMPLICIT_DENY
    assert decide(request, [], resource=everybody, owner=ACCOUNT) is Effect.IMPLICIT_DENY
    assert decide(request, _policy({}), resource=everybody, owner=ACCOUNT) is Effect.ALLOW


def test_nobody_passes_by_a_policy_for_everybody_alone() -> None:
    assert decide(_put(principal=None), [], resource=_policy({"Principal": "*"})) is Effect.ALLOW
    named = _policy({"Principal": {"AWS": ROLE.name}})
    assert decide(_put(principal=None), [], resource=named) is Effect.IMPLICIT_DENY


def test_a_key_needs_its_own_policy() -> None:
    identity = _policy({"Action": "kms:*"})
    request = Request("kms:Decrypt", "arn:aws:kms:e:1:key/1", {}, ROLE)
    account = _policy({"Action": "kms:*", "Principal": {"AWS": ACCOUNT}})
    named = _policy({"Action": "kms:Decrypt", "Principal": {"AWS": ROLE.name}})
    assert decide(request, identity, resource_decides=True) is Effect.IMPLICIT_DENY
    assert decide(request, identity, resource=account, resource_decides=True) is Effect.ALLOW
    assert decide(request, [], resource=account, resource_decides=True) is Effect.IMPLICIT_DENY
    assert decide(request, [], resource=named, resource_decides=True) is Effect.ALLOW


@pytest.mark.parametrize(
    ("kind", "name", "action", "taken"),
    [
        ("Service", "lambda.amazonaws.com", "sts:AssumeRole", True),
        ("Service", "ec2.amazonaws.com", "sts:AssumeRole", False),
        ("Federated", f"arn:aws:iam::{ACCOUNT}:oidc-provider/g", "sts:AssumeRoleWithWebIdentity", True),
        ("Federated", f"arn:aws:iam::{ACCOUNT}:oidc-provider/h", "sts:AssumeRoleWithWebIdentity", False),
    ],
)
def test_a_trust_names_services_and_providers(kind: str, name: str, action: str, taken: bool) -> None:
    trusted = {
        "Service": ["lambda.amazonaws.com", "states.amazonaws.com"],
        "Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/g",
    }
    trust = statements_of({"Statement": {"Effect": "Allow", "Action": "sts:*", "Principal": trusted}})
    request = Request(action, "the role", {}, Principal(name, kind))
    assert (decide(request, [], resource=trust, resource_decides=True) is Effect.ALLOW) is taken
