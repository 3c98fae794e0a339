"""The API's stack: its OpenAPI document and the reasons for a new snapshot (INF-6)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from embedded.edge import mocks
from embedded.edge.messages import Request
from embedded.server.definition import read
from kanmon.config.source import load_config
from kanmon.naming import integration_role
from kanmon.templates.api import api_template
from kanmon.templates.functions import state_machine_steps
from kanmon.templates.offline import render_offline, unbuilt
from kanmon.templates.state_machines import Definition
from tests.fakes.app import make_config
from tests.fakes.configs import MANDALA, matrix
from tests.unit.templates.bootstrapped import GITHUB
from tests.unit.templates.iam import listed
from tests.unit.templates.parsed import of_kind, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

EXAMPLE = load_config(MANDALA)
CASES = {name: config for name, config in matrix().items() if config.api}
RESOURCES: dict[str, dict[str, Any]] = parse(api_template(make_config()))["Resources"]
ANY = "x-amazon-apigateway-any-method"
ALL = {"path": "/api/{proxy+}", "function": "api"}
MOCK = {
    "path": "/api/old",
    "method": "GET",
    "mock": {
        "status": 301,
        "headers": {"Location": "/new?a=$1", "content-type": "text/html; charset=utf-8"},
        "body": "<a href='#top'>5 $ is ${x} \u00e9</a>\n",
    },
}
ASKED = {"asked": {"function": "migrate"}}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
EXTENSIONS = {
    f"x-amazon-apigateway-{name}"
    for name in (
        "any-method", "api-key-source", "auth", "authorizer", "authtype", "binary-media-types", "cors",
        "documentation", "endpoint-access-mode", "endpoint-configuration", "gateway-responses",
        "importexport-version", "integration", "integrations", "minimum-compression-size", "policy",
        "request-validator", "request-validators", "security-policy", "tag-value",
    )
}  # fmt: skip


def _api(config: Config) -> dict[str, Any]:
    (api,) = of_kind(api_template(config), "ApiGateway::RestApi").values()
    return api


def _routes(*routes: tuple[str, str, str]) -> Config:
    named = [{"path": path, "method": method, "function": function} for path, method, function in routes]
    return make_config(api={"routes": named})


def test_bytes_are_binary_and_text_stays_text() -> None:
    """INF-6: API Gateway writes every body as UTF-8 that has none of these types."""
    types = _api(make_config())["Body"]["x-amazon-apigateway-binary-media-types"]
    assert {"application/octet-stream", "image/*", "multipart/form-data"} <= set(types)
    assert not {"*/*", "text/*", "application/json", "application/x-www-form-urlencoded"} & set(types)


@pytest.mark.parametrize("types", [[], ["*/*"], ["application/vnd.ms-excel", "model/gltf+json"]])
def test_an_app_chooses_its_binary_types(types: list[str]) -> None:
    config = make_config(api={"routes": [{"path": "/api/{proxy+}", "function": "api"}], "binary": types})
    assert _api(config)["Body"]["x-amazon-apigateway-binary-media-types"] == types
    assert config.api
    assert api_template(config) != api_template(make_config())


def test_api_gateways_own_errors_are_json_with_security_headers() -> None:
    """INF-6, INF-8: also for requests past the edge."""
    errors = _api(make_config())["Body"]["x-amazon-apigateway-gateway-responses"]
    assert set(errors) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for error in errors.values():
        body = error["responseTemplates"]["application/json"]
        filled = body.replace("$context.error.messageString", '"no"').replace("$context.requestId", "1")
        assert json.loads(filled) == {"message": "no", "requestId": "1"}
        headers = {
            name.removeprefix("gatewayresponse.header."): value
            for name, value in error["responseParameters"].items()
        }
        assert headers["X-Content-Type-Options"] == "'nosniff'"
        assert headers["X-Frame-Options"] == "'DENY'"
        assert "max-age=63072000" in headers["Strict-Transport-Security"]
        # A static value begins and ends with a single quote, and has none within.
        assert all(re.fullmatch("'[^']+'", value) for value in headers.values())


def test_the_api_is_one_document_and_nothing_beside_it() -> None:
    """INF-6: what is no part of the document is gone after an import."""
    kinds = {item["Type"] for item in RESOURCES.values() if item["Type"].startswith("AWS::ApiGateway")}
    assert kinds == {"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Deployment"}
    assert set(_api(make_config())) == {"Body", "Mode", "FailOnWarnings", "Parameters"}


def test_a_document_replaces_the_api_or_is_refused() -> None:
    """INF-6: nothing stays of the old one, and nothing of the new one is left out."""
    api = _api(make_config())
    assert api["Mode"] == "overwrite"
    assert api["FailOnWarnings"] is True
    assert api["Parameters"] == {"endpointConfigurationTypes": "REGIONAL"}


def test_every_route_is_an_operation() -> None:
    config = _routes(("/api/a", "GET", "api"), ("/api/a", "ANY", "migrate"), ("/api/{id}", "HEAD", "api"))
    paths = _api(config)["Body"]["paths"]
    made = {(path, key): _function(one) for path, found in paths.items() for key, one in found.items()}
    assert made == {
        ("/api/a", "get"): "shop-test-${!stageVariables.slot}-api",
        ("/api/a", ANY): "shop-test-${!stageVariables.slot}-migrate",
        ("/api/{id}", "head"): "shop-test-${!stageVariables.slot}-api",
    }


def _function(operation: dict[str, Any]) -> str:
    uri: str = operation["x-amazon-apigateway-integration"]["uri"]["Sub"]
    assert uri.endswith("/invocations")
    return uri.removesuffix("/invocations").rpartition(":function:")[2]


def test_a_paths_variables_are_parameters() -> None:
    config = _routes(("/api/{id}/steps/{proxy+}", "GET", "api"), ("/api/plain", "GET", "api"))
    paths = _api(config)["Body"]["paths"]
    parameters = paths["/api/{id}/steps/{proxy+}"]["get"]["parameters"]
    assert [one["name"] for one in parameters] == ["id", "proxy"]
    assert {one["in"] for one in parameters} == {"path"}
    assert "parameters" not in paths["/api/plain"]["get"]


@pytest.mark.parametrize("case", CASES)
def test_the_document_is_valid_openapi(case: str) -> None:
    """INF-9: a second witness beside cfn-lint, which doesn't look into the document."""
    document = _as_openapi(_plain(_api(CASES[case])["Body"]))
    assert [error.message for error in OpenAPIV30SpecValidator(document).iter_errors()] == []


