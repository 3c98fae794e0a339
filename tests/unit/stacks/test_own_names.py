"""Names in the team's own stacks that CloudFormation's role may not make (ADP-2)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from embedded.authorisation.evaluation import Request
from embedded.authorisation.handlers import needed
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.own_names import NAMED, refuse_foreign_names
from kanmon.stacks.own_rights import may_make, own_rights
from kanmon.stacks.preflight import inspect
from kanmon.stacks.spec import ParameterValue, StackOutput, StackSpec
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.unit.templates.bootstrapped import GITHUB
from tests.unit.templates.handlers import handlers, reference, schema_text
from tests.unit.templates.iam import ACCOUNT, REGION, Document, allows
from tests.unit.templates.parsed import parse

_OTHER_THINGS = ("iam:", "kms:", "lambda:PassCapacityProvider")
"""Rights on what other properties name."""
STACKS = {"orders": {"template": "infra/orders.yml", "parameters": {}}}
CONFIG = make_config(github=GITHUB, stacks=STACKS)


def _spec(kind: str, properties: str, *, kind_of_stack: str = "orders", more: str = "") -> StackSpec:
    body = f"Resources:\n  Thing:\n    Type: {kind}\n{more}    Properties:\n      {properties}\n"
    given: dict[str, ParameterValue] = {
        "Name": "shop-test-given",
        "Other": "given",
        "Later": StackOutput(stack="api", key="ApiId"),
    }
    return StackSpec(kind_of_stack, "shop-test-orders", body, given)


def _refusal(kind: str, properties: str, **changes: Any) -> KanmonError | None:
    config = changes.pop("config", CONFIG)
    try:
        refuse_foreign_names(config, _spec(kind, properties, **changes))
    except KanmonError as error:
        return error
    return None


@cache
def _role() -> list[Any]:
    actions = {one for kind in NAMED for one in handlers(kind).get("create", ())}
    body = bootstrap_template(make_config(github=GITHUB), own=own_rights(actions))
    return Document(parse(body)).statements("TestServiceRole")


@pytest.mark.parametrize("name", ["shop-test-orders-x", "shop-staging-orders", "orders"])
@pytest.mark.parametrize("kind", sorted(NAMED.keys() - {"AWS::Lambda::LayerVersion"}))
def test_a_name_is_refused_exactly_if_the_role_lacks_the_right(kind: str, name: str) -> None:
    """ADP-2: by AWS's schemas and its service authorization reference, which own_names doesn't know.

    Most rights for a layer are those of S3, so this witness has no name for it.
    """
    key, _, _ = NAMED[kind]
    schema = json.loads(schema_text(kind))
    assert key in schema["properties"]
    known = {"id": name, "account": ACCOUNT, "region": REGION}
    allowed = all(
        any(
            allows(_role(), Request(right.action, one, {"aws:RequestedRegion": REGION}))
            for one in right.resources
        )
        for right in needed(schema, reference(), "create", {}, **known)
        if not right.action.startswith(_OTHER_THINGS)
    )
    assert (_refusal(kind, f'{key}: "{name}"') is None) == allowed == name.startswith("shop-test-")


def test_a_refused_name_comes_with_its_place_and_two_ways_out() -> None:
    """ADP-2"""
    refused = _refusal("AWS::SQS::Queue", 'QueueName: "orders"')
    assert refused
    assert refused.code is Code.STACK_TEMPLATE_INVALID
    assert refused.where == "stacks.orders.template: infra/orders.yml"
    assert "QueueName of `Thing` is `orders`" in refused.message
    assert "begin with `shop-test-`" in refused.message
    assert "Leave QueueName out" in refused.fix
    assert "`${AWS::StackName}-`" in refused.fix


@pytest.mark.parametrize(
    ("kind", "properties", "refused"),
    [
        ("AWS::SQS::Queue", 'QueueName: !Sub "${AWS::StackName}-orders"', False),
        ("AWS::SQS::Queue", "QueueName: !Ref Name", False),
        ("AWS::SQS::Queue", "QueueName: !Ref Other", True),
        ("AWS::SQS::Queue", 'QueueName: !Sub "${Other}-orders"', True),
        ("AWS::S3::Bucket", 'BucketName: !Sub "orders-${AWS::AccountId}"', True),
        ("AWS::S3::Bucket", 'BucketName: !Sub "${AWS::StackName}-${AWS::AccountId}"', False),
        ("AWS::S3::Bucket", 'BucketName: !Join ["-", [orders, !Ref Other]]', True),
        ("AWS::S3::Bucket", 'BucketName: !Join ["-", [!Ref Name, x]]', False),
        ("AWS::SSM::Parameter", "Name: /shop-test/orders", False),
        ("AWS::SSM::Parameter", "Name: /orders", True),
        ("AWS::Logs::LogGroup", "LogGroupName: /aws/vendedlogs/shop-test-orders", False),
        ("AWS::Logs::LogGroup", "LogGroupName: /aws/vendedlogs/orders", True),
        # Only CloudFormation knows these.
        ("AWS::SQS::Queue", "QueueName: !Ref Later", False),
        ("AWS::SQS::Queue", 'QueueName: !Sub "${Later}-orders"', False),
        ("AWS::SQS::Queue", 'QueueName: !Join ["-", [!GetAtt Thing.Arn, x]]', False),
        ("AWS::SQS::Queue", 'QueueName: !If [Some, "orders", "other"]', False),
        ("AWS::SQS::Queue", "VisibilityTimeout: 9", False),
        ("AWS::Events::Rule", 'Name: "orders"', True),
        ("AWS::Events::Rule", "{Name: orders, EventBusName: shop-test-bus}", False),
        ("AWS::Cognito::UserPool", "UserPoolName: orders", False),
    ],
)
def test_what_is_known_of_a_name_counts(kind: str, properties: str, refused: bool) -> None:
    """ADP-2"""
    assert bool(_refusal(kind, properties)) == refused


def test_only_what_the_role_makes_has_a_rule() -> None:
    """ADP-2: not under a condition, not in Kanmon's own stacks, and not without the role."""
    queue = ("AWS::SQS::Queue", 'QueueName: "orders"')
    assert _refusal(*queue)
    assert not _refusal(*queue, more="    Condition: Elsewhere\n")
    assert not _refusal(*queue, kind_of_stack="foundation")
    assert not _refusal(*queue, config=make_config(stacks=STACKS))


def test_a_plan_and_a_rendering_find_it() -> None:
    """ADP-2"""
    spec = _spec("AWS::SQS::Queue", 'QueueName: "orders"')
    with pytest.raises(KanmonError) as caught:
        inspect(CONFIG, [StackSpec(spec.kind, spec.name, spec.body, {})])
    assert caught.value.code is Code.STACK_TEMPLATE_INVALID


def test_an_arn_of_its_own_form_counts_too() -> None:
    """ADP-2"""
    assert may_make("lambda", "layer:shop-test-x", "shop-test")
    assert not may_make("lambda", "layer:x", "shop-test")
    assert may_make("s3", "shop-test-x", "shop-test")
    assert may_make("cloudwatch", "dashboard/shop-test-x", "shop-test")
    assert not may_make("cloudwatch", "dashboard/x", "shop-test")
