"""A REST API's document, deployed through change sets and seen through the edge (INF-6, CD-8)."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from . import stacks
from .conftest import CANDIDATE
from .template import PATHS, TARGET, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import App

pytestmark = pytest.mark.emulator
ANY = "x-amazon-apigateway-any-method"
FIXED = {
    "responses": {"301": {"description": "moved", "headers": {"location": {"schema": {"type": "string"}}}}},
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 301}'},
        "responses": {
            "default": {
                "statusCode": "301",
                "responseParameters": {"method.response.header.location": "'/new'"},
            }
        },
    },
}


@contextmanager
def candidate(app: App, document: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Update the stack, and open a stage for its new deployment: the outputs, and the stage's cookie."""
    outputs = stacks.deploy(app.client("cloudformation"), "edge-test", document, "UPDATE")
    stage = {"restApiId": outputs["ApiId"], "stageName": CANDIDATE}
    gateway = app.client("apigateway")
    gateway.create_stage(**stage, deploymentId=outputs["Deployment"], variables={"slot": "green"})
    try:
        yield {"cookie": f"preview={CANDIDATE}"}
    finally:
        gateway.delete_stage(**stage)


def refusal(app: App, **headers: str) -> str:
    """The reason of a 500. API Gateway uses a role's session a little longer than the role exists.

    CloudFront would keep the 500 of a GET.
    """
    end = time.monotonic() + 30
    while (answer := app.get("/api/goals/once", "POST", **headers)).status != 500:
        assert time.monotonic() < end, answer.data
    return answer.headers["x-embedded-reason"]


def test_a_new_document_keeps_the_api(app: App) -> None:
    """Stages and deployments stay, and so does the API's address."""
    with candidate(app, template(PATHS | {"/api/more": "get"})) as cookie:
        api = app.client("apigateway").get_rest_api(restApiId=app.outputs["ApiId"])
        assert api["name"] == "edge-test"
        assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
        assert app.slot("/api/more", **cookie) == "green"
        assert app.slot() == "blue"


def test_a_removed_route_is_gone_from_the_next_snapshot(app: App) -> None:
    with candidate(app, template(PATHS | {"/api/old": "get"})) as cookie:
        assert app.get("/api/old", **cookie).status == 200
    with candidate(app, template(PATHS)) as cookie:
        assert app.get("/api/old", **cookie).status == 403
        assert app.slot(**cookie) == "green"


@pytest.mark.parametrize("path", ["/api/goals/{key}", "/api/goals/{proxy+}", "/api/goals/{key}/steps"])
def test_a_paths_variable_gets_another_name(app: App, path: str) -> None:
    """And back: API Gateway takes one variable at a place, and never has both."""
    renamed = {"/api/version": "get", path: ANY}
    asked = "/api/goals/42/steps" if path.endswith("steps") else "/api/goals/42"
    for paths, name in ((renamed, path.split("/")[3].strip("{+}")), (PATHS, "id")):
        with candidate(app, template(paths)) as cookie:
            answer = app.get(asked if paths is renamed else "/api/goals/42", **cookie)
            assert json.loads(answer.data)["event"]["pathParameters"] == {name: "42"}
    assert json.loads(app.get("/api/goals/7").data)["event"]["pathParameters"] == {"id": "7"}


def test_a_refused_document_changes_nothing(app: App) -> None:
    """The stack rolls back, and the API has its former paths."""
    cloudformation, gateway = app.client("cloudformation"), app.client("apigateway")
    before = {one["path"] for one in gateway.get_resources(restApiId=app.outputs["ApiId"])["items"]}
    both = template(PATHS | {"/api/goals/{key}/steps": "get"})
    with pytest.raises(WaiterError):
        stacks.deploy(cloudformation, "edge-test", both, "UPDATE")
    (stack,) = cloudformation.describe_stacks(StackName="edge-test")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("A sibling ({id})" in reason for reason in stacks.reasons(cloudformation, "edge-test"))
    after = gateway.get_resources(restApiId=app.outputs["ApiId"])["items"]
    assert {one["path"] for one in after} == before


def test_an_old_snapshot_keeps_its_own_role(app: App) -> None:
    """Another role makes another snapshot, and the old one answers 500 once its role is gone."""
    with candidate(app, template(role="OtherRole")) as cookie:
        assert app.slot(**cookie) == "green"
        assert "does not exist" in refusal(app)
    restored = stacks.deploy(app.client("cloudformation"), "edge-test", template(), "UPDATE")
    app.update_stage(("replace", "/deploymentId", restored["Deployment"]))
    app.outputs.update(restored)
    assert app.slot() == "blue"


