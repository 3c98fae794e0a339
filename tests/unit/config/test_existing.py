"""What exists already is named by id, beside what Kanmon makes (ADP-3)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.config.connections import sign_in_hosts
from kanmon.config.mistakes import explanation
from kanmon.stacks.granted import granted
from kanmon.stacks.grants import foundation_outputs, slot_parameters
from kanmon.templates.api import api_template
from tests.fakes.app import make_config
from tests.fakes.configs import templates
from tests.fakes.existing import DATABASE, DOMAIN, EXISTING, NETWORK, USER_POOL
from tests.unit.templates.parsed import parse

NO_DATABASE: dict[str, Any] = {
    "functions": {"api": {"handler": "shop.api", "artifact": "build/api"}},
    "hooks": None,
    "database": None,
}
INSIDE: dict[str, Any] = {"handler": "shop.api", "artifact": "build/api", "network": True}
IN_NETWORK: dict[str, Any] = {"database": None, "existing": {"network": NETWORK, "database": DATABASE}}


def _refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        make_config(**changes)
    return " ".join(explanation(raised.value.errors(include_url=False)[0]))


def test_functions_use_an_existing_thing_like_kanmons_own() -> None:
    """ADP-3, INF-3: the same variables, the same permission; the values are the ids."""
    function = {"handler": "shop.api", "artifact": "build/api", "database": True, "user_pool": True}
    existing = make_config(functions={"api": function}, hooks=None, database=None, existing=EXISTING)
    own = make_config(functions={"api": function}, hooks=None, user_pool={})
    assert granted(existing, "api") == granted(own, "api")
    assert slot_parameters(existing) == slot_parameters(own)
    assert foundation_outputs(existing).keys() == foundation_outputs(own).keys()
    assert foundation_outputs(existing)["DatabaseHost"] == f'"{DATABASE["host"]}"'
    assert foundation_outputs(existing)["FunctionSubnets"] == f'"{",".join(NETWORK["subnets"])}"'


def test_a_database_of_kanmons_comes_into_an_existing_network() -> None:
    """ADP-3."""
    outputs = foundation_outputs(make_config(existing={"network": NETWORK}))
    assert outputs["FunctionSecurityGroup"] == '"sg-0a1b2c3d"'
    assert outputs["DatabaseHost"] == "!GetAtt DatabaseCluster.Endpoint.Address"


def test_a_function_comes_into_a_network_without_a_database() -> None:
    """ADP-3: with the network's rights and nothing of a database."""
    config = make_config(functions={"api": INSIDE}, hooks=[], database=None, existing={"network": NETWORK})
    assert slot_parameters(config) == {
        "FunctionSubnets": "CommaDelimitedList",
        "FunctionSecurityGroup": "String",
    }
    assert foundation_outputs(config)["FunctionSecurityGroup"] == '"sg-0a1b2c3d"'
    assert (granted(config, "api").variables, granted(config, "api").permissions) == ({}, {})
    slot = parse(templates(config)["slot"])["Resources"]
    assert slot["ApiFunction"]["Properties"]["VpcConfig"]["SubnetIds"] == {"Ref": "FunctionSubnets"}
    assert "AWSLambdaENIManagementAccess" in str(slot["ApiRole"]["Properties"]["ManagedPolicyArns"])
    outside = parse(templates(make_config(functions={"api": INSIDE | {"network": False}}, hooks=[]))["slot"])
    assert "VpcConfig" not in outside["Resources"]["ApiFunction"]["Properties"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"existing": IN_NETWORK["existing"]}, "Remove `database` to use the existing database"),
        ({"user_pool": {}, "existing": {"user_pool": USER_POOL}}, "Remove `user_pool` to use"),
        ({"database": None, "existing": {"database": DATABASE}}, "Add `existing.network`"),
        ({**NO_DATABASE, "existing": {"network": NETWORK}}, "Add `network: true` to a function"),
        ({**NO_DATABASE, "functions": {"api": INSIDE}}, "Add `existing.network`, or remove `network: true`"),
        (
            {"network": {"endpoints": ["kms"]}, "existing": {"network": NETWORK}},
            "Remove `network.endpoints`",
        ),
        ({"region": "eu-west-1", "existing": {"user_pool": USER_POOL}}, "set `region: ap-northeast-1`"),
        ({"region": "eu-west-1", **IN_NETWORK}, "Use one in eu-west-1"),
        ({"existing": {"domain": {**DOMAIN, "names": ["a.example.com", "a.example.com"]}}}, "Remove one."),
        ({"existing": {"domain": {**DOMAIN, "names": ["https://a.example.com"]}}}, "without `https://`"),
        (
            {
                "existing": {
                    "domain": {**DOMAIN, "certificate": DOMAIN["certificate"].replace("us-east", "us-west")}
                }
            },
            "CloudFront takes no other",
        ),
        (
            {"existing": {"web_acl": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b"}},
            "scope CLOUDFRONT",
        ),
        ({"existing": {"network": {**NETWORK, "subnets": ["subnet-0a1b2c3d"]}}}, "existing.network.subnets"),
        (
            {**IN_NETWORK, "existing": {"network": NETWORK, "database": {**DATABASE, "secret": "team-data"}}},
            "whole ARN",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_fix(changes: dict[str, Any], words: str) -> None:
    """ADP-3."""
    assert words in _refused(**changes)


def test_a_plan_gets_each_id_and_no_words() -> None:
    """ADP-3, DOC-1: words would come into its digest in one language."""
    ids = make_config(database=None, existing=EXISTING).existing.ids
    assert ids.keys() == EXISTING.keys()
    assert ids["database"] == "team-data"
    assert make_config().existing.ids == {}


def test_an_authorizer_takes_an_existing_pool() -> None:
    """ADP-3: by its id in the foundation's outputs; another pool makes another snapshot of the routes."""

    def api(pool: str) -> str:
        routes = [{"path": "/api/{proxy+}", "function": "api"}]
        given = {"routes": routes, "authorizers": {"users": {"user_pool": True}}, "authorizer": "users"}
        existing = {"user_pool": {"id": pool, "client": "1h57kf5cpq17m0"}}
        return api_template(make_config(api=given, existing=existing))

    assert api("ap-northeast-1_A") != api("ap-northeast-1_B")
    assert "UserPoolId" in api("ap-northeast-1_A")


def test_pages_may_ask_an_existing_pool() -> None:
    """ADP-3"""
    existing = {"user_pool": {"id": "ap-northeast-1_A", "client": "1h57kf5cpq17m0"}}
    hosts = sign_in_hosts(make_config(existing=existing))
    assert hosts == {"https://cognito-idp.ap-northeast-1.amazonaws.com": "existing.user_pool"}
