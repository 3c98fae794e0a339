"""The points that an account answers, on made-up answers (AWS-3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from verification.points import POINTS

KEY, ROLE = "arn:key/1", "arn:aws:iam::1:role/kanmon-verify-aws-cloudformation"


class Made:
    """An account with one cluster, its stack and its key."""

    def __init__(self, status: str, role: str, key: str) -> None:
        self._stack, self._key = {"StackStatus": status, "RoleARN": role}, key

    def stack(self, name: str) -> Any:
        assert name == "kanmon-verify-aws-foundation"
        return self._stack

    def outputs(self, name: str) -> dict[str, str]:
        assert name == "kanmon-verify-bootstrap"
        return {"AwsKeyArn": KEY}

    def client(self, service: str) -> Any:
        assert service == "rds"
        return self

    def describe_db_clusters(self, **_: str) -> Any:
        return {"DBClusters": [{"KmsKeyId": self._key}]}


@pytest.mark.parametrize(
    ("status", "role", "key", "proven", "fact"),
    [
        ("CREATE_COMPLETE", ROLE, KEY, True, "CREATE_COMPLETE"),
        ("UPDATE_COMPLETE", ROLE, KEY, True, "UPDATE_COMPLETE"),
        ("ROLLBACK_COMPLETE", ROLE, KEY, False, "ROLLBACK_COMPLETE"),
        ("UPDATE_ROLLBACK_COMPLETE", ROLE, KEY, False, "UPDATE_ROLLBACK_COMPLETE"),
        ("CREATE_COMPLETE", "", KEY, False, "another role"),
        ("CREATE_COMPLETE", f"{ROLE}-2", "arn:key/2", False, "another role and key"),
    ],
)
def test_the_role_made_the_database_with_the_key(
    status: str, role: str, key: str, proven: bool, fact: str
) -> None:
    """AWS-3: P3 is not proven by a stack that was rolled back, another role or another key."""
    (point,) = (one for one in POINTS if one.id == "P3")
    run: Any = SimpleNamespace(account=Made(status, role, key))
    found, shown = point.look(run)
    assert found is proven
    assert fact in shown
