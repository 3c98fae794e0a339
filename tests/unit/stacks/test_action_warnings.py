"""A build warns of actions that IAM doesn't know (ADP-1, ADP-2)."""

from __future__ import annotations

from typing import Any

from kanmon.codes import Code
from kanmon.stacks.action_warnings import action_warnings
from tests.fakes.app import make_config

BODY = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "sns:Publihs", Resource: "*"}
              - {Effect: Allow, Action: ["sqs:SendMessage", "sqs:SendMesage"], Resource: "*"}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      PolicyDocument:
        Statement: [{Effect: Deny, NotAction: "s3:GetObjekt", Principal: "*", Resource: "*"}]
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: "Action"}
"""


def _allow(*actions: str) -> dict[str, Any]:
    return {"actions": list(actions), "resources": ["*"]}


def test_each_unknown_action_is_named_with_its_place() -> None:
    """ADP-1: in functions, state machines and the boundary."""
    config = make_config(
        functions={
            "api": {
                "handler": "shop.api",
                "artifact": "build/api",
                "permissions": [_allow("ses:SendEmail"), _allow("dynamodb:GetItem", "dynamodb:PutItme")],
            }
        },
        hooks=[],
        state_machines={"report": {"definition": "x.json", "permissions": [_allow("sns:Pubish")]}},
        boundary={"allow": [_allow("dynamodb:*", "sns:Pubish", "newservice:Do")]},
    )
    found = {warning.where: str(warning) for warning in action_warnings(config, {})}
    assert {one.code for one in action_warnings(config, {})} == {Code.ACTION_UNKNOWN}
    assert found.keys() == {
        "functions.api.permissions[1].actions", "state_machines.report.permissions[0].actions",
        "boundary.allow[0].actions",
    }  # fmt: skip
    assert "`dynamodb:PutItme`" in found["functions.api.permissions[1].actions"]
    assert "Write `dynamodb:PutItem`." in found["functions.api.permissions[1].actions"]


def test_the_teams_own_templates_are_read_too() -> None:
    """ADP-2"""
    config = make_config(stacks={"orders": {"template": "infra/orders.yml"}})
    found = [(one.where, one.message) for one in action_warnings(config, {"orders": BODY})]
    assert [(where, message.split("`")[1]) for where, message in found] == [
        ("infra/orders.yml, Role", "sns:Publihs"),
        ("infra/orders.yml, Role", "sqs:SendMesage"),
        ("infra/orders.yml, Policy", "s3:GetObjekt"),
    ]
