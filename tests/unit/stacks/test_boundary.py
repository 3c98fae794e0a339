"""Permissions of the config against the boundary that an administrator applied (ADP-1)."""

from __future__ import annotations

from typing import Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.boundary import has_permissions, refuse_above, refuse_long
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.unit.templates.bootstrapped import GITHUB

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"
MAIL = "arn:aws:ses:eu-central-1:111122223333:identity/shop.example"
SEND = {"actions": ["ses:SendEmail"], "resources": [MAIL]}


def _allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _config(*statements: dict[str, Any], allow: tuple[dict[str, Any], ...] = (), **changes: Any) -> Any:
    function = {"handler": "shop.api", "artifact": "build/api", "permissions": list(statements)}
    return make_config(
        functions={"api": function},
        hooks=[],
        database=None,
        region="eu-central-1",
        boundary={"allow": list(allow)},
        **changes,
    )


def _refused(config: Any, *applied: dict[str, Any], stacks: dict[str, dict[str, str]] | None = None) -> str:
    with pytest.raises(KanmonError) as error:
        refuse_above(config, applied, stacks or {}, KEY)
    assert error.value.code is Code.ABOVE_BOUNDARY
    return str(error.value)


@pytest.mark.parametrize(
    ("needed", "applied"),
    [
        (SEND, _allow("ses:SendEmail", MAIL)),
        (SEND, _allow("ses:Send*", ["arn:aws:s3:::x", "arn:aws:ses:*:111122223333:identity/*"])),
        (SEND, _allow(["s3:*", "SES:sendemail"])),
        (SEND, _allow("ses:SendEmai?", MAIL)),
        ({"actions": ["s3:Get*"], "resources": ["arn:aws:s3:::a/*"]}, _allow("s3:*", "arn:aws:s3:::a*")),
        (SEND | {"resources": [MAIL.replace("111122223333", "${AWS::AccountId}")]}, _allow("ses:*", MAIL)),
        (
            SEND | {"conditions": {"StringEquals": {"ses:FromAddress": ["a@b"]}}},
            _allow("ses:*", MAIL, Condition={"StringEquals": {"ses:FromAddress": "a@b"}}),
        ),
        (SEND | {"conditions": {"StringEquals": {"ses:FromAddress": ["a@b"]}}}, _allow("ses:*")),
        (
            {"actions": ["lambda:InvokeFunction"], "resources": ["${slot.ApiFunctionArn}"]},
            _allow("lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:111122223333:function:shop-test-*"),
        ),
        (SEND | {"resources": ["${edge.Domain}"]}, _allow("ses:*", "arn:aws:ses:*")),
    ],
)
def test_what_the_boundary_allows_is_taken(needed: dict[str, Any], applied: dict[str, Any]) -> None:
    """ADP-1: patterns, letter case of actions, conditions, values of stacks that are not there yet."""
    refuse_above(_config(needed), [applied], {}, KEY)


@pytest.mark.parametrize(
    ("needed", "applied"),
    [
        (SEND, [_allow("ses:SendRawEmail", MAIL)]),
        (SEND, [_allow("ses:SendEmail", MAIL + "2")]),
        (SEND, [_allow("ses:SendEmail", "arn:aws:ses:us-east-1:*")]),
        (SEND | {"resources": ["*"]}, [_allow("ses:SendEmail", MAIL)]),
        (SEND | {"actions": ["ses:*"]}, [_allow("ses:Send*", MAIL)]),
        (SEND | {"actions": ["ses:Send*"]}, [_allow("ses:Send?", MAIL)]),
        (SEND, [_allow("ses:*", MAIL, Condition={"StringEquals": {"ses:FromAddress": "a@b"}})]),
        (SEND, [_allow("ses:*"), _allow("*", MAIL) | {"Effect": "Deny"}]),
        (
            {"actions": ["iam:PutRolePolicy"], "resources": ["arn:aws:iam::111122223333:role/shop/test/x"]},
            [
                _allow("iam:*"),
                {
                    "Effect": "Deny",
                    "NotAction": ["iam:PassRole"],
                    "Resource": "arn:aws:iam::111122223333:role/shop/*",
                },
            ],
        ),
        (SEND | {"resources": ["${edge.Domain}"]}, [_allow("s3:*")]),
        (SEND, []),
    ],
)
def test_what_the_boundary_lacks_is_refused(needed: dict[str, Any], applied: list[dict[str, Any]]) -> None:
    """ADP-1"""
    assert f"function api: {needed['actions'][0]} on" in _refused(_config(needed), *applied)


