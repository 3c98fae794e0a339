"""What is rendered is plain, valid CloudFormation, the same bytes for the same config."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kanmon.cloudformation import (
    Template,
    api_template,
)
from kanmon.config import Config, load_config
from tests.fakes.app import make_config
from tests.fakes.configs import MANDALA, templates
from tests.unit.cloudformation.parsed import parse

EXAMPLE = load_config(MANDALA)


def test_same_config_same_bytes() -> None:
    """CD-6"""
    again = load_config(MANDALA)
    assert templates(again) == templates(EXAMPLE)


def _deployment(config: Config) -> str:
    names: list[str] = list(parse(api_template(config))["Resources"])
    return next(name for name in names if name.startswith("Deployment"))


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"tags": {"team": "b"}}, False),
        ({"checks": [{"name": "other", "path": "/api/x"}]}, False),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": 5}}}, False),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "migrate"}]}}, True),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "api", "method": "GET"}]}}, True),
        ({"api": {"routes": [{"path": "/api/goals", "function": "api"}]}}, True),
    ],
)
def test_a_new_deployment_is_made_when_routes_change_and_only_then(
    changes: dict[str, Any], moves: bool
) -> None:
    assert (_deployment(make_config(**changes)) != _deployment(make_config())) is moves


def test_order_of_routes_does_not_count() -> None:
    routes = [{"path": "/api/a", "function": "api"}, {"path": "/api/b", "function": "api"}]
    one, other = make_config(api={"routes": routes}), make_config(api={"routes": routes[::-1]})
    assert api_template(one) == api_template(other)


def test_cloudformation_manages_no_stage() -> None:
    """A stage is a pointer: a stack's rollback must not move it."""
    for template in templates(EXAMPLE).values():
        kinds = {resource["Type"] for resource in parse(template)["Resources"].values()}
        assert "AWS::ApiGateway::Stage" not in kinds


def test_old_deployments_stay() -> None:
    resource = parse(api_template(EXAMPLE))["Resources"][_deployment(EXAMPLE)]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_both_slots_have_one_template() -> None:
    """CD-8: only parameters tell them apart."""
    body = templates(EXAMPLE)["slot"].body
    assert "blue" in body
    assert parse(Template(body))["Parameters"]["Slot"]["AllowedValues"] == ["blue", "green"]
    assert "mandala-production-blue" not in body


def test_no_template_holds_a_secret() -> None:
    """INF-4: a password is made by Secrets Manager and read at run time; no parameter takes one."""
    for part, template in templates(EXAMPLE).items():
        parsed = parse(template)
        assert not [
            name for name in parsed.get("Parameters", {}) if re.search("password|token|webhook", name, re.I)
        ], part
        for name, resource in parsed["Resources"].items():
            properties = resource.get("Properties", {})
            assert not isinstance(properties.get("MasterUserPassword"), str), name
            assert "SecretString" not in properties, name
            for key in properties.get("Environment", {}).get("Variables", {}):
                assert not re.search("PASSWORD|TOKEN|WEBHOOK", key), name


def test_what_holds_state_outlives_its_stack() -> None:
    stateful = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::RDS::DBCluster", "AWS::SecretsManager::Secret"}
    for part in ("foundation", "edge", "bootstrap"):
        for name, resource in parse(templates(EXAMPLE)[part])["Resources"].items():
            if resource["Type"] in stateful:
                assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate", "Snapshot"}, name
                assert resource["UpdateReplacePolicy"] in {"Retain", "Snapshot"}, name
