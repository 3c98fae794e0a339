"""The changes of a change set: their signs, and the loss of state (CD-4)."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from kanmon.stacks.changes import IDENTITIES, Change, changes_from, template_changes
from tests.unit.templates.handlers import schema_text

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
    (change,) = changes_from(cast("Any", [{"ResourceChange": raw}]))
    return change


KEY, CLUSTER = "AWS::KMS::Key", "AWS::RDS::DBCluster"


def _detail(cause: str, recreation: str = "Always") -> dict[str, Any]:
    """A property's value of another resource, by `Ref` or `GetAtt`."""
    return {
        "Target": {"Attribute": "Properties", "Name": "KmsKeyId", "RequiresRecreation": recreation},
        "Evaluation": "Dynamic",
        "ChangeSource": "ResourceAttribute" if "." in cause else "ResourceReference",
        "CausingEntity": cause,
    }


def _modified(name: str, kind: str, *details: dict[str, Any], replacement: str = "False") -> dict[str, Any]:
    facts = {"Action": "Modify", "LogicalResourceId": name, "ResourceType": kind, "Details": details}
    return {"ResourceChange": {**facts, "Replacement": replacement}}


def _database_destroyed(*raw: dict[str, Any]) -> bool:
    changes = {change.logical_id: change for change in changes_from(cast("Any", raw))}
    return changes["Database"].destroys


@pytest.mark.parametrize("cause", ["Key", "Key.Arn"])
def test_a_key_that_changes_in_place_keeps_its_database(cause: str) -> None:
    """AWS-1: a new tag of the key changes each resource with its ARN, in the words of CloudFormation."""
    key = _modified("Key", KEY)
    database = _modified("Database", CLUSTER, _detail(cause), replacement="Conditional")
    assert not _database_destroyed(database, key)


def test_a_value_through_a_chain_of_resources_stays() -> None:
    group = _modified("Group", "AWS::EC2::SecurityGroup", _detail("Key.Arn"), replacement="Conditional")
    database = _modified("Database", CLUSTER, _detail("Group.GroupId"), replacement="Conditional")
    assert not _database_destroyed(_modified("Key", KEY), group, database)


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (_modified("Key", KEY, replacement="True"), _detail("Key.Arn")),
        (_modified("Key", KEY, replacement="Conditional"), _detail("Key.Arn")),
        (_modified("Key", KEY), _detail("Key.Name")),
        (_modified("Key", "AWS::RDS::DBCluster"), _detail("Key.MasterUserSecret.SecretArn")),
        (_modified("Key", KEY), {**_detail("Key.Arn"), "ChangeSource": "DirectModification"}),
        (_modified("Key", KEY), {**_detail("Key.Arn"), "ChangeSource": "ParameterReference"}),
        (_modified("Other", KEY), _detail("Key.Arn")),
        (_modified("Key", KEY, _detail("Database.Arn"), replacement="Conditional"), _detail("Key.Arn")),
    ],
    ids=[
        "replaced",
        "perhaps replaced",
        "a name",
        "another's ARN",
        "direct",
        "parameter",
        "unknown",
        "circle",
    ],
)
def test_a_value_that_may_change_replaces(key: dict[str, Any], detail: dict[str, Any]) -> None:
    """CD-4"""
    assert _database_destroyed(key, _modified("Database", CLUSTER, detail, replacement="Conditional"))


def test_one_unsure_property_is_enough_to_replace() -> None:
    """CD-4"""
    details = (_detail("Key.Arn"), {**_detail("Key.Arn"), "ChangeSource": "DirectModification"})
    database = _modified("Database", CLUSTER, *details, replacement="Conditional")
    assert _database_destroyed(_modified("Key", KEY), database)


def test_a_certain_replacement_stays_one() -> None:
    """CD-4"""
    database = _modified("Database", CLUSTER, _detail("Key.Arn"), replacement="True")
    assert _database_destroyed(_modified("Key", KEY), database)


@pytest.mark.parametrize("kind", sorted(IDENTITIES))
def test_identities_are_those_of_the_resources_schema(kind: str) -> None:
    schema = json.loads(schema_text(kind))
    identity = {name.rpartition("/")[2] for name in schema["primaryIdentifier"]}
    # A security group has the same id twice: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html
    assert IDENTITIES[kind] <= identity | {"GroupId"}


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


@pytest.mark.usefixtures("japanese")
def test_a_plan_has_the_same_changes_in_each_language() -> None:
    """DOC-1: their digest is approved in one language and compared in another."""
    body = "Resources:\n  It:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Ref Name}\n"
    (change,) = template_changes(body, body, {"Name"})
    assert change.properties == ("value of Name",)
    assert change.shown == ("Name の値",)