def _as_openapi(document: dict[str, Any]) -> dict[str, Any]:
    """The document without API Gateway's own: greedy variables, and a key for any method."""
    paths = {
        path.replace("+}", "}"): {"trace" if key == ANY else key: one for key, one in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


def _plain(value: Any) -> Any:
    """A part of a template with the texts of its `Sub`."""
    if isinstance(value, dict):
        return value["Sub"] if set(value) == {"Sub"} else {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
def test_every_extension_is_one_of_api_gateways(case: str) -> None:
    """INF-9: API Gateway takes any `x-` key, and does nothing with one that it doesn't know."""
    used = {key for key in _keys(_api(CASES[case])["Body"]) if key.startswith("x-")}
    assert used
    assert used <= EXTENSIONS


def _keys(value: Any) -> Iterator[str]:
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)
    if isinstance(value, dict):
        yield from value


def test_a_snapshot_comes_after_its_document() -> None:
    """INF-6: a removed route must not be in the next snapshot."""
    deployment = RESOURCES[_deployment(make_config())]
    assert deployment["Properties"]["RestApiId"] == {"Ref": "RestApi"}


def test_the_edge_can_reach_the_api_by_its_own_address() -> None:
    endpoint = _api(make_config())["Body"]["x-amazon-apigateway-endpoint-configuration"]
    assert endpoint["disableExecuteApiEndpoint"] is False


def _roles(config: Config) -> dict[str, dict[str, Any]]:
    """The roles that API Gateway takes for an integration."""
    found = of_kind(api_template(config), "IAM::Role")
    trusts = {name: one["AssumeRolePolicyDocument"]["Statement"] for name, one in found.items()}
    gateway = {"Service": "apigateway.amazonaws.com"}
    return {name: found[name] for name, trust in trusts.items() if trust[0]["Principal"] == gateway}


@pytest.mark.parametrize("case", CASES)
def test_no_integration_role_wants_a_source(case: str) -> None:
    """INF-6: API Gateway assumes it without `aws:SourceAccount`, and a condition on a missing key refuses."""
    roles = _roles(CASES[case])
    assert roles
    for role in roles.values():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert "Condition" not in statement


def test_the_integration_role_invokes_the_slots_functions_only() -> None:
    """SEC-1: so it needs no condition on its caller."""
    (role,) = _roles(make_config()).values()
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    functions = [one["Sub"].rpartition(":function:")[2] for one in listed(statement["Resource"])]
    assert functions == ["shop-test-blue-*", "shop-test-green-*"]


def test_the_integration_roles_arn_never_changes() -> None:
    """INF-6, CD-10: every snapshot has it, also one that a rollback goes to."""
    given = [
        make_config(),
        make_config(github=GITHUB),
        make_config(tags={"team": "b"}, logs={"days": 7}),
        _routes(("/api/a", "GET", "api")),
    ]
    roles = [_api_role(config) for config in given]
    assert roles == [roles[0]] * len(given)


def _api_role(config: Config) -> tuple[str, str]:
    """The path and the name of the role. Both are in its ARN, and a change of either replaces the role."""
    (role,) = _roles(config).values()
    return role["Path"], role["RoleName"]["Sub"]


def test_the_document_has_the_integration_roles_arn() -> None:
    """INF-6: so another role is another document, and another snapshot."""
    body = _api(make_config())["Body"]
    used = {
        one["x-amazon-apigateway-integration"]["credentials"]["Sub"]
        for methods in body["paths"].values()
        for one in methods.values()
    }
    path, name = _api_role(make_config())
    assert used == {f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role{path}{name}"}
    assert RESOURCES["RestApi"]["DependsOn"] == "IntegrationRole"


def test_the_longest_role_name_fits() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(integration_role("a" * 28 + "-" + "e" * 15, "us-isof-south-1")) <= 64


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
        ({"api": {"routes": [ALL], "paths": ["/auth/*"]}}, False),
        ({"api": {"routes": [ALL, MOCK]}}, True),
        ({"api": {"routes": [ALL], "authorizers": ASKED, "authorizer": "asked"}}, True),
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


def test_other_rights_of_the_integration_role_make_no_new_snapshot() -> None:
    bounded = parse(api_template(make_config(github=GITHUB)))
    assert bounded["Resources"]["IntegrationRole"] != RESOURCES["IntegrationRole"]
    assert bounded["Resources"]["RestApi"] == RESOURCES["RestApi"]
    assert bounded["Outputs"]["Deployment"]["Value"]["Ref"] in RESOURCES


def test_a_comment_makes_no_new_snapshot() -> None:
    """The deployment's id is the digest of the document's lines without their comments."""
    body = api_template(make_config())
    definition = body[body.index("Resources:\n") + len("Resources:\n") : body.index("  # One role invokes")]
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
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def _secured(**authorizer: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document with an authorizer for all routes, and the authorizer."""
    api = {
        "routes": [
            ALL,
            {"path": "/api/open", "function": "api", "authorizer": "none"},
            {"path": "/api/admin", "function": "api", "scopes": ["shop/write"]}
            if "function" not in authorizer
            else {"path": "/api/admin", "function": "api"},
        ],
        "authorizers": {"users": authorizer},
        "authorizer": "users",
    }
    pool = {"resource_servers": {"shop": {"write": "Change orders"}}}
    body = _api(make_config(api=api, user_pool=pool))["Body"]
    return body, body["components"]["securitySchemes"]["users"]


def test_a_user_pool_decides_about_all_routes_but_open_ones() -> None:
    body, scheme = _secured(user_pool=True)
    security = {path: one[ANY].get("security") for path, one in body["paths"].items()}
    assert security == {
        "/api/{proxy+}": [{"users": []}],
        "/api/open": None,
        "/api/admin": [{"users": ["shop/write"]}],
    }
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert (scheme["name"], scheme["in"]) == ("Authorization", "header")
    [arn] = scheme["x-amazon-apigateway-authorizer"]["providerARNs"]
    assert arn["Sub"].endswith(":userpool/${UserPoolId}")


def test_the_id_of_the_apps_own_pool_comes_from_the_foundation() -> None:
    """Only when the document names the pool: other apps' stacks stay as they are."""
    with_pool = {"routes": [ALL], "authorizers": {"users": {"user_pool": True}}, "authorizer": "users"}
    for api, expected in ((with_pool, True), ({"routes": [ALL]}, False)):
        config = make_config(api=api, user_pool={})
        assert ("UserPoolId" in parse(api_template(config))["Parameters"]) is expected
        assert render_offline(config, unbuilt(config, {}))


@pytest.mark.parametrize(
    ("given", "kind", "seconds", "sources"),
    [
        ({}, "request", 0, "method.request.header.Authorization"),
        ({"ttl": "5m"}, "request", 300, "method.request.header.Authorization, stageVariables.slot"),
        ({"identity_sources": []}, "request", 0, None),
        (
            {"type": "token", "identity_sources": ["method.request.header.X-Key"]},
            "token",
            0,
            "method.request.header.X-Key",
        ),
    ],
)
def test_a_function_of_the_slot_decides(
    given: dict[str, Any], kind: str, seconds: int, sources: str | None
) -> None:
    """CD-8, CD-10: canary and rollback move it, too, and no decision of the other release counts."""
    _, scheme = _secured(function="migrate", **given)
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["authorizerUri"]["Sub"].endswith(
        "function:shop-test-${!stageVariables.slot}-migrate/invocations"
    )
    path, name = _api_role(make_config())
    assert authorizer["authorizerCredentials"]["Sub"].endswith(f":role{path}{name}")
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == (kind, seconds)
    assert authorizer.get("identitySource") == sources


def test_an_authorizer_answers_as_fast_as_the_api() -> None:
    """It has a caller that waits: the long timeout of a state machine's function is not its own."""
    config = make_config(api={"routes": [ALL], "authorizers": ASKED, "authorizer": "asked"})
    machine = {"report": Definition("key", ("migrate",))}
    assert "migrate" not in state_machine_steps(config, machine)


def test_a_refusal_names_the_way_in() -> None:
    """RFC 9110: a 401 has WWW-Authenticate. It keeps the other headers, and JSON."""
    body, _ = _secured(user_pool=True)
    errors = body["x-amazon-apigateway-gateway-responses"]
    refused = errors["UNAUTHORIZED"]["responseParameters"]
    assert refused.pop("gatewayresponse.header.WWW-Authenticate") == "'Bearer'"
    assert refused == errors["DEFAULT_4XX"]["responseParameters"]
    assert errors["UNAUTHORIZED"]["responseTemplates"] == errors["DEFAULT_4XX"]["responseTemplates"]


def test_a_mock_has_its_answer_in_the_document() -> None:
    """As it is: the embedded edge renders the template, and API Gateway accepts the document."""
    body = _api(make_config(api={"routes": [ALL, MOCK], "binary": ["*/*"]}))["Body"]
    operation = body["paths"]["/api/old"]["get"]
    read(_filled(body), {}, fail_on_warnings=True)
    integration = operation["x-amazon-apigateway-integration"]
    [(_, response)] = integration["responses"].items()
    [(kind, template)] = response["responseTemplates"].items()
    answer = mocks.answer(
        Request("GET", "/"),
        {**integration, "integrationResponses": {"301": {**response, "selectionPattern": ""}}},
        ("*/*",),
    )
    assert kind == "text/html"
    assert template.isascii() is False
    assert answer.status == 301
    assert answer.headers == {"location": ["/new?a=$1"], "content-type": ["text/html; charset=utf-8"]}
    assert answer.body.decode() == "<a href='#top'>5 $ is ${x} \u00e9</a>\n"


@pytest.mark.parametrize("given", [{"user_pool": True}, {"function": "migrate", "ttl": "1h"}])
def test_api_gateway_takes_the_document_with_authorizers(given: dict[str, Any]) -> None:
    """INF-9: the embedded AWS refuses what AWS refuses, and OpenAPI's own rules hold."""
    body, _ = _secured(**given)
    filled = _filled(body)
    assert read(filled, {}, fail_on_warnings=True).operations
    assert [error.message for error in OpenAPIV30SpecValidator(_as_openapi(filled)).iter_errors()] == []


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    """A document as API Gateway gets it, with the values of CloudFormation."""
    values = {
        "${AWS::Partition}": "aws",
        "${AWS::AccountId}": "111122223333",
        "${AWS::Region}": "ap-northeast-1",
        "${UserPoolId}": "ap-northeast-1_A",
        "${!": "${",
    }
    text = json.dumps(_plain(body))
    for name, value in values.items():
        text = text.replace(name, value)
    found: dict[str, Any] = json.loads(text)
    return found