def test_a_role_with_a_source_condition_is_not_assumed(app: App) -> None:
    """API Gateway gives neither `aws:SourceAccount` nor `aws:SourceArn` for an integration's role."""
    document = template(role="Conditional")
    trust = document["Resources"]["Conditional"]["Properties"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    with candidate(app, document) as cookie:
        assert "may not assume" in refusal(app, **cookie)
    app.outputs.update(stacks.deploy(app.client("cloudformation"), "edge-test", template(), "UPDATE"))


def test_binary_media_types_are_the_documents(app: App) -> None:
    """A snapshot has its own; a later document without them has none."""
    paths = PATHS | {"/api/binary": "get"}
    with candidate(app, template(paths, binary_media_types=["image/png"])) as cookie:
        first = app.get("/api/binary", accept="image/png", **cookie)
        assert first.data == b"\0\1", first.headers
        assert app.get("/api/binary", accept="text/html", **cookie).data == b"AAE="
        stacks.deploy(app.client("cloudformation"), "edge-test", template(paths), "UPDATE")
        api = app.client("apigateway").get_rest_api(restApiId=app.outputs["ApiId"])
        assert not api.get("binaryMediaTypes")
        assert app.get("/api/binary", accept="image/png", **cookie).data == b"\0\1"


def test_authorizers_and_mocks_are_the_snapshots(app: App) -> None:
    """A token of the pool, a function of the stage's slot, and a fixed answer (INF-6, CD-10)."""
    cognito = app.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="edge-test")["UserPool"]
    role = {"Fn::GetAtt": "IntegrationRole.Arn"}
    asked = {"authorizerUri": {"Fn::Sub": TARGET}, "authorizerCredentials": role}
    document = template(
        PATHS | {"/api/pool": "get", "/api/asked": "get", "/api/fixed": "get"},
        operations={
            "/api/pool": {"security": [{"users": []}]},
            "/api/asked": {"security": [{"asked": []}]},
            "/api/fixed": FIXED,
        },
        schemes={
            "users": _scheme("cognito_user_pools", providerARNs=[pool["Arn"]]),
            "asked": _scheme("request", **asked, authorizerResultTtlInSeconds=0),
        },
    )
    with candidate(app, document) as cookie:
        fixed = app.get("/api/fixed", **cookie)
        assert (fixed.status, fixed.headers["location"], fixed.data) == (301, "/new", b"")
        token = _token(cognito, pool["Id"])
        given = _authorizer(app.get("/api/pool", authorization=token, **cookie))
        assert given["claims"]["email"] == "ann@shop.test"
        for wrong in ({}, {"authorization": token[:-9] + "AAAAAAAAA"}):
            assert app.get("/api/pool", **wrong, **cookie).status == 401
        # The stage is green's, and so is the function that decides.
        assert _authorizer(app.get("/api/asked", authorization="green", **cookie))["principalId"] == "green"
        assert app.get("/api/asked", authorization="blue", **cookie).status == 403
    cognito.delete_user_pool(UserPoolId=pool["Id"])


def _authorizer(answer: Any) -> dict[str, Any]:
    assert answer.status == 200, (answer.data, answer.headers)
    found: dict[str, Any] = json.loads(answer.data)["event"]["requestContext"]["authorizer"]
    return found


def _scheme(kind: str, **given: Any) -> dict[str, Any]:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom" if kind == "request" else kind,
        "x-amazon-apigateway-authorizer": {
            "type": kind, "identitySource": "method.request.header.Authorization", **given,
        },
    }  # fmt: skip


def _token(cognito: Any, pool: str) -> str:
    """An ID token of a user. Each call signs the user in again."""
    name, password = "ann@shop.test", "a-Passw0rd-of-ann"
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="test",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    if not cognito.list_users(UserPoolId=pool)["Users"]:
        email = [{"Name": "email", "Value": name}]
        cognito.admin_create_user(
            UserPoolId=pool, Username=name, UserAttributes=email, MessageAction="SUPPRESS"
        )
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    parameters = {"USERNAME": name, "PASSWORD": password}
    signed_in = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )
    return str(signed_in["AuthenticationResult"]["IdToken"])


def test_an_api_takes_ten_stages(app: App) -> None:
    gateway, api = app.client("apigateway"), {"restApiId": app.outputs["ApiId"]}
    given = {"deploymentId": app.outputs["Deployment"], "variables": {"slot": "blue"}}
    names = [f"r{number}" for number in range(10 - len(gateway.get_stages(**api)["item"]))]
    try:
        for name in names:
            gateway.create_stage(**api, stageName=name, **given)
        with pytest.raises(ClientError, match="Maximum number of Stages"):
            gateway.create_stage(**api, stageName="more", **given)
    finally:
        for name in names:
            gateway.delete_stage(**api, stageName=name)


def test_a_deployment_with_a_stage_stays(app: App) -> None:
    gateway = app.client("apigateway")
    with pytest.raises(ClientError, match="must be moved or deleted"):
        gateway.delete_deployment(restApiId=app.outputs["ApiId"], deploymentId=app.outputs["Deployment"])


def test_a_deployment_needs_an_integration_for_each_method(app: App) -> None:
    document = template()
    document["Resources"]["Api"]["Properties"]["Body"]["paths"]["/api/none"] = {"get": {"responses": {}}}
    document["Resources"]["Later"] = {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": {"Ref": "Api"}},
    }
    with pytest.raises(WaiterError):
        stacks.deploy(app.client("cloudformation"), "edge-test", document, "UPDATE")
    reasons = stacks.reasons(app.client("cloudformation"), "edge-test")
    assert any("No integration defined" in reason for reason in reasons)
