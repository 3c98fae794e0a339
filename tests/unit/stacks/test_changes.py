"""The changes of a change set: their signs, and the loss of state (CD-4)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kanmon.stacks.changes import Change, change_from, template_changes

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


@pytest.mark.parametrize(
    ("kind", "touches"),
    [
        ("AWS::IAM::Role", True),
        ("AWS::S3::BucketPolicy", True),
        ("AWS::Lambda::Permission", True),
        ("AWS::S3::Bucket", False),
        ("AWS::CloudFront::CachePolicy", False),
    ],
)
def test_a_change_may_touch_permissions(kind: str, touches: bool) -> None:
    assert _change("Add", kind=kind).touches_permissions is touches


def _template(**resources: str) -> str:
    return "Resources:\n" + "".join(
        f"  {name}:\n    Type: AWS::{text}\n" for name, text in sorted(resources.items())
    )


TOPIC = "SNS::Topic\n    Properties:\n      TopicName: {}\n      Tags: []"
BEFORE = _template(A="S3::Bucket", B=TOPIC.format("b"), C="SQS::Queue")


def _changes(before: str, after: str, *moving: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    changes = template_changes(before, after, set(moving))
    return [(change.sign, change.logical_id, change.type, change.properties) for change in changes]


def test_a_new_stack_adds_all_of_its_template() -> None:
    """TRU-1"""
    assert _changes("", _template(B="SQS::Queue", A="IAM::Role")) == [
        ("+", "A", "AWS::IAM::Role", ()),
        ("+", "B", "AWS::SQS::Queue", ()),
    ]


def test_two_templates_show_each_change_between_them() -> None:
    """TRU-1"""
    after = _template(A="S3::Bucket", B=TOPIC.format("other"), D="IAM::Role")
    assert _changes(BEFORE, after) == [
        ("~", "B", "AWS::SNS::Topic", ("TopicName",)),
        ("-", "C", "AWS::SQS::Queue", ()),
        ("+", "D", "AWS::IAM::Role", ()),
    ]


def test_a_comment_or_an_order_is_no_change() -> None:
    after = BEFORE.replace(
        "      TopicName: b\n      Tags: []", "      Tags: []\n      # x\n      TopicName: b"
    )
    assert _changes(BEFORE, f"# x\n{after}") == []


def test_another_value_of_a_parameter_is_a_change() -> None:
    """TRU-1: the text is the same, the resource is not."""
    body = _template(A=TOPIC.format("!Ref Name"), B=TOPIC.format('!Sub "x-${Name}"'), C="SQS::Queue")
    assert _changes(body, body) == []
    assert [change[1:] for change in _changes(body, body, "Name", "None")] == [
        ("A", "AWS::SNS::Topic", ("value of Name",)),
        ("B", "AWS::SNS::Topic", ("value of Name",)),
    ]


def test_a_changed_attribute_is_named() -> None:
    kept = _template(A="S3::Bucket\n    DeletionPolicy: Retain")
    assert _changes(kept, kept.replace("Retain", "Delete")) == [
        ("~", "A", "AWS::S3::Bucket", ("DeletionPolicy",))
    ]


def test_beside_an_unreadable_template_all_is_changed() -> None:
    """TRU-1: rather too much than too little."""
    assert [change[:2] for change in _changes("{}", BEFORE)] == [("~", "A"), ("~", "B"), ("~", "C")]
