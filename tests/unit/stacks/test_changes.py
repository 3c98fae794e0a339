"""The changes of a change set: their signs, and the loss of state (CD-4)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kanmon.stacks.changes import Change, change_from

CHANGES = [
    ("Add", "", "AWS::S3::Bucket", "+", False),
    ("Modify", "False", "AWS::S3::Bucket", "~", False),
    ("Modify", "True", "AWS::S3::Bucket", "±", True),
    ("Modify", "Conditional", "AWS::RDS::DBCluster", "±", True),
    ("Modify", "True", "AWS::Lambda::Function", "±", False),
    ("Remove", "", "AWS::KMS::Key", "-", True),
    ("Remove", "", "AWS::SQS::Queue", "-", True),
    ("Modify", "True", "AWS::SecretsManager::Secret", "±", True),
    ("Remove", "", "AWS::Lambda::Function", "-", False),
]


def _change(action: str, replacement: str = "", kind: str = "AWS::S3::Bucket", **more: Any) -> Change:
    raw: dict[str, Any] = {"Action": action, "LogicalResourceId": "It", "ResourceType": kind, **more}
    raw |= {"Replacement": replacement} if replacement else {}
    return change_from(cast("Any", {"ResourceChange": raw}))


@pytest.mark.parametrize(
    ("action", "replacement", "kind", "sign"), [(*change[:3], change[3]) for change in CHANGES]
)
def test_a_change_has_a_sign(action: str, replacement: str, kind: str, sign: str) -> None:
    assert _change(action, replacement, kind).sign == sign


@pytest.mark.parametrize(
    ("action", "replacement", "kind", "destroys"), [(*change[:3], change[4]) for change in CHANGES]
)
def test_a_change_may_destroy_state(action: str, replacement: str, kind: str, destroys: bool) -> None:
    assert _change(action, replacement, kind).destroys is destroys


def test_a_change_has_the_changed_properties_each_once() -> None:
    details = [{"Target": {"Name": "B"}}, {"Target": {"Attribute": "Tags"}}, {"Target": {"Name": "B"}}]
    assert _change("Modify", Details=details).properties == ("B", "Tags")


@pytest.mark.parametrize(("kind", "touches"), [("AWS::IAM::Role", True), ("AWS::S3::Bucket", False)])
def test_a_change_may_touch_permissions(kind: str, touches: bool) -> None:
    assert _change("Add", kind=kind).touches_permissions is touches
