"""The rights that the embedded AWS asks CloudFormation's role for, beside the types' own schemas (AWS-4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.authorisation.making import MADE, arn_of, besides_of, tags_in
from tests.unit.templates.handlers import handlers, schema_text
from tests.unit.templates.service_role import WITHOUT_HANDLERS, judged

KINDS = sorted({one.made.kind for one in judged()})
KNOWN = {"account": "111122223333", "region": "ap-northeast-1", "id": "x"}


def test_every_type_of_the_templates_is_asked_about() -> None:
    assert set(KINDS) - MADE.keys() - WITHOUT_HANDLERS == set()


@pytest.mark.parametrize("kind", MADE)
def test_each_right_is_one_of_the_types_handler(kind: str) -> None:
    making = MADE[kind]
    for name in ("create", "update", "delete"):
        assert set(getattr(making, name)) <= set(handlers(kind).get(name, ())), name


@pytest.mark.parametrize("kind", MADE)
def test_a_type_with_tags_asks_for_the_right_to_tag(kind: str) -> None:
    """The stack's tags go to every type with tags; without the right to remove one, an update fails."""
    tagging: dict[str, Any] = json.loads(schema_text(kind)).get("tagging", {})
    making = MADE[kind]
    assert bool(making.tag) is bool(making.untag) is bool(tagging.get("taggable", True)), tagging
    assert {making.tag, making.untag} - {""} <= set(tagging.get("permissions", ()))


def test_an_arn_has_properties_and_the_physical_id() -> None:
    assert arn_of("{region}:{Name}:{id}", {"Name": "a"}, **KNOWN) == "ap-northeast-1:a:x"
    assert arn_of("a:{Rule.Name}", {"Rule": {"Name": "b"}}, **KNOWN) == "a:b"
    assert arn_of("a:{Name}", {"Name": "arn:aws:b"}, **KNOWN) == "arn:aws:b"
    assert arn_of("a:{Queues}", {"Queues": ["https://sqs/1/mail"]}, **KNOWN) == "a:mail"
    assert arn_of("a:{Name}", {}, **KNOWN) == "a:x"


def test_only_named_resources_stand_beside_a_new_one() -> None:
    making = MADE["AWS::EC2::Subnet"]
    assert besides_of(making, {"VpcId": "vpc-1"}, **KNOWN) == [
        "arn:aws:ec2:ap-northeast-1:111122223333:vpc/vpc-1"
    ]
    assert besides_of(making, {}, **KNOWN) == []


def test_tags_are_a_list_or_a_mapping() -> None:
    assert tags_in({"Tags": [{"Key": "a", "Value": "1"}]}) == {"a": "1"}
    assert tags_in({"UserPoolTags": {"a": 1}}) == {"a": "1"}
    assert tags_in({}) == {}
