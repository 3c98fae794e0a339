"""An OpenAPI document in memory: what API Gateway makes of it, and what it refuses (INF-6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.server.definition import ANY, AUTHORIZER, INTEGRATION, LimitError, RefusedError, read

ROLE = "arn:aws:iam::111122223333:role/a/b/c"
URI = (
    "arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:ap-northeast-1:111122223333:function:a-${stageVariables.slot}-b/invocations"
)
PROXY = {"type": "aws_proxy", "httpMethod": "POST", "uri": URI, "credentials": ROLE}


def document(*paths: str, key: str = "get", **more: Any) -> dict[str, Any]:
    """A document with an operation at each path; `more` goes to their integrations."""
    operation = {INTEGRATION: PROXY | more}
    return {
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "paths": {path: {key: operation} for path in paths},
    }


def secured(kind: str = "request", **more: Any) -> dict[str, Any]:
    """A document with an authorizer."""
    given = {"type": kind, "authorizerUri": URI, "authorizerCredentials": ROLE, "identitySource": "a"} | more
    scheme = {"type": "apiKey", "name": "Unused", "in": "header", AUTHORIZER: given}
    return document("/a") | {"components": {"securitySchemes": {"users": scheme}}}


def mocked(**response: Any) -> dict[str, Any]:
    """A document with a mock, whose method declares the header `location`."""
    made = document("/a", type="mock", responses={"default": {"statusCode": "301"} | response})
    made["paths"]["/a"]["get"]["responses"] = {"301": {"headers": {"location": {}}}}
    return made


def test_authorizers_and_mocks_are_imported() -> None:
    pool = "arn:aws:cognito-idp:ap-northeast-1:111122223333:userpool/ap-northeast-1_A"
    given = {"method.response.header.location": "'/new'"}
    for body in (
        secured(),
        secured("token"),
        secured("cognito_user_pools", providerARNs=[pool]),
        mocked(responseParameters=given),
    ):
        assert read(body, {}, fail_on_warnings=True).name == "shop"


def test_every_prefix_is_a_resource() -> None:
    found = read(document("/api/goals/{id}", "/api/{proxy+}"), {}, fail_on_warnings=True)
    assert found.paths == ("/", "/api", "/api/goals", "/api/{proxy+}", "/api/goals/{id}")
    assert found.name == "shop"


def test_a_document_may_be_a_text() -> None:
    found = read(json.dumps(document("/a", key=ANY)), {}, fail_on_warnings=True)
    (operation,) = found.operations
    assert operation.method == "ANY"
    assert operation.integration == PROXY


def test_an_api_is_edge_optimized_without_its_parameter() -> None:
    assert read(document("/a"), {}, fail_on_warnings=True).endpoint == "EDGE"
    regional = {"endpointConfigurationTypes": "REGIONAL"}
    assert read(document("/a"), regional, fail_on_warnings=True).endpoint == "REGIONAL"


def test_the_extensions_decide_about_the_api() -> None:
    given = document("/a") | {
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 1024,
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True},
        "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": "400"}},
    }
    found = read(given, {}, fail_on_warnings=True)
    assert found.binary_media_types == ["image/png"]
    assert found.minimum_compression_size == 1024
    assert found.endpoint_disabled is True
    assert found.gateway_responses == {"DEFAULT_4XX": {"statusCode": "400"}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{not json", "malformed payload"),
        ([], "Invalid OpenAPI input"),
        ({"swagger": "2.0"}, "Invalid OpenAPI input"),
        ({"openapi": "3.0.1", "info": {}}, "info.title"),
        (document("api"), "must begin with /"),
        (document("/a b"), "path part only allow"),
        (document("/a/{proxy+}/b"), "greedy path variable"),
        (document("/api/{id}", "/api/{key}"), r"A sibling \(\{id\}\)"),
        (document("/api/{proxy+}", "/api/{id}/steps"), r"A sibling \(\{proxy\+\}\)"),
        (document("/a", type="lambda"), "Invalid integration type"),
        (document("/a", type=None), "Invalid integration type"),
        (document("/a", httpMethod=""), "HttpMethod must be non-empty"),
        (document("/a", uri="arn:aws:lambda:x:1:function:f"), "must contain path or action"),
        (document("/a", credentials="my-role"), "Invalid ARN"),
        (secured("jwt"), "Invalid type specified: jwt"),
        (secured("cognito_user_pools"), "Invalid Cognito provider ARN"),
        (secured(authorizerUri="arn:aws:lambda:x:1:function:f"), "Invalid Authorizer URI"),
        (secured(authorizerCredentials="my-role"), "Invalid ARN"),
        (secured(authorizerResultTtlInSeconds=3601), "between 0 and 3600"),
        (secured(identitySource=""), "Identity source is required"),
        (mocked(responseParameters={"method.response.header.x": "'1'"}), "parameter specified"),
        (mocked(responseParameters={"method.response.header.location": "/new"}), "expression specified"),
    ],
)
def test_an_import_is_refused_as_a_whole(body: Any, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        read(body, {}, fail_on_warnings=False)


@pytest.mark.parametrize(
    "body",
    [
        document("/a") | {"x-amazon-apigateway-binary-types": []},
        document("/a", key="fetch"),
        {**document(), "paths": {"/a": {"get": {"security": [{"nobody": []}]}}}},
        {**document(), "paths": {"/a": {"get": {"parameters": [{"in": "path", "name": "id"}]}}}},
    ],
)
def test_a_warning_is_refused_on_request(body: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="Warnings found during import"):
        read(body, {}, fail_on_warnings=True)
    assert read(body, {}, fail_on_warnings=False).name == "shop"


def test_three_hundred_resources_are_the_most() -> None:
    """Each prefix counts, and the root."""
    most = [f"/api/{number}" for number in range(298)]
    assert len(read(document(*most), {}, fail_on_warnings=True).paths) == 300
    with pytest.raises(LimitError, match="Maximum number of Resources"):
        read(document(*most, "/other"), {}, fail_on_warnings=True)
