"""The API's stack: its own errors, its access log, and the reasons for a new snapshot (INF-6)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.config.source import load_config
from kanmon.templates.api import api_template
from tests.fakes.app import make_config
from tests.fakes.configs import MANDALA
from tests.unit.templates.bootstrapped import GITHUB
from tests.unit.templates.parsed import parse

if TYPE_CHECKING:
    from kanmon.config.schema import Config

EXAMPLE = load_config(MANDALA)
RESOURCES: dict[str, dict[str, Any]] = parse(api_template(make_config()))["Resources"]


def _of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: item for name, item in RESOURCES.items() if item["Type"] == f"AWS::ApiGateway::{kind}"}


def test_api_gateways_own_errors_are_json_with_security_headers() -> None:
    """INF-6, INF-8: also for requests past the edge."""
    errors = [item["Properties"] for item in _of("GatewayResponse").values()]
    assert {error["ResponseType"] for error in errors} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for error in errors:
        body = error["ResponseTemplates"]["application/json"]
        filled = body.replace("$context.error.messageString", '"no"').replace("$context.requestId", "1")
        assert json.loads(filled) == {"message": "no", "requestId": "1"}
        headers = {
            name.removeprefix("gatewayresponse.header."): value
            for name, value in error["ResponseParameters"].items()
        }
        assert headers["X-Content-Type-Options"] == "'nosniff'"
        assert headers["X-Frame-Options"] == "'DENY'"
        assert "max-age=63072000" in headers["Strict-Transport-Security"]
        # A static value begins and ends with a single quote, and has none within.
        assert all(re.fullmatch("'[^']+'", value) for value in headers.values())


def test_a_snapshot_comes_after_all_its_content() -> None:
    (deployment,) = _of("Deployment").values()
    assert set(deployment["DependsOn"]) == {*_of("Method"), *_of("GatewayResponse")}


def test_the_edge_can_reach_the_api_by_its_own_address() -> None:
    (api,) = _of("RestApi").values()
    assert api["Properties"]["DisableExecuteApiEndpoint"] is False


def test_the_access_log_is_encrypted_and_ends() -> None:
    """MON-4, SEC-4"""
    groups = [RESOURCES[name]["Properties"] for name in ("AccessLogs", "CanaryAccessLogs")]
    names = ["/aws/apigateway/shop-test-api", "/aws/apigateway/shop-test-api/Canary"]
    assert [logs["LogGroupName"] for logs in groups] == names
    for logs in groups:
        assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
        assert logs["RetentionInDays"] == 30


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
def test_only_a_change_of_routes_makes_a_new_deployment(changes: dict[str, Any], moves: bool) -> None:
    assert (_deployment(make_config(**changes)) != _deployment(make_config())) is moves


def test_a_change_outside_a_snapshot_makes_no_new_one() -> None:
    cors = {
        "routes": [{"path": "/api/{proxy+}", "function": "api"}],
        "cors": {"origins": ["https://a.example"]},
    }
    assert api_template(make_config(api=cors)) == api_template(make_config())


def test_a_change_of_the_integration_role_makes_no_new_snapshot() -> None:
    bounded = parse(api_template(make_config(github=GITHUB)))
    assert bounded["Resources"]["IntegrationRole"] != RESOURCES["IntegrationRole"]
    assert bounded["Outputs"]["Deployment"]["Value"]["Ref"] in RESOURCES


def test_a_comment_makes_no_new_snapshot() -> None:
    """The deployment's id is the digest of the routes' lines without their comments."""
    body = api_template(make_config())
    definition = body[body.index("Resources:\n") + len("Resources:\n") : body.index("  IntegrationRole:\n")]
    assert "  # " in definition
    lines = [line for line in definition.splitlines() if not line.lstrip().startswith("#")]
    digest = hashlib.sha256("\n".join(lines).rstrip("\n").encode()).hexdigest()
    assert _deployment(make_config()) == f"Deployment{digest[:12]}"


def test_order_of_routes_does_not_count() -> None:
    routes = [{"path": "/api/a", "function": "api"}, {"path": "/api/b", "function": "api"}]
    one, other = make_config(api={"routes": routes}), make_config(api={"routes": routes[::-1]})
    assert api_template(one) == api_template(other)


def test_old_deployments_stay() -> None:
    resource = parse(api_template(EXAMPLE))["Resources"][_deployment(EXAMPLE)]
    assert resource["DeletionPolicy"] == "Retain"
    assert resource["UpdateReplacePolicy"] == "Retain"
