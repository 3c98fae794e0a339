"""The account of `scripts/verify-aws`: refused with a fix, and roles that keep their rights (AWS-3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from verification.account import Account, AccountError

NUMBER = "123456789012"
GITHUB = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"}


class Iam:
    """A role's trust."""

    def __init__(self) -> None:
        self.trust: dict[str, Any] = {"Version": "2012-10-17", "Statement": [GITHUB]}

    def get_role(self, RoleName: str) -> Any:  # noqa: N803 - boto's own name
        assert RoleName
        return {"Role": {"AssumeRolePolicyDocument": self.trust}}

    def update_assume_role_policy(self, RoleName: str, PolicyDocument: str) -> None:  # noqa: N803 - boto's
        assert RoleName
        self.trust = json.loads(PolicyDocument)


class Listed:
    """A service with one list."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def can_paginate(self, _: str) -> bool:
        return False

    def list_things(self) -> Any:
        return self.answer


def account(**made: Any) -> Account:
    caller = f"arn:aws:iam::{NUMBER}:user/hanako"
    return Account("eu-west-1", NUMBER, caller, made)


def test_a_role_trusts_the_account_beside_github_and_once() -> None:
    iam = Iam()
    for _ in range(2):
        account(iam=iam).trust_caller("kanmon-verify-aws-plan")
    first, second = iam.trust["Statement"]
    assert first == GITHUB
    assert second["Principal"] == {"AWS": f"arn:aws:iam::{NUMBER}:root"}
    assert second["Action"] == "sts:AssumeRole"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"Things": ["a", "b"]}, ["a", "b"]),
        ({"Things": {"Quantity": 1, "Items": ["a"]}}, ["a"]),
        ({"Things": {"Quantity": 0}}, []),
        ({}, []),
    ],
    ids=["flat", "cloudfront", "empty cloudfront", "nothing"],
)
def test_a_list_is_read_in_each_form(answer: Any, found: list[str]) -> None:
    assert list(account(thing=Listed(answer)).pages("thing", "list_things", "Things")) == found


def test_without_a_region_the_refusal_has_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(AccountError, match="export AWS_REGION="):
        Account.of_environment()


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_without_credentials_the_refusal_has_the_fix(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The region is found in either variable."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv(name, "eu-west-1")
    with pytest.raises(AccountError, match="aws sts get-caller-identity"):
        Account.of_environment()


def test_a_missing_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(AccountError, match="nobody"):
        Account.of_environment()
