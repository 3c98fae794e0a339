"""The API's stack: its own errors, its access log, and what a new snapshot is made for (INF-6)."""

from __future__ import annotations

import json
from typing import Any

from kanmon.cloudformation import api_template
from kanmon.cloudformation.templates.api import _digest
from tests.fakes.app import make_config
from tests.unit.cloudformation.bootstrapped import GITHUB
from tests.unit.cloudformation.parsed import parse

RESOURCES: dict[str, dict[str, Any]] = parse(api_template(make_config()))["Resources"]


def _of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: item for name, item in RESOURCES.items() if item["Type"] == f"AWS::ApiGateway::{kind}"}


def test_api_gateways_own_errors_are_json_and_carry_security_headers() -> None:
    """INF-6, INF-8: for those, too, who don't come by the edge."""
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
        assert all(value.count("'") == 2 and value[0] == value[-1] == "'" for value in headers.values())


def test_a_snapshot_comes_after_all_that_it_holds() -> None:
    (deployment,) = _of("Deployment").values()
    assert set(deployment["DependsOn"]) == {*_of("Method"), *_of("GatewayResponse")}


def test_the_edge_can_reach_the_api_by_its_own_address() -> None:
    (api,) = _of("RestApi").values()
    assert api["Properties"]["DisableExecuteApiEndpoint"] is False


def test_the_access_log_is_encrypted_and_ends() -> None:
    """MON-4, SEC-4"""
    logs = RESOURCES["AccessLogs"]["Properties"]
    assert logs["LogGroupName"] == "/aws/apigateway/shop-test-api"
    assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
    assert logs["RetentionInDays"] == 30


def test_what_a_snapshot_does_not_hold_makes_no_new_one() -> None:
    def deployment(body: Any) -> str:
        return str(body["Outputs"]["Deployment"]["Value"]["Ref"])

    cors = {
        "routes": [{"path": "/api/{proxy+}", "function": "api"}],
        "cors": {"origins": ["https://a.example"]},
    }
    assert api_template(make_config(api=cors)) == api_template(make_config())
    bounded = parse(api_template(make_config(github=GITHUB)))
    assert bounded["Resources"]["IntegrationRole"] != RESOURCES["IntegrationRole"]
    assert deployment(bounded) in RESOURCES
    assert _digest("a: 1\n  # why\n") == _digest("a: 1\n  # why not\n") != _digest("a: 2\n")
