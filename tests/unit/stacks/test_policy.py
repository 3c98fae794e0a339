"""The policy of a stack with state: no update replaces or deletes it (INF-3, INF-4, SEC-3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kanmon.stacks.policy import stack_policy


def _statements(*given_up: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(stack_policy(given_up))["Statement"]
    return statements


def test_other_updates_are_allowed() -> None:
    allow, _ = _statements()
    assert allow["Effect"] == "Allow"
    assert allow["Action"] == "Update:*"
    assert allow["Resource"] == "*"


def test_no_update_may_replace_or_delete_state() -> None:
    """INF-3, INF-4, SEC-3"""
    _, deny = _statements()
    assert deny["Effect"] == "Deny"
    assert deny["Action"] == ["Update:Replace", "Update:Delete"]
    assert deny["Resource"] == "*"


@pytest.mark.parametrize(
    "kind", ["AWS::RDS::DBCluster", "AWS::SecretsManager::Secret", "AWS::KMS::Key", "AWS::S3::Bucket"]
)
def test_databases_secrets_keys_and_buckets_are_state(kind: str) -> None:
    """INF-3, INF-4, SEC-3"""
    _, deny = _statements()
    assert kind in deny["Condition"]["StringEquals"]["ResourceType"]


def test_resources_under_allow_destroy_are_left_out() -> None:
    _, deny = _statements("Key", "DatabaseCluster")
    assert deny["NotResource"] == ["LogicalResourceId/DatabaseCluster", "LogicalResourceId/Key"]
    assert "Resource" not in deny