def test_a_denial_of_other_resources_hides_nothing() -> None:
    """ADP-1: nobody knows yet which resource it will be."""
    config = _config(SEND | {"resources": ["${edge.Domain}"]})
    refuse_above(config, [_allow("ses:*"), _allow("*", "arn:aws:s3:::x") | {"Effect": "Deny"}], {}, KEY)


def test_a_known_value_is_compared() -> None:
    """ADP-1"""
    config = _config({"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::${edge.Domain}"]})
    applied = _allow("s3:*", "arn:aws:s3:::other")
    refuse_above(config, [applied], {}, KEY)
    assert "arn:aws:s3:::d1.example" in _refused(config, applied, stacks={"edge": {"Domain": "d1.example"}})


def test_the_fix_can_be_pasted() -> None:
    """ADP-1: a plan that needs more names exactly what to apply."""
    message = _refused(_config(SEND | {"actions": ["ses:SendEmail", "ses:SendRawEmail"]}))
    assert f"allow: [{{actions: [ses:SendEmail, ses:SendRawEmail], resources: ['{MAIL}']}}]" in message


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        ("${orders.TableArn}", "arn:aws:dynamodb:*:*:*"),
        ("${orders.TableArn}/index/*", "arn:aws:dynamodb:*:*:*/index/*"),
        ("arn:aws:dynamodb:*:*:table/${orders.TableName}", "arn:aws:dynamodb:*:*:table/*"),
        ("*", "*"),
    ],
)
def test_the_fix_names_arns_for_values_that_nobody_knows_yet(resource: str, wanted: str) -> None:
    """ADP-1: the config takes no other value there."""
    stacks = {"orders": {"template": "orders.yml"}}
    needed = {"actions": ["dynamodb:Query"], "resources": [resource]}
    message = _refused(_config(needed, stacks=stacks))
    assert f"resources: ['{wanted}']" in message
    found = {"actions": ["dynamodb:Query"], "resources": [wanted]}
    assert "has it already" in _refused(_config(needed, stacks=stacks, allow=(found,)))


def test_a_value_that_is_no_arn_is_refused_at_its_place() -> None:
    """ADP-1: no boundary could allow it, and IAM would refuse the role in the middle of a release."""
    needed = {"actions": ["dynamodb:Query"], "resources": ["*", "${orders.TableName}"]}
    config = _config(SEND, needed, stacks={"orders": {"template": "orders.yml"}})
    with pytest.raises(KanmonError) as error:
        refuse_above(config, [_allow("*")], {"orders": {"TableName": "shop-test-orders"}}, KEY)
    assert error.value.code is Code.CONFIG_INVALID
    assert error.value.where == "functions.api.permissions[1].resources[1]"
    assert "`${orders.TableName}` is shop-test-orders" in error.value.message


def test_what_the_config_allows_already_is_only_to_be_applied() -> None:
    """ADP-1"""
    allow = SEND | {"resources": ["arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"]}
    assert "`boundary.allow` has it already" in _refused(_config(SEND, allow=(allow,)))


def test_state_machines_count() -> None:
    """ADP-1"""
    machine = {"report": {"definition": "r.json", "permissions": [SEND]}}
    config = _config(state_machines=machine)
    assert has_permissions(config)
    assert not has_permissions(_config())
    assert "state machine report: ses:SendEmail" in _refused(config)


def test_a_boundary_has_room_for_some_statements() -> None:
    """ADP-1: IAM's limit is known before CloudFormation meets it."""
    some = [{"actions": [f"ses:Send{n}"], "resources": [f"{MAIL}/{n}"]} for n in range(5)]
    refuse_long(bootstrap_template(_config(allow=tuple(some), github=GITHUB)))
    many = [{"actions": [f"ses:Send{n}"], "resources": [f"{MAIL}/{n}"]} for n in range(50)]
    with pytest.raises(KanmonError) as error:
        refuse_long(bootstrap_template(_config(allow=tuple(many), github=GITHUB)))
    assert error.value.code is Code.TEMPLATE_TOO_BIG
